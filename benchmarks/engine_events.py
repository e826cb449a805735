"""Events through the engine on one core: quotes, with a strategy that does nothing and one that averages."""

from __future__ import annotations

import time
from decimal import Decimal

from botkit import Instrument, InstrumentKind, Params, Quote, Strategy
from botkit.engine.engine import Engine
from botkit.indicators import EMA
from botkit.model.events import Reconciled, Started
from botkit.risk.gate import RiskGate
from botkit.risk.limits import InstrumentLimits, RiskLimits

__all__ = ["events_per_s"]

_SYMBOL = "BTC-USDT"
_EVENTS = 200_000
_TRIES = 5


class Idle(Strategy):
    """Hears quotes and does nothing."""

    def on_start(self) -> None:
        """Hear quotes."""
        self.subscribe_quotes(_SYMBOL)


class Crossing(Strategy):
    """Holds while the fast average is above the slow one."""

    def on_start(self) -> None:
        """Hear quotes."""
        self.fast, self.slow = EMA(10), EMA(30)
        self.subscribe_quotes(_SYMBOL)

    def on_quote(self, quote: Quote) -> None:
        """Average, compare, and trade on a crossing."""
        fast, slow = self.fast.update(quote.mid), self.slow.update(quote.mid)
        if self.slow.ready and fast > slow * 1.01 and self.position(_SYMBOL).is_flat:
            self.buy(_SYMBOL, 0.01)


def events_per_s() -> dict[str, float]:
    """Return events a second by strategy, the best of some tries."""
    quotes = [_quote(number) for number in range(_EVENTS)]
    return {kind.__name__: max(_rate(kind, quotes) for _ in range(_TRIES)) for kind in (Idle, Crossing)}


def _rate(kind: type[Strategy], quotes: list[Quote]) -> float:
    engine = _engine()
    engine.add_strategy("strategy", lambda desk: kind("strategy", Params(), desk))
    engine.process(Started(recv_ns=1, epoch=1))
    engine.process(Reconciled(recv_ns=1, fills=0, orders=0))
    process = engine.process
    began = time.perf_counter()
    for quote in quotes:
        process(quote)
    return len(quotes) / (time.perf_counter() - began)


def _engine() -> Engine:
    instrument = Instrument(
        symbol=_SYMBOL,
        kind=InstrumentKind.SPOT,
        base="BTC",
        quote="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.00000001"),
        min_size=Decimal("0.00001"),
    )
    limits = InstrumentLimits(
        max_order_size=Decimal(1), max_order_value=Decimal(100_000), max_position_value=Decimal(100_000)
    )
    return Engine(instruments={_SYMBOL: instrument}, gate=RiskGate(RiskLimits(instruments={_SYMBOL: limits})))


def _quote(number: int) -> Quote:
    price = 60_000.0 + number % 97
    return Quote(
        recv_ns=number * 1_000, symbol=_SYMBOL, bid=price, bid_size=1.0, ask=price + 0.1, ask_size=1.0
    )
