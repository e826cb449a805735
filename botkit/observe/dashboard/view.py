"""The snapshot that dashboards draw: plain values, made on the trading loop, drawn anywhere."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from botkit.model.events import TradingState
from botkit.observe.narration import Telling, tell
from botkit.observe.summary import verdict

if TYPE_CHECKING:
    from botkit.observe.ledger import Ledger, Pnl
    from botkit.observe.step import Step
    from botkit.risk.scope import KeyScope

__all__ = ["Happening", "MarketRow", "StrategyRow", "View", "ViewBuilder"]

_MOST_HAPPENINGS: Final = 200


class MarketRow(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument; None is not known.

    Attributes:
        digits: After the point, by the instrument's tick.

    """

    symbol: str
    digits: int
    bid: float | None
    ask: float | None
    last: float | None


class StrategyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy.

    Attributes:
        positions: Signed size by symbol, the flat ones left out.
        pnl: After fees, by quote currency.

    """

    name: str
    positions: dict[str, Decimal]
    pnl: dict[str, Decimal]
    orders: int
    fills: int
    refused: int


class Happening(msgspec.Struct, frozen=True):
    """Something worth telling, and how many times in a row it happened."""

    telling: Telling
    times: int = 1


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a dashboard shows.

    Attributes:
        venue: Where this bot trades, for people.
        key: What its key may do, for people.
        reason: Why the state is what it is; empty while it is active.
        uptime_ns: Since the run began.
        happenings: Newest last.

    """

    venue: str
    key: str
    state: TradingState
    reason: str
    uptime_ns: int
    markets: tuple[MarketRow, ...]
    strategies: tuple[StrategyRow, ...]
    happenings: tuple[Happening, ...]


class ViewBuilder:
    """Listens to steps, after the ledger, and takes snapshots of both."""

    def __init__(self, ledger: Ledger, *, venue: str, key_scope: KeyScope | None = None) -> None:
        self._ledger = ledger
        self._venue = venue
        self._key = verdict(key_scope)
        self._happenings: deque[Happening] = deque(maxlen=_MOST_HAPPENINGS)

    def observe(self, step: Step) -> None:
        """Remember what is worth showing of a step."""
        for telling in tell(step, self._ledger):
            if telling.level != "debug":
                self._add(telling)

    def view(self, now_ns: int) -> View:
        """Return the picture as it is now."""
        ledger = self._ledger
        state = ledger.state
        return View(
            venue=self._venue,
            key=self._key,
            state=state,
            reason="" if state in {TradingState.ACTIVE, TradingState.RECONCILING} else ledger.state_reason,
            uptime_ns=max(now_ns - ledger.first_ns, 0) if ledger.first_ns else 0,
            markets=tuple(map(self._market, sorted(ledger.quotes.keys() | ledger.last.keys()))),
            strategies=tuple(map(self._strategy, ledger.tallies)),
            happenings=tuple(self._happenings),
        )

    def _add(self, telling: Telling) -> None:
        if self._happenings:
            last = self._happenings[-1]
            if (last.telling.kind, last.telling.strategy, last.telling.text) == (
                *(telling.kind, telling.strategy),
                telling.text,
            ):
                self._happenings[-1] = Happening(telling, last.times + 1)
                return
        self._happenings.append(Happening(telling))

    def _market(self, symbol: str) -> MarketRow:
        quote = self._ledger.quotes.get(symbol)
        return MarketRow(
            symbol=symbol,
            digits=self._digits(symbol),
            bid=quote.bid or None if quote else None,
            ask=quote.ask or None if quote else None,
            last=self._ledger.last.get(symbol),
        )

    def _digits(self, symbol: str) -> int:
        instrument = self._ledger.instrument(symbol)
        exponent = 0 if instrument is None else instrument.tick_size.as_tuple().exponent
        return max(-exponent, 0) if isinstance(exponent, int) else 0

    def _strategy(self, name: str) -> StrategyRow:
        ledger = self._ledger
        tally = ledger.tallies[name]
        pnl: dict[str, Pnl] = ledger.pnl(name)
        return StrategyRow(
            name=name,
            positions={
                symbol: position.size
                for (owner, symbol), position in ledger.positions.items()
                if owner == name and not position.is_flat
            },
            pnl={currency: part.total for currency, part in pnl.items()},
            orders=tally.orders,
            fills=tally.fills,
            refused=tally.refused,
        )
