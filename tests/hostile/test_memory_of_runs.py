"""Runs in one process, as under pytest: what a run has seen is let go of with it."""

from __future__ import annotations

import contextlib
import gc
import io

import pytest
from schemathesis.specs.openapi.schemas import OpenApiSchema

from conformance.cli import main
from conformance.session import Session


def kept() -> int:
    """Sessions, and documents that requests were generated from."""
    gc.collect()
    return sum(isinstance(each, (Session, OpenApiSchema)) for each in gc.get_objects())


@pytest.mark.parametrize("rule", ["FETCH-BY-SID", "PROPERTY-FETCH", "PROPERTY-LINKS", "PROPERTY-MODEL"])
def test_nothing_keeps_a_run_alive(rule: str) -> None:
    before = kept()
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["run", "--rule", rule, "--generated", "0.05"]) == 0
    assert kept() == before
