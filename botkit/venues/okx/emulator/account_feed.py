"""The private channels of one user: orders as they happen, accounts and positions a little later.

Changes of balances and positions are gathered for 50 ms and sent as
`event_update`; regular snapshots follow at the interval that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from botkit.model.duration import NS_PER_MS
from botkit.model.instrument import InstrumentKind
from botkit.sim.types import BalanceReport, OrderReport, PositionReport
from botkit.venues.okx.emulator.answers import Row
from botkit.venues.okx.emulator.channels import Member, Subscription, push
from botkit.venues.okx.emulator.entry import OrderEntry
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.rows.account import balance_row, position_row
from botkit.venues.okx.emulator.rows.instruments import inst_type
from botkit.venues.okx.emulator.rows.orders import order_event_row
from botkit.venues.okx.emulator.wire import milliseconds, plain

__all__ = ["AccountFeed", "AccountReport"]

AccountReport = OrderReport | BalanceReport | PositionReport

_GATHER_NS: Final = 50 * NS_PER_MS
_PAGE: Final = 20


class _Listener:
    """One subscription of one member, and when it gets its next regular snapshot."""

    __slots__ = ("member", "regular_ns", "wanted")

    def __init__(self, member: Member, wanted: Subscription, now_ns: int) -> None:
        self.member = member
        self.wanted = wanted
        self.regular_ns = now_ns + wanted.interval_ms * NS_PER_MS


class AccountFeed:
    """Sends what happens to one user to who has logged in as him."""

    def __init__(self, floor: Floor, entry: OrderEntry, uid: str) -> None:
        self._floor = floor
        self._entry = entry
        self._uid = uid
        self._listeners: dict[str, list[_Listener]] = {}
        self._orders: list[OrderReport] = []
        self._balances: dict[str, BalanceReport] = {}
        self._positions: dict[str, PositionReport] = {}
        self._since_ns = 0
        self._openings: dict[str, Callable[[Subscription, int], list[bytes]]] = {
            "account": self._account_snapshot,
            "positions": self._position_snapshot,
            "balance_and_position": self._both_snapshot,
        }

    def subscribe(self, member: Member, wanted: Subscription, now_ns: int) -> list[bytes]:
        """Add a listener; return what he gets at once."""
        self._listeners.setdefault(wanted.channel, []).append(_Listener(member, wanted, now_ns))
        opening = self._openings.get(wanted.channel)
        return [] if opening is None else opening(wanted, now_ns)

    def unsubscribe(self, member: Member, known: Subscription) -> None:
        """Remove a listener."""
        self._listeners[known.channel] = [
            one
            for one in self._listeners[known.channel]
            if one.member is not member or one.wanted.name != known.name
        ]

    def connections(self, channel: str, *, apart_from: Member | None) -> int:
        """Return how many members listen to a channel, one of them not counted."""
        return len({one.member for one in self._listeners.get(channel, []) if one.member is not apart_from})

    def take(self, report: AccountReport, now_ns: int) -> None:
        """Take note of what happened."""
        match report:
            case OrderReport():
                self._orders.append(report)
            case BalanceReport():
                self._begin_to_gather(now_ns)
                self._balances[report.currency] = report
            case PositionReport():
                self._begin_to_gather(now_ns)
                self._positions[report.symbol] = report

    def publish(self, now_ns: int) -> None:
        """Send what is due: events before the regular snapshots that coincide with them."""
        if self._orders:
            self._publish_orders(now_ns)
        if self._since_ns and now_ns - self._since_ns >= _GATHER_NS:
            self._publish_changes(now_ns)
        for channel in ("account", "positions"):
            for one in self._listeners.get(channel, []):
                if one.wanted.interval_ms and now_ns >= one.regular_ns:
                    one.regular_ns = now_ns + one.wanted.interval_ms * NS_PER_MS
                    self._send(one, self._openings[channel](one.wanted, now_ns))

    def _begin_to_gather(self, now_ns: int) -> None:
        self._since_ns = self._since_ns or now_ns

    def _publish_orders(self, now_ns: int) -> None:
        reports, self._orders = self._orders, []
        for report in reports:
            # Taken even if nobody listens, so that the next amendment finds no other's id.
            req_id = self._entry.req_id(report)
            listeners = [
                one for one in self._listeners.get("orders", []) if self._concerns(one.wanted, report)
            ]
            if listeners:
                row = self._order_row(report, req_id)
                for one in listeners:
                    self._send(one, [push(self._arg(one.wanted), [row])])
        traded = [report.fill for report in reports if report.fill is not None]
        if traded and self._listeners.get("balance_and_position"):
            trades = [{"instId": fill.symbol, "tradeId": str(fill.trade_id)} for fill in traded]
            row = self._both_row(
                "filled", list(self._balances.values()), list(self._positions.values()), trades, now_ns
            )
            for one in self._listeners["balance_and_position"]:
                self._send(one, [push(self._arg(one.wanted), [row])])

    def _publish_changes(self, now_ns: int) -> None:
        balances, self._balances = self._balances, {}
        positions, self._positions = self._positions, {}
        self._since_ns = 0
        for one in self._listeners.get("account", []):
            chosen = [report for report in balances.values() if one.wanted.ccy in {"", report.currency}]
            if chosen:
                row = balance_row(chosen, self._floor.usd_price, now_ns)
                self._send(one, [push(self._arg(one.wanted), [row], eventType="event_update")])
        for one in self._listeners.get("positions", []):
            for report in positions.values():
                if self._wants_position(one.wanted, report):
                    arg = {**self._arg(one.wanted), "instId": report.symbol}
                    rows = [self._position_row(report, now_ns)]
                    self._send(one, [push(arg, rows, eventType="event_update")])

    def _account_snapshot(self, wanted: Subscription, now_ns: int) -> list[bytes]:
        balances = [
            balance
            for balance in self._floor.exchange.balances(self._uid)
            if wanted.ccy in {"", balance.currency} and (balance.cash or balance.frozen)
        ]
        row = balance_row(balances, self._floor.usd_price, now_ns)
        return [push(self._arg(wanted), [row], eventType="snapshot", curPage=1, lastPage=True)]

    def _position_snapshot(self, wanted: Subscription, now_ns: int) -> list[bytes]:
        rows = [
            self._position_row(report, now_ns)
            for report in self._floor.exchange.positions(self._uid)
            if report.size and self._wants_position(wanted, report)
        ]
        pages = [rows[first : first + _PAGE] for first in range(0, len(rows), _PAGE)] or [[]]
        return [
            push(self._arg(wanted), page, eventType="snapshot", curPage=number, lastPage=number == len(pages))
            for number, page in enumerate(pages, 1)
        ]

    def _both_snapshot(self, wanted: Subscription, now_ns: int) -> list[bytes]:
        balances = [balance for balance in self._floor.exchange.balances(self._uid) if balance.cash]
        positions = [report for report in self._floor.exchange.positions(self._uid) if report.size]
        row = self._both_row("snapshot", balances, positions, [], now_ns)
        return [push(self._arg(wanted), [row])]

    def _order_row(self, report: OrderReport, req_id: str) -> Row:
        symbol = report.order.request.symbol
        return order_event_row(
            self._floor.instrument(symbol),
            report,
            leverage=self._floor.leverage(self._uid, symbol),
            last_price=self._floor.last_price(symbol),
            req_id=req_id,
        )

    def _position_row(self, report: PositionReport, now_ns: int) -> Row:
        instrument = self._floor.instrument(report.symbol)
        row = position_row(instrument, report, self._floor.last_price(report.symbol))
        return {**row, "pTime": milliseconds(now_ns)}

    def _both_row(
        self,
        event: str,
        balances: list[BalanceReport],
        positions: list[PositionReport],
        trades: list[dict[str, str]],
        now_ns: int,
    ) -> Row:
        full = [self._position_row(report, now_ns) for report in positions]
        return {
            "pTime": milliseconds(now_ns),
            "eventType": event,
            "balData": [
                {"ccy": one.currency, "cashBal": plain(one.cash), "uTime": milliseconds(one.ns)}
                for one in balances
            ],
            "posData": [{name: row[name] for name in _BOTH_POSITION} for row in full],
            "trades": trades,
        }

    def _concerns(self, wanted: Subscription, report: OrderReport) -> bool:
        return self._covers(wanted, report.order.request.symbol)

    def _wants_position(self, wanted: Subscription, report: PositionReport) -> bool:
        return self._covers(wanted, report.symbol)

    def _covers(self, wanted: Subscription, symbol: str) -> bool:
        instrument = self._floor.instrument(symbol)
        is_swap = instrument.kind is InstrumentKind.SWAP
        family = f"{instrument.base}-{instrument.quote}" if is_swap else ""
        return (
            wanted.inst_type in {"ANY", inst_type(instrument)}
            and wanted.inst_id in {"", symbol}
            and wanted.inst_family in {"", family}
        )

    def _arg(self, wanted: Subscription) -> dict[str, str]:
        return {**wanted.arg, "uid": self._uid}

    def _send(self, one: _Listener, frames: list[bytes]) -> None:
        for frame in frames:
            one.member.send(frame)


_BOTH_POSITION: Final = (
    "posId",
    "tradeId",
    "instId",
    "instType",
    "mgnMode",
    "avgPx",
    "ccy",
    "posSide",
    "pos",
    "posCcy",
    "nonSettleAvgPx",
    "settledPnl",
    "baseBal",
    "quoteBal",
    "uTime",
)
