"""`trade/*`: orders, fills, and the switch that cancels when the bot is dead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from botkit.model.duration import NS_PER_MS, NS_PER_S
from botkit.sim.types import FillReport, OrderState
from botkit.venues.okx.emulator.accounts import TRADE
from botkit.venues.okx.emulator.answers import Answer, Refused, Verdict, acks, rows
from botkit.venues.okx.emulator.auth import Caller
from botkit.venues.okx.emulator.endpoints.public import INST_TYPES
from botkit.venues.okx.emulator.entry import Find, OrderEntry, check_deadline
from botkit.venues.okx.emulator.paging import page
from botkit.venues.okx.emulator.params import Params
from botkit.venues.okx.emulator.rates import Rate
from botkit.venues.okx.emulator.rest import Call, Route
from botkit.venues.okx.emulator.rows.instruments import inst_type
from botkit.venues.okx.emulator.rows.orders import fill_row, ord_type, order_row
from botkit.venues.okx.emulator.wire import milliseconds

__all__ = ["ROUTES"]

_ONCE_A_SECOND: Final = Rate(1, NS_PER_S)
_FILLS_NS: Final = 3 * 86_400 * NS_PER_S

T = TypeVar("T")

Verb = Callable[[OrderEntry, Caller, tuple[Params, ...], Find], list[Verdict]]


def _write(call: Call, verb: Verb) -> Answer:
    verdicts = verb(call.entry, call.caller, call.items, _by_name(call))
    return Answer(acks(verdicts, call.now_ns // 1000, call.floor.now_ns() // 1000))


def _by_name(call: Call) -> Find:
    return lambda item: call.floor.instrument(item.needed("instId"))


def place(call: Call) -> Answer:
    """Place one order or several."""
    check_deadline(call.deadline, call.now_ns)
    return _write(call, OrderEntry.place)


def cancel(call: Call) -> Answer:
    """Cancel one order or several."""
    return _write(call, OrderEntry.cancel)


def amend(call: Call) -> Answer:
    """Amend one order or several."""
    check_deadline(call.deadline, call.now_ns)
    return _write(call, OrderEntry.amend)


def order(call: Call) -> Answer:
    """Show one order; of several with one client id, the latest."""
    instrument = call.floor.instrument(call.params.needed("instId"))
    ord_id, client_id = call.params.text("ordId"), call.params.text("clOrdId")
    if not ord_id and not client_id:
        raise Refused("50015", "ordId", "clOrdId")
    found = call.floor.order(call.uid, ord_id, client_id)
    if found is None or found.request.symbol != instrument.symbol:
        raise Refused("51603")
    return rows([order_row(instrument, found, call.floor.leverage(call.uid, instrument.symbol))])


def orders_pending(call: Call) -> Answer:
    """List working orders."""
    call.params.one_of("instType", {"", *INST_TYPES}, default="")
    return _orders(call, call.floor.exchange.open_orders(call.uid))


def orders_history(call: Call) -> Answer:
    """List orders that are over."""
    call.params.one_of("instType", INST_TYPES)
    return _orders(call, _within(call, call.floor.history(call.uid), lambda order: order.created_ns))


def _orders(call: Call, orders: Iterable[OrderState]) -> Answer:
    states = {"", call.params.text("state")}
    types = set(filter(None, call.params.text("ordType").split(",")))
    chosen = [
        order
        for order in orders
        if _is_wanted(call, order.request.symbol)
        and (states == {""} or order.status.value in states)
        and (not types or ord_type(order.request) in types)
    ]
    shown = page(chosen, lambda order: order.order_id, call.params)
    return rows(
        [
            order_row(
                call.floor.instrument(order.request.symbol),
                order,
                call.floor.leverage(call.uid, order.request.symbol),
            )
            for order in shown
        ]
    )


def fills(call: Call) -> Answer:
    """List the matches of the last three days."""
    call.params.one_of("instType", {"", *INST_TYPES}, default="")
    oldest_ns = call.now_ns - _FILLS_NS
    return _fills(call, [fill for fill in call.floor.exchange.fills(call.uid) if fill.ns >= oldest_ns])


def fills_history(call: Call) -> Answer:
    """List all matches of one type of instrument."""
    call.params.one_of("instType", INST_TYPES)
    return _fills(call, call.floor.exchange.fills(call.uid))


def _fills(call: Call, fills: Iterable[FillReport]) -> Answer:
    ord_id = call.params.text("ordId")
    chosen = [fill for fill in fills if _is_wanted(call, fill.symbol) and ord_id in {"", str(fill.order_id)}]
    in_time = _within(call, chosen, lambda fill: fill.ns)
    shown = page(in_time, lambda fill: fill.bill_id, call.params)
    return rows([fill_row(call.floor.instrument(fill.symbol), fill) for fill in shown])


def _is_wanted(call: Call, symbol: str) -> bool:
    wanted, name = call.params.text("instType"), call.params.text("instId")
    return name in {"", symbol} and wanted in {"", inst_type(call.floor.instrument(symbol))}


def _within(call: Call, items: Iterable[T], at_ns: Callable[[T], int]) -> list[T]:
    begin, end = call.params.number("begin"), call.params.number("end")
    return [
        item
        for item in items
        if (begin is None or at_ns(item) // NS_PER_MS >= begin)
        and (end is None or at_ns(item) // NS_PER_MS <= end)
    ]


def cancel_all_after(call: Call) -> Answer:
    """Cancel everything unless told again in time."""
    tag = call.params.text("tag")
    call.floor.rates.take(_ONCE_A_SECOND, ("cancel-all-after", call.uid, tag), call.now_ns)
    timeout = call.params.needed("timeOut")
    if timeout not in {"0", *map(str, range(10, 121))}:
        raise Refused("54009", "timeOut", 10, 120)
    at_ns = call.floor.arm_dead_man(call.uid, tag, int(timeout))
    return rows([{"triggerTime": milliseconds(at_ns), "tag": tag, "ts": milliseconds(call.now_ns)}])


def account_rate_limit(call: Call) -> Answer:
    """Say how many orders a sub-account may place or amend in two seconds."""
    limits = {"fillRatio": "", "mainFillRatio": "", "accRateLimit": "1000", "nextAccRateLimit": "1000"}
    return rows([{**limits, "ts": milliseconds(call.now_ns)}])


ROUTES: Final = (
    Route("POST", "trade/order", place, TRADE, None),
    Route("POST", "trade/batch-orders", place, TRADE, None),
    Route("POST", "trade/cancel-order", cancel, TRADE, None),
    Route("POST", "trade/cancel-batch-orders", cancel, TRADE, None),
    Route("POST", "trade/amend-order", amend, TRADE, None),
    Route("POST", "trade/amend-batch-orders", amend, TRADE, None),
    Route("POST", "trade/cancel-all-after", cancel_all_after, TRADE, None),
    Route("GET", "trade/order", order),
    Route("GET", "trade/orders-pending", orders_pending),
    Route("GET", "trade/orders-history", orders_history),
    Route("GET", "trade/orders-history-archive", orders_history),
    Route("GET", "trade/fills", fills),
    Route("GET", "trade/fills-history", fills_history),
    Route("GET", "trade/account-rate-limit", account_rate_limit),
)
