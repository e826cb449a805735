"""Timers: moments that strategies asked for, handed out as events in a fixed order."""

from __future__ import annotations

from heapq import heappop, heappush

from botkit.model.events import Timer

__all__ = ["Timers"]


class Timers:
    """A heap of moments; ties go to the timer that was set first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, str]] = []
        self._current: dict[tuple[str, str], tuple[int, int]] = {}
        self._set = 0

    def set(self, strategy: str, name: str, due_ns: int, every_ns: int = 0) -> None:
        """Ask for a moment, and again every `every_ns` after it; the same name replaces the old one."""
        self._set += 1
        self._current[strategy, name] = (self._set, every_ns)
        heappush(self._heap, (due_ns, self._set, strategy, name))

    @property
    def next_due_ns(self) -> int | None:
        """Return the earliest moment asked for, None if there is none."""
        self._drop_replaced()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ns: int) -> Timer | None:
        """Return the earliest timer that is due, None if none is; a repeating one is set again.

        A timer that was missed several times over rings once: its next moment
        is the first one after `now_ns`.
        """
        self._drop_replaced()
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        due_ns, _, strategy, name = heappop(self._heap)
        _, every_ns = self._current.pop((strategy, name))
        if every_ns:
            missed = (now_ns - due_ns) // every_ns
            self.set(strategy, name, due_ns + (missed + 1) * every_ns, every_ns)
        return Timer(recv_ns=now_ns, strategy=strategy, name=name, due_ns=due_ns)

    def _drop_replaced(self) -> None:
        while self._heap:
            _, number, strategy, name = self._heap[0]
            current = self._current.get((strategy, name))
            if current is not None and current[0] == number:
                return
            heappop(self._heap)
