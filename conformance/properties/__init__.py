"""Generated tests: requests from the OpenAPI document, chains along its links, and random stories against a model."""
