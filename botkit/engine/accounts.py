"""What the bot owns: positions by strategy, exposure by instrument, balances by currency."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from botkit.model.portfolio import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botkit.model.instrument import Instrument
    from botkit.model.portfolio import Balance, Fill, PositionReport

__all__ = ["Accounts"]

_ZERO = Decimal(0)


class Accounts:
    """The bot's own books.

    A strategy's position comes from its own fills alone. What the venue shows
    beyond the sum of them belongs to strangers: it counts as exposure, and is
    nobody's profit.
    """

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._positions: dict[tuple[str, str], Position] = {}
        self._strangers: dict[str, Decimal] = {}
        self._exposure: dict[str, Decimal] = {}
        self._balances: dict[str, Balance] = {}
        self._reports: dict[str, PositionReport] = {}

    def book(self, strategy: str, fill: Fill) -> None:
        """Book a strategy's fill.

        One in an instrument that is not traded any more, as a journal may bring it
        back, counts as a stranger's: its currency and its lot are not known.
        """
        if fill.symbol not in self._instruments:
            self.book_stranger(fill)
            return
        position = self.position(strategy, fill.symbol)
        before = position.size
        position.book(fill)
        self._exposure[fill.symbol] = self.exposure(fill.symbol) + position.size - before

    def book_stranger(self, fill: Fill) -> None:
        """Count a fill of an order that is not ours."""
        self._strangers[fill.symbol] = self._strangers.get(fill.symbol, _ZERO) + fill.size * fill.side.sign

    def position(self, strategy: str, symbol: str) -> Position:
        """Return what a strategy holds."""
        key = (strategy, symbol)
        position = self._positions.get(key)
        if position is None:
            position = self._positions[key] = Position(self._instruments[symbol])
        return position

    def positions(self) -> dict[tuple[str, str], Position]:
        """Return every position by strategy and symbol, flat ones included."""
        return dict(self._positions)

    def exposure(self, symbol: str) -> Decimal:
        """Return what all strategies hold together, in base currency, without strangers."""
        return self._exposure.get(symbol, _ZERO)

    def account_position(self, symbol: str) -> Decimal:
        """Return what the account holds as far as it concerns risk: strategies and strangers."""
        return self.exposure(symbol) + self._strangers.get(symbol, _ZERO)

    def hear(self, report: PositionReport) -> None:
        """Keep the venue's word on a swap for the next `explain_reports`.

        Reports are told late and out of step with fills, so that between two
        reconciliations they prove nothing.
        """
        if _is_news(report, self._reports.get(report.symbol)):
            self._reports[report.symbol] = report

    def forget_reports(self) -> None:
        """Drop reports from before a gap: a position closed in it may never be told of again."""
        self._reports.clear()

    def explain_reports(self) -> list[tuple[str, Decimal]]:
        """Count what the venue shows beyond our fills as a stranger's; return it by symbol."""
        beyond: list[tuple[str, Decimal]] = []
        for symbol, report in self._reports.items():
            difference = report.size - self.account_position(symbol)
            if difference:
                self._strangers[symbol] = self._strangers.get(symbol, _ZERO) + difference
                beyond.append((symbol, difference))
        self._reports.clear()
        return beyond

    def set_balance(self, balance: Balance) -> None:
        """Take the venue's word on a currency."""
        if _is_news(balance, self._balances.get(balance.currency)):
            self._balances[balance.currency] = balance

    def balance(self, currency: str) -> Balance | None:
        """Return the last word on a currency, None if there was none."""
        return self._balances.get(currency)


def _is_news(said: Balance | PositionReport, known: Balance | PositionReport | None) -> bool:
    if known is None:
        return True
    if known.venue_ns and said.venue_ns:
        return known.venue_ns <= said.venue_ns
    return known.recv_ns <= said.recv_ns  # what the venue leaves out, such as nothing, bears no date
