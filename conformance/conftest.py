"""Makes `pytest conformance --target URL` judge that target: every rule is a test, a failed rule a failed test."""

from conformance.pytest_plugin import pytest_addoption, pytest_configure

__all__ = ["pytest_addoption", "pytest_configure"]
