"""Mutation testing of the suite's own rules: docs/mutation.md."""
