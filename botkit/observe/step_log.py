"""The log of steps: what strategies and the venue did, as facts with fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from botkit.observe.logging import LEVELS
from botkit.observe.narration import tell

if TYPE_CHECKING:
    from botkit.observe.ledger import Ledger
    from botkit.observe.step import Step

__all__ = ["StepLog"]

# A note's fields are named by strategies; these names have a meaning here.
_TAKEN: Final = frozenset(
    {"event", "exc_info", "kind", "level", "name", "stack_info", "strategy", "timestamp"}
)


class StepLog:
    """Listens to steps, after the ledger, and logs what is worth telling."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._log = structlog.get_logger("botkit.steps")

    def observe(self, step: Step) -> None:
        """Log a step."""
        for telling in tell(step, self._ledger):
            fields = {"kind": telling.kind}
            if telling.strategy:
                fields["strategy"] = telling.strategy
            for name, value in telling.fields.items():
                if value:
                    fields[f"{name}_" if name in _TAKEN else name] = value
            self._log.log(LEVELS[telling.level], telling.fact, **fields)
