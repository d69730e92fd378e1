"""What the Stream page says, as JSON Schemas and OpenAPI, and the program that extracts them."""

from schemas.errors import SchemaNotFoundError, SchemasError
from schemas.store import load, names, openapi, pii_fields, validator

__all__ = ["SchemaNotFoundError", "SchemasError", "load", "names", "openapi", "pii_fields", "validator"]
