"""The suite on servers that its authors did not write: mock servers that make answers from an OpenAPI file."""
