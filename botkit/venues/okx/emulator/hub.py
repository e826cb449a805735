"""Who listens to what, and how news reaches them: public feeds by market, private ones by user."""

from __future__ import annotations

from botkit.sim.types import (
    BalanceReport,
    BookChange,
    FlowEnded,
    MarkChange,
    OrderReport,
    PositionReport,
    PublicTrade,
    Report,
)
from botkit.venues.okx.emulator.account_feed import AccountFeed
from botkit.venues.okx.emulator.auth import Caller
from botkit.venues.okx.emulator.channels import CHANNELS, Member, Subscription, push
from botkit.venues.okx.emulator.entry import OrderEntry
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.market_feed import MarketFeed
from botkit.venues.okx.emulator.rows.instruments import instrument_row

__all__ = ["Hub"]


class Hub:
    """All feeds."""

    def __init__(self, floor: Floor, entry: OrderEntry) -> None:
        self._floor = floor
        self._markets = {one.symbol: MarketFeed(floor, one) for one in floor.instruments()}
        self._accounts = {user.uid: AccountFeed(floor, entry, user.uid) for user in floor.accounts.users}

    def subscribe(
        self, member: Member, wanted: Subscription, caller: Caller | None, now_ns: int
    ) -> list[bytes]:
        """Add a listener; return what he gets at once."""
        feed = self._feed(wanted, caller)
        if feed is not None:
            return feed.subscribe(member, wanted, now_ns)
        if wanted.channel == "instruments":
            listed = self._floor.instruments(wanted.inst_type)
            return [push(wanted.arg, [instrument_row(instrument) for instrument in listed])]
        return []  # there is no maintenance to tell of

    def unsubscribe(self, member: Member, known: Subscription, caller: Caller | None) -> None:
        """Remove a listener."""
        feed = self._feed(known, caller)
        if feed is not None:
            feed.unsubscribe(member, known)

    def connections(self, channel: str, caller: Caller, *, apart_from: Member | None = None) -> int:
        """Return how many connections of a user listen to a private channel, one of them not counted."""
        return self._accounts[caller.user.uid].connections(channel, apart_from=apart_from)

    def advance(self) -> None:
        """Let the exchange run up to now, and send what is due."""
        now_ns = self._floor.advance()
        self.tell(self._floor.exchange.drain(), now_ns)
        for market in self._markets.values():
            market.publish(now_ns)
        for account in self._accounts.values():
            account.publish(now_ns)

    def tell(self, reports: list[Report], now_ns: int) -> None:
        """Give each report to the feed it belongs to."""
        for report in reports:
            match report:
                case PublicTrade() | BookChange():
                    self._floor.count_change(report.symbol)
                    self._markets[report.symbol].take(report)
                case MarkChange():
                    self._markets[report.symbol].take(report)
                case BalanceReport() | PositionReport():
                    self._accounts[report.account].take(report, now_ns)
                case OrderReport():
                    self._accounts[report.order.request.account].take(report, now_ns)
                case FlowEnded():
                    continue  # the exchange stays open, and quiet

    def _feed(self, wanted: Subscription, caller: Caller | None) -> MarketFeed | AccountFeed | None:
        if CHANNELS[wanted.channel].login:
            return None if caller is None else self._accounts[caller.user.uid]
        return self._markets.get(wanted.inst_id)
