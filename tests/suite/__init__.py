"""Tests of the suite's own engine."""
