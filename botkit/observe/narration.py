"""Steps told as sentences: the same words in the log, on the dashboard and in plain output.

What one trade needs thirty of, quotes moved and taken back, is told as `debug`;
the rest is what an operator would want to have read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from botkit.model.events import (
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    TradingState,
)
from botkit.model.note import Note
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, OrderChange
from botkit.model.portfolio import Fill
from botkit.model.side import Side
from botkit.observe.amounts import exact
from botkit.risk.approval import Approved, Refused

if TYPE_CHECKING:
    from botkit.observe.ledger import Ledger
    from botkit.observe.step import Step

__all__ = ["Telling", "tell"]


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, in words.

    Attributes:
        ns: When, by the event that brought it.
        level: `debug`, `info`, `warning` or `error`.
        kind: One word: `order`, `fill`, `refused`, `canceled`, `state` ...
        strategy: Whose it is; empty if it is the bot's.
        fact: What happened, constant for its kind, in the past tense.
        text: The same for people, with its numbers.
        fields: The numbers, for machines.

    """

    ns: int
    level: str
    kind: str
    strategy: str = ""
    fact: str
    text: str
    fields: dict[str, str] = {}


def tell(step: Step, ledger: Ledger) -> Sequence[Telling]:
    """Return what a step is worth saying about; `ledger` must have seen it."""
    about = _EVENTS.get(type(step.event))
    if about is None and not step.effects:
        return ()
    tellings: list[Telling] = []
    if about is not None and not ledger.is_repetition:
        tellings.append(about(step.event, ledger))
    for effect in step.effects:
        about_effect = _EFFECTS.get(type(effect))
        if about_effect is not None:
            tellings.append(about_effect(effect, step.event.recv_ns))
    return tellings


def _fill(fill: Fill, ledger: Ledger) -> Telling:
    verb = "bought" if fill.side is Side.BUY else "sold"
    owner = ledger.owner(fill.client_order_id)
    fee = f", fee {exact(-fill.fee)} {fill.fee_currency}" if fill.fee_currency else ""
    stranger = "" if owner else " (not an order of this bot)"
    return Telling(
        ns=fill.recv_ns,
        level="info" if owner else "warning",
        kind="fill",
        strategy=owner,
        fact="order filled",
        text=f"{verb} {exact(fill.size)} {fill.symbol} at {exact(fill.price)}{fee}{stranger}",
        fields={
            "order": fill.client_order_id,
            "symbol": fill.symbol,
            "side": fill.side.value,
            "size": exact(fill.size),
            "price": exact(fill.price),
            "fee": f"{exact(-fill.fee)} {fill.fee_currency}".strip(),
            "liquidity": fill.liquidity.value,
            "trade": fill.trade_id,
        },
    )


_CHANGES: Final[dict[OrderChange, tuple[str, str, str]]] = {
    OrderChange.ACCEPT: ("debug", "accepted", "order accepted"),
    OrderChange.REJECT: ("warning", "rejected", "order rejected"),
    OrderChange.CANCEL: ("debug", "canceled", "order canceled"),
    OrderChange.CANCEL_FAIL: ("debug", "too late", "cancel refused"),
    OrderChange.AMEND: ("debug", "moved", "order amended"),
    OrderChange.AMEND_FAIL: ("debug", "too late", "amendment refused"),
    OrderChange.LOSE: ("warning", "unknown", "outcome of an order unknown"),
    OrderChange.ABSENT: ("info", "void", "order proved never to have existed"),
    OrderChange.PARTIAL_FILL: ("debug", "trading", "order partly filled"),
    OrderChange.LAST_FILL: ("debug", "done", "order completely filled"),
    OrderChange.REFUSE: ("debug", "refused", "order refused"),
}


def _order_update(update: OrderUpdate, ledger: Ledger) -> Telling:
    level, kind, fact = _CHANGES[update.change]
    reason = f": {update.reason}" if update.reason else ""
    code = f" (code {update.code})" if update.code else ""
    return Telling(
        ns=update.recv_ns,
        level=level,
        kind=kind,
        strategy=ledger.owner(update.client_order_id),
        fact=fact,
        text=f"{update.symbol} {update.client_order_id}{reason}{code}",
        fields={
            "order": update.client_order_id,
            "symbol": update.symbol,
            "code": update.code,
            "reason": update.reason,
        },
    )


def _state(event: StateChanged, _: Ledger) -> Telling:
    return Telling(
        ns=event.recv_ns,
        level="info" if event.state is TradingState.ACTIVE else "warning",
        kind="state",
        fact="trading state changed",
        text=f"{event.scope} is {event.state.value}: {event.reason}",
        fields={"scope": event.scope, "state": event.state.value, "reason": event.reason},
    )


