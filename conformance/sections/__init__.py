"""What a server must do, by the sections of the Stream page: scenarios gather evidence, checks judge it.

Every check is a plain function that pytest can run; see `conformance.registry`.
"""
