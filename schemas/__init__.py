"""What the Stream page says, as JSON Schemas and OpenAPI, and the program that extracts them."""
