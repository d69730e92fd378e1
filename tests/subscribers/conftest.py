from reference_impl.pytest_plugin import sync_reference

__all__ = ["sync_reference"]
