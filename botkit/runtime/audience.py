"""Those who watch a run: they are shown each step when its orders are on their way.

A transport writes when the callback that filled it returns. Finding words for
a step takes longer than making one, so that is left for the next turn of the
event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botkit.engine.step import Step

__all__ = ["Audience"]


class Audience:
    """Listeners to steps, in order, a moment later."""

    def __init__(
        self,
        listeners: Sequence[Callable[[Step], None]],
        call_soon: Callable[[Callable[[], None]], object],
    ) -> None:
        """Store what it works with.

        Args:
            listeners: Are shown every step, in this order.
            call_soon: Calls back when the event loop comes round.

        """
        self._listeners = listeners
        self._call_soon = call_soon
        self._unseen: deque[Step] = deque()
        self._is_called = False

    def observe(self, step: Step) -> None:
        """Take in a step, to be shown soon."""
        self._unseen.append(step)
        if not self._is_called:
            self._is_called = True
            self._call_soon(self.catch_up)

    def catch_up(self) -> None:
        """Show everything that has not been shown yet."""
        self._is_called = False
        while self._unseen:
            step = self._unseen.popleft()
            for listen in self._listeners:
                listen(step)
