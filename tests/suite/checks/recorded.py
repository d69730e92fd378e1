"""The evidence of the recorded run that ships, scenario by scenario: a server that does everything right."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conformance.options import Options
from conformance.registry import CHECKS, SCENARIOS, load_sections
from conformance.rules import load_catalogue
from conformance.run import Run
from conformance.selection import in_reach
from conformance.stage import TRAFFIC
from conformance.taping import replayed

CASSETTE = Path(__file__).parents[3] / "cassettes" / "whole_suite.yaml"


@cache
def recorded() -> Mapping[str, Any]:
    """Replays the recording, once for all tests; without the generators, which judge while they send."""
    load_sections()
    named = {name for rule in in_reach(load_catalogue(), Options()) for name in CHECKS[rule.id].scenarios}
    wanted = sorted(name for name in named if name != TRAFFIC and not SCENARIOS[name].generates)
    with replayed(CASSETTE, Options()) as (target, options), Run(target, options) as run:
        run.stage.start(wanted)
        return {name: run.stage.evidence(name) for name in [*wanted, TRAFFIC]}
