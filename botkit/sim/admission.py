"""What the exchange checks before it takes an order, in the order in which OKX does.

Source: OKX v5 documentation; the price band is a fixed fraction here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.instrument import InstrumentKind, InstrumentState
from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side
from botkit.sim.clearing import Clearing, Client
from botkit.sim.ledger import FeeSchedule, spot_need
from botkit.sim.market import Market
from botkit.sim.matching import Plan
from botkit.sim.orders import Terms, WorkingOrder
from botkit.sim.types import CancelCause, OrderRequest, SelfTradePrevention, SimRefusal, SimRefused

__all__ = ["MAX_ORDERS", "MAX_ORDERS_PER_SYMBOL", "Admission"]

MAX_ORDERS: Final = 4000
"""Most working orders of one account."""
MAX_ORDERS_PER_SYMBOL: Final = 500
"""Most working orders of one account in one instrument."""

_REMAINDERS: Final = {
    TimeInForce.GTC: None,
    TimeInForce.IOC: CancelCause.IOC,
    TimeInForce.FOK: CancelCause.FOK,
}


class Admission:
    """The checks; each raises `SimRefused` with its reason and changes nothing."""

    def __init__(self, clearing: Clearing, fees: FeeSchedule, price_band: Decimal) -> None:
        self._clearing = clearing
        self._fees = fees
        self._band = price_band

    def terms(self, request: OrderRequest, client: Client, market: Market) -> Terms:
        """Return the order in ticks and lots."""
        _check_state(request, market)
        _check_form(request, market)
        _check_client_order_id(request, client)
        budget = None
        lots = 0
        if request.size_in_quote:
            budget = market.budget(request.size)
            self._check_value(request, market)
        else:
            lots = self.lots(market, request.size)
            _check_maximum(request, market)
        if request.type is OrderType.MARKET:
            is_fok = request.time_in_force is TimeInForce.FOK
            remainder = CancelCause.FOK if is_fok else CancelCause.MARKET_REMAINDER
            return Terms(market.limit_ticks(request.side, self._band), lots, budget, remainder)
        limit = self.limit(market, request.side, request.limit_price or Decimal(0))
        return Terms(limit, lots, budget, _REMAINDERS[request.time_in_force])

    def lots(self, market: Market, size: Decimal) -> int:
        """Return a size in lots."""
        lots = market.lots(size)
        if lots is None:
            raise SimRefused(
                SimRefusal.NOT_A_LOT, f"{size} is not a multiple of {market.instrument.lot_size}"
            )
        if size < market.instrument.min_size:
            raise SimRefused(SimRefusal.BELOW_MINIMUM, f"{size} is less than {market.instrument.min_size}")
        return lots

    def limit(self, market: Market, side: Side, price: Decimal) -> int:
        """Return a limit price in ticks."""
        ticks = market.ticks(price)
        if ticks is None:
            raise SimRefused(
                SimRefusal.OFF_TICK, f"{price} is not a multiple of {market.instrument.tick_size}"
            )
        worst = market.limit_ticks(side, self._band)
        if worst is not None and (ticks > worst if side is Side.BUY else ticks < worst):
            raise SimRefused(SimRefusal.OUTSIDE_PRICE_LIMIT, f"{price} is worse than {market.price(worst)}")
        return ticks

    def amended_terms(
        self, order: WorkingOrder, client: Client, size: Decimal | None, price: Decimal | None
    ) -> Terms:
        """Return an order's terms with a new total size, a new price, or both."""
        market, request = order.market, order.request
        limit, lots = order.terms.limit, order.terms.lots
        if price is not None:
            limit = self.limit(market, request.side, price)
        if size is not None:
            lots = self.lots(market, size)
            most = market.instrument.max_limit_size
            if most is not None and size > most:
                raise SimRefused(SimRefusal.ABOVE_MAXIMUM, f"{size} is more than {most}")
        if lots > order.terms.lots:
            self.check_reduce_only(request, client, market, lots - order.terms.lots)
        return Terms(limit, lots, None, None)

    def check_amended(self, order: WorkingOrder, client: Client, terms: Terms) -> None:
        """Refuse terms at which a post-only order would trade, or which cannot be paid."""
        market, request = order.market, order.request
        taker = order.incoming()
        taker.limit, taker.lots = terms.limit, terms.lots - order.filled_lots
        plan = market.book.plan(taker)
        if plan.ending is CancelCause.POST_ONLY:
            raise SimRefused(SimRefusal.WOULD_CROSS, f"{order.id}")
        self._clearing.release(order)
        try:
            self.check_funds(request, client, market, plan, terms.limit or 0)
        finally:
            self._clearing.rest(order, order.resting)

    def check_room(self, request: OrderRequest, client: Client) -> None:
        """Refuse more working orders than an account may have."""
        if len(client.open) >= MAX_ORDERS:
            raise SimRefused(SimRefusal.TOO_MANY_ORDERS, f"{MAX_ORDERS} orders are working")
        if len(client.open) < MAX_ORDERS_PER_SYMBOL:
            return
        if (
            sum(order.request.symbol == request.symbol for order in client.open.values())
            >= MAX_ORDERS_PER_SYMBOL
        ):
            detail = f"{MAX_ORDERS_PER_SYMBOL} orders are working in {request.symbol}"
            raise SimRefused(SimRefusal.TOO_MANY_ORDERS, detail)

    def check_reduce_only(self, request: OrderRequest, client: Client, market: Market, lots: int) -> None:
        """Refuse a reduce-only order that could do more than reduce, `lots` being what it adds."""
        if not request.reduce_only:
            return
        position = client.account.positions.get(market.symbol)
        size = position.size if position else Decimal(0)
        if not size:
            raise SimRefused(SimRefusal.NO_POSITION, market.symbol)
        if (size > 0) is (request.side is Side.BUY):
            raise SimRefused(SimRefusal.SAME_SIDE_AS_POSITION, f"the position is {size}")
        working = client.reducing_lots(market.symbol, request.side)
        if market.size(lots + working) > abs(size):
            detail = f"{market.size(lots)} with {market.size(working)} working against a position of {size}"
            raise SimRefused(SimRefusal.LARGER_THAN_POSITION, detail)

    def check_funds(
        self, request: OrderRequest, client: Client, market: Market, plan: Plan, limit: int
    ) -> None:
        """Refuse what the account cannot pay: the matches of the plan, and the rest at its limit."""
        size = market.size(plan.lots + (plan.left if plan.rests else 0))
        ticks_lots = plan.value + (plan.left * limit if plan.rests else 0)
        value = ticks_lots * market.instrument.tick_size * market.instrument.lot_size
        if market.instrument.kind is InstrumentKind.SWAP:
            self._check_margin(request, client, market, value)
            return
        currency, need = spot_need(market.instrument, request.side, Decimal(1), Decimal(1))
        need = value if request.side is Side.BUY else size
        available = self._clearing.available(client.account, currency)
        if need > available:
            detail = f"{need} {currency} needed, {available} available"
            raise SimRefused(SimRefusal.INSUFFICIENT_BALANCE, detail)

    def _check_margin(self, request: OrderRequest, client: Client, market: Market, value: Decimal) -> None:
        account, instrument = client.account, market.instrument
        position = self._clearing.position(account, instrument)
        mark = self._clearing.mark(position)
        buying = value if request.side is Side.BUY else Decimal(0)
        more = position.margin(mark, buying=buying, selling=value - buying) - position.margin(mark)
        if more <= 0:
            return
        need = more - min(value * self._fees.rate(instrument.kind, is_maker=False), Decimal(0))
        available = self._clearing.available(account, instrument.quote, with_profit=True)
        if need > available:
            detail = f"{need} {instrument.quote} needed, {available} available"
            raise SimRefused(SimRefusal.INSUFFICIENT_MARGIN, detail)

    def _check_value(self, request: OrderRequest, market: Market) -> None:
        mark = market.mark()
        if mark is not None and request.size < market.instrument.min_size * mark:
            detail = f"{request.size} buys less than {market.instrument.min_size}"
            raise SimRefused(SimRefusal.BELOW_MINIMUM, detail)


