"""The suite's own client of the protocol that Twilio's Sync SDKs speak, written from how they behave.

`frames` and `tokens` are free of I/O; `connection` is the edge and the only place that needs wsproto.
"""
