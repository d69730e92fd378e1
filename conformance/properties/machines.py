"""What hypothesis keeps of a state machine, which would be all that a run has seen."""

from __future__ import annotations

from hypothesis.stateful import RuleBasedStateMachine, RuleStrategy

PER_CLASS = "_per_class"  # how the names of hypothesis' tables of classes end


def forget(machine: type[RuleBasedStateMachine]) -> None:
    """Takes a class that was made for one run out of hypothesis' tables and caches.

    Its methods hold the run, and its rules the strategies of the whole document.
    """
    for name, kept in (*vars(RuleBasedStateMachine).items(), *vars(RuleStrategy).items()):
        if name.endswith(PER_CLASS):
            kept.pop(machine, None)
        clear = getattr(getattr(kept, "__func__", kept), "cache_clear", None)
        if clear is not None:
            clear()
