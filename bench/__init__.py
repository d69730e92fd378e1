"""Measures the project beside what a user would take instead: `make bench`, or `python -m bench --only proxy`.

A section is a module with `rows(scale)`, which yields rows as they are measured; `bench.__main__` lists them.
"""
