"""Servers that are wrong in one way, and servers that are different but right: what the suite is judged by."""
