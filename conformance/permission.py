"""Before a run on the real service: what it would do there, and a refusal where nobody has said that it may."""

from __future__ import annotations

from conformance.arguments import Wish
from conformance.bundled import BUNDLED
from conformance.errors import UsageError
from conformance.plan import Plan, plan_of
from conformance.registry import load_sections
from conformance.rules import load_catalogue
from conformance.run import run_id
from conformance.selection import select
from conformance.target import Credentials, Target, parse_target_url


def plan_for(wish: Wish) -> Plan:
    """What the run would do. Raises UsageError for rules and features that do not exist."""
    load_sections()
    rules = select(load_catalogue(), wish.options)
    return plan_of(rules, wish.options, _target(wish), run_id(wish.options.seed))


def refuse_by_accident(wish: Wish) -> None:
    """Raises UsageError, with the plan's numbers, for a target on the real service without `--live`."""
    target = _target(wish)
    access = wish.options.subscribers
    if access is not None and Target(access.url, target.credentials).is_real and not wish.live:
        raise UsageError(f"{access.url} is the real service: add --live to have subscribers connect there")
    if target.is_real and not wish.live:
        raise UsageError(
            f"{target.url} is the real service: this run makes about {plan_for(wish).cost} there, which may cost money."
            " Add --live to go on, or --dry-run to see the plan; --max-requests and --max-messages set limits"
        )


def _target(wish: Wish) -> Target:
    url = BUNDLED if wish.target is None else parse_target_url(wish.target)
    return Target(url, Credentials("", ""), wish.service, wish.second_service)
