"""What the account was last told to hold, so that what a whole answer leaves out is known to be gone.

OKX sends snapshots in pages and leaves out what is zero. Once the last page is
there, what was held before the first one and is on none of them is gone; unless
an update came in between, which is newer than any page.

Source: https://www.okx.com/docs-v5/en/#trading-account-websocket-account-channel
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, Generic, TypeVar

from botkit.model.instrument import Instrument
from botkit.model.portfolio import Balance, PositionReport
from botkit.venues.okx import wire
from botkit.venues.okx.account import balance, position

__all__ = ["Holdings"]

HeldT = TypeVar("HeldT", bound=Balance | PositionReport)
_ZERO: Final = Decimal(0)


class Holdings:
    """Balances and positions of one account; the connections that follow each other share them."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        """Begin with nothing known; `instruments` are those that are traded, by symbol."""
        self._instruments = instruments
        self._balances = _Known(_without)
        self._positions = _Known(_flat)

    def take_account(self, frame: bytes, recv_ns: int) -> list[Balance]:
        """Return what a frame of the `account` channel says about currencies.

        Raises:
            msgspec.DecodeError: If it is no such frame.
            ProtocolError: If a number is none.

        """
        push = _ACCOUNTS.decode(frame)
        balances = [balance(detail, recv_ns) for row in push.data for detail in row.details]
        return self._balances.take(push, [(each.currency, each) for each in balances], recv_ns)

    def take_positions(self, frame: bytes, recv_ns: int) -> list[PositionReport]:
        """Return what a frame of the `positions` channel says about instruments that are traded here.

        Raises:
            msgspec.DecodeError: If it is no such frame.
            ProtocolError: If a number is none.

        """
        push = _POSITIONS.decode(frame)
        reports = [position(row, self._instruments, recv_ns) for row in push.data]
        told = [(each.symbol, each) for each in reports if each is not None]
        return self._positions.take(push, told, recv_ns)


class _Known(Generic[HeldT]):
    """What is held of one kind, by its name."""

    def __init__(self, nothing: Callable[[str, int], HeldT]) -> None:
        self._nothing = nothing
        self._stamps: dict[str, int] = {}
        self._page = 0
        self._gone: dict[str, None] = {}

    def take(
        self, push: wire.AccountPush | wire.PositionPush, told: list[tuple[str, HeldT]], recv_ns: int
    ) -> list[HeldT]:
        if push.event_type != "snapshot":
            return self._news(told)
        if push.cur_page <= 1:
            self._page = 0
            self._gone = dict.fromkeys(self._stamps)
        is_next = push.cur_page in {0, self._page + 1}
        self._page = push.cur_page
        events = self._news(told)
        if not is_next:
            self._gone.clear()  # a page is missing: what was on it cannot be told from what is gone
        if push.last_page:
            events += self._forget(recv_ns)
        return events

    def _news(self, told: list[tuple[str, HeldT]]) -> list[HeldT]:
        events = []
        for name, event in told:
            self._gone.pop(name, None)
            if event.venue_ns >= self._stamps.get(name, 0):
                self._stamps[name] = event.venue_ns
                events.append(event)
        return events

    def _forget(self, recv_ns: int) -> list[HeldT]:
        gone, self._gone = self._gone, {}
        for name in gone:
            del self._stamps[name]
        return [self._nothing(name, recv_ns) for name in gone]


def _without(currency: str, recv_ns: int) -> Balance:
    return Balance(recv_ns=recv_ns, currency=currency, total=_ZERO, available=_ZERO)


def _flat(symbol: str, recv_ns: int) -> PositionReport:
    return PositionReport(recv_ns=recv_ns, symbol=symbol, size=_ZERO, average_price=_ZERO)


_ACCOUNTS: Final = wire.decoder(wire.AccountPush)
_POSITIONS: Final = wire.decoder(wire.PositionPush)
