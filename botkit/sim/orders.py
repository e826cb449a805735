"""An order inside the exchange, in ticks and lots, and the snapshot of it that others see."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.sim.market import Market
from botkit.sim.matching import Incoming, Resting
from botkit.sim.types import CancelCause, FillReport, OrderRequest, OrderState, SimStatus

__all__ = ["Terms", "WorkingOrder"]

_ZERO: Final = Decimal(0)


class Terms:
    """What an order asks for, in ticks and lots.

    Attributes:
        limit: Worst price; None for any.
        lots: Size; 0 if there is a budget.
        budget: Ticks times lots to spend or earn instead; None for a size.
        remainder: Why what does not match at once is canceled; None if it waits.

    """

    __slots__ = ("budget", "limit", "lots", "remainder")

    def __init__(
        self, limit: int | None, lots: int, budget: int | None, remainder: CancelCause | None
    ) -> None:
        self.limit = limit
        self.lots = lots
        self.budget = budget
        self.remainder = remainder


class WorkingOrder:
    """An order of an account, from its acceptance to its end.

    Attributes:
        resting: Its place in the book, None while it has none.
        held_lots: Of how many lots the account's funds are held.
        value: Ticks times lots of what is filled.

    """

    def __init__(self, order_id: int, request: OrderRequest, market: Market, terms: Terms, ns: int) -> None:
        self.id = order_id
        self.request = request
        self.market = market
        self.terms = terms
        self.size = request.size
        self.limit_price = request.limit_price
        self.status = SimStatus.LIVE
        self.cause: CancelCause | None = None
        self.resting: Resting | None = None
        self.held_lots = 0
        self.filled_lots = 0
        self.value = 0
        self.fees: dict[str, Decimal] = {}
        self.realized_pnl = _ZERO
        self.last_fill: FillReport | None = None
        self.created_ns = ns
        self.updated_ns = ns

    @property
    def open_lots(self) -> int:
        """Return the lots that are not filled; 0 for an order with a budget."""
        return max(self.terms.lots - self.filled_lots, 0)

    def incoming(self) -> Incoming:
        """Return the order as the book takes it: what is not filled, at the price it has now."""
        return Incoming(
            self.id,
            self.request.account,
            self.request.side,
            self.terms.limit,
            self.open_lots,
            budget=self.terms.budget,
            remainder=self.terms.remainder,
            post_only=self.request.post_only,
            stp=self.request.stp,
        )

    def amend(self, terms: Terms, ns: int) -> None:
        """Take new terms."""
        self.terms = terms
        self.size = self.market.size(terms.lots)
        self.limit_price = None if terms.limit is None else self.market.price(terms.limit)
        self.updated_ns = ns

    def add_fill(self, fill: FillReport, lots: int, ticks: int) -> None:
        """Count a fill in."""
        self.filled_lots += lots
        self.value += lots * ticks
        self.fees[fill.fee_currency] = self.fees.get(fill.fee_currency, _ZERO) + fill.fee
        self.realized_pnl += fill.realized_pnl
        self.last_fill = fill
        self.updated_ns = fill.ns
        is_whole = self.terms.budget is None and not self.open_lots
        self.status = SimStatus.FILLED if is_whole else SimStatus.PARTIALLY_FILLED

    def state(self) -> OrderState:
        """Return what others see of it now."""
        average = None
        if self.filled_lots:
            average = Decimal(self.value) / self.filled_lots * self.market.instrument.tick_size
        return OrderState(
            order_id=self.id,
            request=self.request,
            size=self.size,
            limit_price=self.limit_price,
            status=self.status,
            filled=self.market.size(self.filled_lots),
            average_price=average,
            fees=dict(self.fees),
            realized_pnl=self.realized_pnl,
            last_fill=self.last_fill,
            cancel_cause=self.cause,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
        )
