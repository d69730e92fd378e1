"""Subscribers: what Twilio's Sync SDKs connect to, over the same streams and the same clock as REST.

Undocumented: read in npm `twilio-sync` 4.0.1 and `twilsock` 1.0.2, and tried with them. `frames`, `tokens`, `hub`,
`tunnel` and `session` know nothing of sockets; `endpoint` and `protocol` are the edge.
"""
