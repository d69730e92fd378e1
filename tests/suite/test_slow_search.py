"""A target so slow that the time for generated requests is up at once."""

from __future__ import annotations

import pytest
from faulty.serving import CREDENTIALS, serving

from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.properties import links, search
from conformance.run import Run
from conformance.target import Target


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_hears_a_written_and_a_generated_chain_all_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "LONGEST_SEARCH", 0.0)
    with serving({}) as url, Run(Target(url, CREDENTIALS), Options(seed=seed, rules=("PROPERTY-LINKS",))) as run:
        result = run.results(run.judge_all()).result("PROPERTY-LINKS")
    assert result.outcome is Outcome.PASS, result.message


def test_a_search_tells_the_first_story_however_late_it_is() -> None:
    moments = iter(range(100, 200))
    late = search.Search(1, clock=lambda: float(next(moments)), longest=0.0)
    late.begin()
    with pytest.raises(search.Leave):
        late.begin()
    assert not late.settled
    late.conclude()
