"""An order book that matches: price first, then time; whole ticks and whole lots only.

Matching is two steps. `plan` says what would happen to an order and changes
nothing, so that its owner's funds can be checked against the exact result;
`execute` makes it so.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

from botkit.model.side import Side
from botkit.sim.types import CancelCause, SelfTradePrevention

__all__ = ["BACKGROUND", "MAX_MATCHES", "Incoming", "MatchingBook", "Plan", "Resting", "Step"]

MAX_MATCHES: Final = 1000
"""A taker that would meet more makers than this stops there (OKX cancel source 33)."""

BACKGROUND: Final = ""
"""The owner of orders that belong to nobody's account: the market itself."""


class Resting:
    """An order waiting in the book; `lots` is what is left of it."""

    __slots__ = ("id", "lots", "owner", "side", "ticks")

    def __init__(self, order_id: int, owner: str, side: Side, ticks: int, lots: int) -> None:
        self.id = order_id
        self.owner = owner
        self.side = side
        self.ticks = ticks
        self.lots = lots

    def __repr__(self) -> str:
        return (
            f"<Resting {self.id} {self.owner or 'background'} {self.side.value} {self.lots} @ {self.ticks}>"
        )


class Incoming:
    """An order that arrives.

    Attributes:
        limit: Worst price, in ticks; None for any.
        lots: Size; ignored if there is a budget.
        budget: Ticks times lots to spend or earn instead of a size; None for a size.
        remainder: Why what does not match at once is canceled; None if it waits in the book.

    """

    __slots__ = ("budget", "id", "limit", "lots", "owner", "post_only", "remainder", "side", "stp")

    def __init__(  # noqa: PLR0913  every one of them is what an order is
        self,
        order_id: int,
        owner: str,
        side: Side,
        limit: int | None,
        lots: int,
        *,
        budget: int | None = None,
        remainder: CancelCause | None = None,
        post_only: bool = False,
        stp: SelfTradePrevention = SelfTradePrevention.CANCEL_MAKER,
    ) -> None:
        self.id = order_id
        self.owner = owner
        self.side = side
        self.limit = limit
        self.lots = lots
        self.budget = budget
        self.remainder = remainder
        self.post_only = post_only
        self.stp = stp


Step = tuple[Resting, int]
"""A maker and the lots it trades; 0 lots means that it is canceled to prevent a self-trade."""


class Plan:
    """What would happen to an incoming order.

    Attributes:
        steps: In order of priority.
        left: Lots that match nothing; 0 for an order with a budget.
        rests: Whether these wait in the book.
        ending: Why they are canceled, if they are.

    """

    __slots__ = ("ending", "left", "rests", "steps")

    def __init__(self, steps: list[Step], left: int, *, rests: bool, ending: CancelCause | None) -> None:
        self.steps = steps
        self.left = left
        self.rests = rests
        self.ending = ending

    @property
    def lots(self) -> int:
        """Return the lots that trade."""
        return sum(lots for _, lots in self.steps)

    @property
    def value(self) -> int:
        """Return what they cost, in ticks times lots."""
        return sum(maker.ticks * lots for maker, lots in self.steps)


class _Level:
    """The orders at one price, oldest first."""

    __slots__ = ("lots", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, Resting] = {}
        self.lots = 0


