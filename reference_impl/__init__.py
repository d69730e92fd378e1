"""The smallest server that does everything the Stream page promises."""
