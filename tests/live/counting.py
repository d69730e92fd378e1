"""Counts what each scenario costs on the reference server; `make costs` writes it to conformance/costs.yaml."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable

from faulty.serving import CREDENTIALS, serving

from conformance.costs import CLEANUP, FILE, PREFLIGHT, Cost, cost_of, written
from conformance.operation import Operation, operation_of
from conformance.options import Options
from conformance.registry import SCENARIOS
from conformance.run import Run
from conformance.streams import sid_in
from conformance.target import Target

SEEDS = (1, 2, 3)


def counted(seed: int) -> dict[str, Cost]:
    """One run's cost by scenario; the deletes at its end are counted with the scenarios that made the streams."""
    with serving({}) as url, Run(Target(url, CREDENTIALS, second_service="second"), Options(seed=seed)) as run:
        run.preflight()
        run.judge_all()
        log = (*run.session.log, *run.session.retried)
        costs = cost_of(log)
        left = {item.reference for item in run.journal.leftovers()}
        for exchange in log:
            if operation_of(exchange.request) is Operation.CREATE:
                for mark in {sid_in(exchange), exchange.request.field("UniqueName")} & left:
                    left.discard(str(mark))
                    costs[exchange.scenario] += Cost(1)
        before = run.budget.requests + len(run.journal.leftovers())
        run.finish()
        costs[CLEANUP] = Cost(run.budget.requests - before + len(left))
    return costs


def middle(runs: Iterable[dict[str, Cost]]) -> dict[str, Cost]:
    """The median of several runs."""
    runs = tuple(runs)

    def median(name: str, field: str) -> int:
        return round(statistics.median(getattr(run.get(name, Cost()), field) for run in runs))

    names = sorted({name for run in runs for name in run})
    return {name: Cost(*(median(name, field) for field in ("requests", "streams", "messages"))) for name in names}


def main() -> int:
    costs = middle(counted(seed) for seed in SEEDS)
    missing = SCENARIOS.keys() - costs.keys()
    FILE.write_text(written(costs | dict.fromkeys(missing, Cost())), "utf-8")
    total = sum(costs.values(), Cost())
    print(f"{total}, of which {costs[PREFLIGHT] + costs[CLEANUP]} beside the scenarios; without any: {sorted(missing)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