def _check_state(request: OrderRequest, market: Market) -> None:
    state = market.instrument.state
    if state is InstrumentState.SUSPENDED:
        raise SimRefused(SimRefusal.NOT_LIVE, market.symbol)
    if state is InstrumentState.POST_ONLY and not request.post_only:
        raise SimRefused(SimRefusal.NOT_LIVE, f"{market.symbol} takes post-only orders only")


def _check_form(request: OrderRequest, market: Market) -> None:
    is_market = request.type is OrderType.MARKET
    is_spot = market.instrument.kind is InstrumentKind.SPOT
    wrong = (
        (request.size <= 0, "size is not positive"),
        (is_market and request.limit_price is not None, "a market order names no price"),
        (not is_market and (request.limit_price is None or request.limit_price <= 0), "a price is needed"),
        (request.size_in_quote and not (is_market and is_spot), "a quote size is for spot market orders"),
        (
            request.post_only and (is_market or request.time_in_force is not TimeInForce.GTC),
            "post-only waits",
        ),
        (request.reduce_only and is_spot, "there is no position to reduce in spot"),
        (
            request.time_in_force is TimeInForce.FOK and request.stp is SelfTradePrevention.CANCEL_BOTH,
            "fill-or-kill cannot cancel both",
        ),
    )
    for is_wrong, detail in wrong:
        if is_wrong:
            raise SimRefused(SimRefusal.BAD_TERMS, detail)


def _check_client_order_id(request: OrderRequest, client: Client) -> None:
    if client.latest.get(request.client_order_id) in client.open:
        raise SimRefused(SimRefusal.DUPLICATE_CLIENT_ID, request.client_order_id)


def _check_maximum(request: OrderRequest, market: Market) -> None:
    instrument = market.instrument
    is_market = request.type is OrderType.MARKET
    most = instrument.max_market_size if is_market else instrument.max_limit_size
    if most is not None and request.size > most:
        raise SimRefused(SimRefusal.ABOVE_MAXIMUM, f"{request.size} is more than {most}")
