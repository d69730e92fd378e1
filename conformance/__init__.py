"""The conformance suite for Twilio Sync Streams: what a server must do, and the verdict on whether it does."""

__version__ = "0.1.0"
