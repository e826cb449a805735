"""What observers know of the engine: that steps come, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from botkit.model.events import AnyEvent

__all__ = ["Step"]


class Step(Protocol):
    """One turn of the engine."""

    @property
    def event(self) -> AnyEvent:
        """Return what came in."""

    @property
    def effects(self) -> Sequence[object]:
        """Return what is done about it, in order."""
