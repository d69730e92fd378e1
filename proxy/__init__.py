"""Record Twilio Sync traffic once and replay it anywhere."""