def _reconciled(event: Reconciled, _: Ledger) -> Telling:
    return Telling(
        ns=event.recv_ns,
        level="info",
        kind="books",
        fact="books reconciled",
        text=f"agree with the venue's (missed fills: {event.fills}, orders: {event.orders})",
        fields={"fills": str(event.fills), "orders": str(event.orders)},
    )


def _connection(event: ConnectionChanged, _: Ledger) -> Telling:
    reason = f": {event.reason}" if event.reason else ""
    return Telling(
        ns=event.recv_ns,
        level="info" if event.is_up else "warning",
        kind="feed",
        fact="feed connected" if event.is_up else "feed lost",
        text=f"{event.feed} {'connected' if event.is_up else 'lost'}{reason}",
        fields={"feed": event.feed, "reason": event.reason},
    )


def _started(event: Started, _: Ledger) -> Telling:
    return Telling(
        ns=event.recv_ns,
        level="info",
        kind="start",
        fact="run started",
        text=f"botkit {event.version}, boot {event.epoch}",
        fields={"epoch": str(event.epoch), "version": event.version},
    )


def _stopping(event: Stopping, _: Ledger) -> Telling:
    return Telling(
        ns=event.recv_ns,
        level="info",
        kind="stop",
        fact="run stopping",
        text=event.reason,
        fields={"reason": event.reason},
    )


def _task(event: TaskDone, _: Ledger) -> Telling:
    return Telling(
        ns=event.recv_ns,
        level="warning" if event.error else "debug",
        kind="task",
        strategy=event.strategy,
        fact="task failed" if event.error else "task done",
        text=f"{event.name}: {event.error}" if event.error else event.name,
        fields={"task": event.name, "error": event.error},
    )


def _approved(approved: Approved, now_ns: int) -> Telling:
    request = approved.request
    return _new_order(request, now_ns) if isinstance(request, NewOrder) else _amendment(request, now_ns)


def _new_order(request: NewOrder, now_ns: int) -> Telling:
    price = "the market" if request.limit_price is None else exact(request.limit_price)
    return Telling(
        ns=now_ns,
        level="info",
        kind="order",
        strategy=request.strategy,
        fact="order sent",
        text=f"{request.side.value} {exact(request.size)} {request.symbol} at {price}",
        fields={
            "order": request.client_order_id,
            "symbol": request.symbol,
            "side": request.side.value,
            "size": exact(request.size),
            "limit_price": "" if request.limit_price is None else exact(request.limit_price),
        },
    )


def _amendment(request: AmendOrder, now_ns: int) -> Telling:
    size, price = exact(request.size), exact(request.limit_price)
    return Telling(
        ns=now_ns,
        level="debug",
        kind="amend",
        strategy=request.strategy,
        fact="amendment sent",
        text=f"{request.symbol} {request.client_order_id} to {size} at {price}",
        fields={
            "order": request.client_order_id,
            "symbol": request.symbol,
            "size": size,
            "limit_price": price,
        },
    )


def _cancel(cancel: CancelOrder, now_ns: int) -> Telling:
    return Telling(
        ns=now_ns,
        level="debug",
        kind="cancel",
        strategy=cancel.strategy,
        fact="cancel sent",
        text=f"{cancel.symbol} {cancel.client_order_id}",
        fields={"order": cancel.client_order_id, "symbol": cancel.symbol},
    )


def _refused(refused: Refused, now_ns: int) -> Telling:
    return Telling(
        ns=now_ns,
        level="warning",
        kind="refused",
        strategy=refused.strategy,
        fact="order refused by the risk gate",
        text=f"{refused.symbol} {refused}",
        fields={
            "order": refused.client_order_id,
            "symbol": refused.symbol,
            "rule": refused.rule,
            "measured": refused.measured,
            "limit": refused.limit,
            "remedy": refused.remedy,
        },
    )


def _note(note: Note, now_ns: int) -> Telling:
    fields = " ".join(f"{name}={value}" for name, value in note.fields.items())
    return Telling(
        ns=now_ns,
        level=note.level,
        kind="note",
        strategy=note.strategy,
        fact=note.text,
        text=f"{note.text} {fields}".rstrip(),
        fields=note.fields,
    )


_EVENTS: Final[dict[type, Callable[[Any, Ledger], Telling]]] = {
    ConnectionChanged: _connection,
    Fill: _fill,
    OrderUpdate: _order_update,
    Reconciled: _reconciled,
    Started: _started,
    StateChanged: _state,
    Stopping: _stopping,
    TaskDone: _task,
}
_EFFECTS: Final[dict[type, Callable[[Any, int], Telling]]] = {
    Approved: _approved,
    CancelOrder: _cancel,
    Note: _note,
    Refused: _refused,
}
