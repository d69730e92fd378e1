"""The servers, by what they get wrong."""
