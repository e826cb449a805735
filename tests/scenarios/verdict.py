"""Whether a bot's journal and the exchange tell the same story, to the last digit."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from botkit.engine.engine import Engine
from botkit.engine.recovery import recover
from botkit.journal.journal import Journal
from botkit.journal.records import Record
from botkit.model.events import OrderUpdate
from botkit.model.order import NewOrder, Order, OrderStatus
from botkit.model.portfolio import Fill
from botkit.risk.gate import RiskGate
from botkit.risk.limits import RiskLimits
from botkit.sim.listing import BTC_USDT
from tests.scenarios.place import Place

__all__ = ["differences", "recorded"]

_START: Any = {"BTC": Decimal(1), "USDT": Decimal(100_000)}
_ZERO = Decimal(0)
_DUPLICATE = "51016"
_ENDED = {"filled": OrderStatus.FILLED, "canceled": OrderStatus.CANCELED}
_NEVER_THERE = {OrderStatus.VOID, OrderStatus.REJECTED}


def recorded(journal: Path) -> list[tuple[int, Record]]:
    """Return what a restart would find in a journal, whether its bot was killed, has ended or still runs."""
    with tempfile.TemporaryDirectory() as elsewhere:
        # The tail first: what leaves it meanwhile is in the file.
        parts = journal.parent.glob(f"{journal.name}*")
        for part in sorted(parts, reverse=True, key=lambda part: "tail" in part.name):
            shutil.copy(part, elsewhere)
        with Journal.open(Path(elsewhere) / journal.name, 0) as copy:
            return list(copy.replay())


def differences(place: Place) -> list[str]:
    """Return every point on which a bot that has ended and the exchange disagree."""
    records = recorded(place.journal)
    engine = Engine(instruments={BTC_USDT.symbol: BTC_USDT}, gate=RiskGate(RiskLimits(instruments={})))
    recover(engine, records, 0)
    intents = [record for _, record in records if isinstance(record, NewOrder)]
    orders = {row["clOrdId"]: row for row in place.trader.orders()}
    ours = {intent.client_order_id: engine.blotter.get(intent.client_order_id) for intent in intents}
    fills = [record for _, record in records if isinstance(record, Fill)]
    return [
        *_twice("the bot used the id", [intent.client_order_id for intent in intents]),
        *_twice("the exchange has the id", [row["clOrdId"] for row in place.trader.orders()]),
        *[f"still working: {row['clOrdId']}" for row in place.trader.working()],
        *[f"an order without an intent: {name}" for name in orders.keys() - ours.keys()],
        *[
            f"sent twice: {update.client_order_id}"
            for update in _refused_twice(record for _, record in records)
        ],
        *[told for name, order in ours.items() if order for told in _of_order(order, orders.get(name))],
        *_of_fills(fills, place),
        *_of_money(fills, place, engine),
    ]


def _twice(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what} {name} {count} times" for name, count in Counter(names).items() if count > 1]


def _refused_twice(records: Iterable[Record]) -> list[OrderUpdate]:
    return [record for record in records if isinstance(record, OrderUpdate) and record.code == _DUPLICATE]


def _of_order(order: Order, row: dict[str, Any] | None) -> list[str]:
    if row is None:
        return [] if order.status in _NEVER_THERE else [f"not at the exchange: {order!r}"]
    told = []
    if order.status is not _ENDED.get(row["state"]):
        told.append(f"{order!r} is {row['state']} at the exchange")
    if order.filled_size != Decimal(row["accFillSz"]):
        told.append(f"{order!r} has filled {row['accFillSz']} at the exchange")
    return told


def _of_fills(fills: list[Fill], place: Place) -> list[str]:
    booked = {(fill.trade_id, fill.venue_order_id, fill.size) for fill in fills}
    happened = {(row["tradeId"], row["ordId"], Decimal(row["fillSz"])) for row in place.trader.fills()}
    return [f"not booked: {fill}" for fill in happened - booked] + [
        f"never happened: {fill}" for fill in booked - happened
    ]


def _of_money(fills: list[Fill], place: Place, engine: Engine) -> list[str]:
    once = {(fill.trade_id, fill.venue_order_id): fill for fill in fills}.values()
    fees = {
        currency: sum((fill.fee for fill in once if fill.fee_currency == currency), _ZERO)
        for currency in _START
    }
    change = {
        "BTC": sum((fill.size * fill.side.sign for fill in once), _ZERO) + fees["BTC"],
        "USDT": sum((-fill.size * fill.price * fill.side.sign for fill in once), _ZERO) + fees["USDT"],
    }
    told = [
        f"{currency}: {place.trader.owned(currency)} at the exchange, {_START[currency] + change[currency]} by fills"
        for currency in _START
        if place.trader.owned(currency) != _START[currency] + change[currency]
    ]
    held = engine.accounts.exposure(BTC_USDT.symbol)
    if held != change["BTC"]:
        told.append(f"the bot believes to hold {held} BTC, its fills say {change['BTC']}")
    return told
