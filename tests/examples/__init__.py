"""The example emulator, and what the guide for authors of emulators says of it."""