class _Ladder:
    """One side of the book. Keys are ticks, negated for offers, so that the best is the largest."""

    __slots__ = ("changed", "keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, _Level] = {}
        self.keys: list[int] = []
        self.changed: dict[int, None] = {}

    def add(self, order: Resting) -> None:
        level = self.levels.get(order.ticks)
        if level is None:
            level = self.levels[order.ticks] = _Level()
            insort(self.keys, order.ticks * self.sign)
        level.orders[order.id] = order
        level.lots += order.lots
        self.changed[order.ticks] = None

    def shrink(self, order: Resting, lots: int) -> None:
        ticks = order.ticks
        level = self.levels[ticks]
        level.lots -= lots
        order.lots -= lots
        if not order.lots:
            del level.orders[order.id]
            if not level.orders:
                del self.levels[ticks]
                del self.keys[bisect_left(self.keys, ticks * self.sign)]
        self.changed[ticks] = None

    def best(self) -> int | None:
        return self.keys[-1] * self.sign if self.keys else None

    def crossing(self, limit: int | None) -> Iterator[Resting]:
        """Yield the orders at `limit` or better, in priority."""
        sign = self.sign
        worst = None if limit is None else limit * sign
        for key in reversed(self.keys):
            if worst is not None and key < worst:
                return
            yield from self.levels[key * sign].orders.values()


class MatchingBook:
    """The bids and offers of one instrument; never crossed between two calls."""

    def __init__(self) -> None:
        self._bids = _Ladder(1)
        self._asks = _Ladder(-1)

    @property
    def best_bid(self) -> int | None:
        """Return the highest bid in ticks, None if there is none."""
        return self._bids.best()

    @property
    def best_ask(self) -> int | None:
        """Return the lowest offer in ticks, None if there is none."""
        return self._asks.best()

    def depth(self, side: Side, levels: int) -> list[tuple[int, int, int]]:
        """Return the best levels as (ticks, lots, orders), best first; BUY is the bids."""
        ladder = self._ladder(side)
        best = reversed(ladder.keys[-levels:] if levels > 0 else [])
        return [
            (ticks, ladder.levels[ticks].lots, len(ladder.levels[ticks].orders))
            for ticks in (key * ladder.sign for key in best)
        ]

    def level(self, side: Side, ticks: int) -> tuple[int, int]:
        """Return lots and number of orders at one price; BUY is the bids."""
        level = self._ladder(side).levels.get(ticks)
        return (level.lots, len(level.orders)) if level else (0, 0)

    def orders_at(self, side: Side, ticks: int) -> list[Resting]:
        """Return the orders at one price, oldest first; BUY is the bids."""
        level = self._ladder(side).levels.get(ticks)
        return list(level.orders.values()) if level else []

    def orders_through(self, side: Side, limit: int | None) -> Iterator[Resting]:
        """Yield the orders of one side at `limit` or better, in priority; not while the book changes."""
        return self._ladder(side).crossing(limit)

    def changed_levels(self) -> list[tuple[Side, int]]:
        """Return and forget the prices whose level has changed, first change first, bids before offers."""
        changed = [(Side.BUY, ticks) for ticks in self._bids.changed]
        changed += [(Side.SELL, ticks) for ticks in self._asks.changed]
        self._bids.changed.clear()
        self._asks.changed.clear()
        return changed

    def would_cross(self, side: Side, ticks: int) -> bool:
        """Tell whether an order at this price would trade at once."""
        if side is Side.BUY:
            best = self._asks.best()
            return best is not None and ticks >= best
        best = self._bids.best()
        return best is not None and ticks <= best

    def plan(self, taker: Incoming) -> Plan:
        """Return what would happen to `taker`, without letting it happen."""
        limit = taker.limit
        if taker.post_only and limit is not None and self.would_cross(taker.side, limit):
            return Plan([], taker.lots, rests=False, ending=CancelCause.POST_ONLY)
        return _plan(taker, self._ladder(taker.side.opposite).crossing(limit))

    def execute(self, taker: Incoming, plan: Plan) -> Resting | None:
        """Make the plan happen; return what of the taker waits in the book, None if nothing does."""
        ladder = self._ladder(taker.side.opposite)
        for maker, lots in plan.steps:
            ladder.shrink(maker, lots or maker.lots)
        if not plan.rests or taker.limit is None:
            return None
        order = Resting(taker.id, taker.owner, taker.side, taker.limit, plan.left)
        self._ladder(taker.side).add(order)
        return order

    def add(self, order: Resting) -> None:
        """Put an order that does not cross at the end of its queue."""
        self._ladder(order.side).add(order)

    def shrink(self, order: Resting, lots: int) -> None:
        """Take lots off a waiting order, which keeps its place; with the last lot it leaves the book."""
        self._ladder(order.side).shrink(order, lots)

    def grow(self, order: Resting, lots: int) -> None:
        """Add lots to the last order of its queue, behind which nobody is overtaken."""
        self._ladder(order.side).shrink(order, -lots)

    def remove(self, order: Resting) -> None:
        """Take a waiting order off the book."""
        self._ladder(order.side).shrink(order, order.lots)

    def _ladder(self, side: Side) -> _Ladder:
        return self._bids if side is Side.BUY else self._asks


def _plan(taker: Incoming, makers: Iterator[Resting]) -> Plan:
    left, budget = taker.lots, taker.budget
    steps: list[Step] = []
    stopped: CancelCause | None = None
    is_done = False
    matches = 0
    for maker in makers:
        # A budget is done when it buys not one lot more; what is left of it is given back.
        lots = min(left if budget is None else budget // maker.ticks, maker.lots)
        if not lots:
            is_done = True
            break
        if taker.owner and maker.owner == taker.owner:
            if taker.stp is not SelfTradePrevention.CANCEL_TAKER:
                steps.append((maker, 0))
            if taker.stp is not SelfTradePrevention.CANCEL_MAKER:
                stopped = CancelCause.SELF_TRADE
                break
            continue
        if matches == MAX_MATCHES:
            stopped = CancelCause.TOO_MANY_MATCHES
            break
        matches += 1
        steps.append((maker, lots))
        if budget is None:
            left -= lots
        else:
            budget -= lots * maker.ticks
        is_done = lots < maker.lots
    if is_done or not (left if budget is None else budget):
        return Plan(steps, 0, rests=False, ending=None)
    return _unfinished(taker, steps, left, taker.remainder if stopped is None else stopped)


def _unfinished(taker: Incoming, steps: list[Step], left: int, ending: CancelCause | None) -> Plan:
    if taker.remainder is CancelCause.FOK:
        return Plan([], taker.lots, rests=False, ending=ending)
    return Plan(steps, left, rests=ending is None, ending=ending)
