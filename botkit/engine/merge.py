"""One stream out of many: events of several sources in one total order.

Sources are sorted by `recv_ns`. At the same nanosecond the account comes before
the market, so that a strategy sees its fill before the next quote; then the
source that was named first wins. Nothing else decides: no hash, no address.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from botkit.errors import InvariantError
from botkit.model.events import (
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    Timer,
)
from botkit.model.market import Bar, BookUpdate, Funding, MarkPrice, Quote, Trade
from botkit.model.portfolio import Balance, Fill, PositionReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from botkit.model.events import AnyEvent

__all__ = ["RANKS", "merge"]

RANKS: Final[dict[type, int]] = {
    Started: 0,
    StateChanged: 1,
    ConnectionChanged: 1,
    Fill: 2,
    OrderUpdate: 2,
    Balance: 2,
    PositionReport: 2,
    Reconciled: 3,
    BookUpdate: 4,
    Quote: 5,
    Trade: 5,
    MarkPrice: 5,
    Funding: 5,
    Bar: 6,  # a bar closes over the trades of its last instant
    Timer: 7,
    TaskDone: 7,
    Stopping: 8,
}
"""Who comes first at the same nanosecond."""


def merge(*sources: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """Yield the events of all sources, each of which is in time order already.

    Raises:
        InvariantError: If a source goes back in time.

    """
    heap: list[tuple[int, int, int, int, AnyEvent, Iterator[AnyEvent]]] = []

    def refill(source: Iterator[AnyEvent], number: int, count: int, not_before_ns: int) -> None:
        event = next(source, None)
        if event is None:
            return
        if event.recv_ns < not_before_ns:
            raise InvariantError(f"source {number} goes back in time, to {event.recv_ns}")
        heappush(heap, (event.recv_ns, RANKS[type(event)], number, count, event, source))

    for number, source in enumerate(sources):
        refill(iter(source), number, 0, 0)
    while heap:
        recv_ns, _, number, count, event, source = heappop(heap)
        yield event
        refill(source, number, count + 1, recv_ns)
