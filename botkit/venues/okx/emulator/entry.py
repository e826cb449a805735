"""Order entry: place, amend and cancel, the same over REST and over WebSocket."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from botkit.model.duration import NS_PER_MS
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side
from botkit.sim.types import (
    OrderReport,
    OrderRequest,
    OrderState,
    ReportKind,
    SelfTradePrevention,
    SimRefusal,
    SimRefused,
)
from botkit.venues.okx.emulator.answers import Refused, Verdict
from botkit.venues.okx.emulator.auth import Caller
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.params import Params
from botkit.venues.okx.emulator.rates import BATCH, SINGLE, SUB_ACCOUNT
from botkit.venues.okx.emulator.wire import milliseconds, parse_id

__all__ = ["ID", "Find", "OrderEntry", "check_deadline"]

ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_TAG: Final = re.compile(r"[A-Za-z0-9]{1,16}")
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_LIMIT, _MARKET = OrderType.LIMIT, OrderType.MARKET
_ORD_TYPES: Final = {
    "limit": (_LIMIT, TimeInForce.GTC),
    "post_only": (_LIMIT, TimeInForce.GTC),
    "ioc": (_LIMIT, TimeInForce.IOC),
    "fok": (_LIMIT, TimeInForce.FOK),
    "market": (_MARKET, TimeInForce.IOC),
}
_TD_MODES: Final = {InstrumentKind.SPOT: {"cash"}, InstrumentKind.SWAP: {"cross"}}
_STP_MODES: Final = {mode.value: mode for mode in SelfTradePrevention}
_MOST_IN_BATCH: Final = 20

# Why the simulated exchange refuses, in the codes of OKX: when placing, and where amending differs.
_REFUSALS: Final = {
    SimRefusal.UNKNOWN_ACCOUNT: "51001",
    SimRefusal.UNKNOWN_INSTRUMENT: "51001",
    SimRefusal.NOT_LIVE: "51022",
    SimRefusal.DUPLICATE_CLIENT_ID: "51016",
    SimRefusal.NOT_A_LOT: "51121",
    SimRefusal.BELOW_MINIMUM: "51020",
    SimRefusal.ABOVE_MAXIMUM: "51005",
    SimRefusal.OFF_TICK: "51150",
    SimRefusal.NO_POSITION: "51169",
    SimRefusal.SAME_SIDE_AS_POSITION: "51170",
    SimRefusal.LARGER_THAN_POSITION: "51112",
    SimRefusal.TOO_MANY_ORDERS: "51102",
    SimRefusal.UNKNOWN_ORDER: "51503",
    SimRefusal.ALREADY_DONE: "51503",
    SimRefusal.NOT_AMENDABLE: "51506",
    SimRefusal.NOTHING_TO_AMEND: "51500",
    SimRefusal.WOULD_CROSS: "51511",
}

Find = Callable[[Params], Instrument]
"""How a request says which instrument it means."""

Act = Callable[[Caller, Params, Instrument], OrderState]


class OrderEntry:
    """Checks what is asked for, counts it, and passes it on to the simulated exchange."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._req_ids: dict[int, str] = {}

    def req_id(self, report: OrderReport) -> str:
        """Return the client's id of the amendment that a report tells of; empty if it tells of none."""
        return self._req_ids.pop(report.order.order_id, "") if report.kind is ReportKind.AMENDED else ""

    def place(self, caller: Caller, items: Sequence[Params], find: Find) -> list[Verdict]:
        """Place up to twenty orders.

        Raises:
            Refused: If there are more, or they come too fast; nothing has been placed.

        """
        _check_count(items, "51111")
        self._count("place", caller, items, find)
        return [self._judge(self._place, caller, item, find, ("tag", "subCode")) for item in items]

    def cancel(self, caller: Caller, items: Sequence[Params], find: Find) -> list[Verdict]:
        """Cancel up to twenty orders.

        Raises:
            Refused: If there are more, or they come too fast; nothing has been canceled.

        """
        _check_count(items, "51406")
        self._count("cancel", caller, items, find)
        return [self._judge(self._cancel, caller, item, find, ("ordId",)) for item in items]

    def amend(self, caller: Caller, items: Sequence[Params], find: Find) -> list[Verdict]:
        """Amend up to twenty orders.

        Raises:
            Refused: If there are more, or they come too fast; nothing has been amended.

        """
        _check_count(items, "51501")
        self._count("amend", caller, items, find)
        named = Counter((item.echo("ordId"), item.echo("clOrdId")) for item in items)
        twice = {name for name, times in named.items() if times > 1}

        def act(caller: Caller, item: Params, instrument: Instrument) -> OrderState:
            if (item.echo("ordId"), item.echo("clOrdId")) in twice:
                raise Refused("51512")
            return self._amend(caller, item, instrument)

        return [self._judge(act, caller, item, find, ("ordId", "reqId", "subCode")) for item in items]

    def _count(self, verb: str, caller: Caller, items: Sequence[Params], find: Find) -> None:
        now_ns, uid = self._floor.now_ns(), caller.user.uid
        wanted: Counter[str] = Counter()
        swaps = 0
        for item in items:
            try:
                instrument = find(item)
            except Refused:  # it names no instrument whose limit could count; its own turn comes
                continue
            wanted[instrument.symbol] += 1
            swaps += instrument.kind is InstrumentKind.SWAP
        rate, bucket = (SINGLE, verb) if len(items) == 1 else (BATCH, f"{verb} in batches")
        for symbol, orders in wanted.items():
            self._floor.rates.take(rate, (bucket, uid, symbol), now_ns, cost=orders)
        if swaps and verb != "cancel" and not caller.user.is_master:
            self._floor.rates.take(SUB_ACCOUNT, ("sub-account", uid), now_ns, cost=swaps)

    def _judge(self, act: Act, caller: Caller, item: Params, find: Find, echoed: Sequence[str]) -> Verdict:
        """Do one item and say what became of it; of a failure only the client's id and `echoed` are known."""
        row: dict[str, object] = {"ordId": "", "clOrdId": item.echo("clOrdId")}
        row |= {name: item.echo(name) for name in echoed}
        try:
            order = act(caller, item, find(item))
        except Refused as refused:
            row |= {"ts": milliseconds(self._floor.now_ns()), "sCode": refused.code, "sMsg": refused.text}
            if "subCode" in row:
                row["subCode"] = refused.sub_code
            return Verdict(row, refused.code)
        row |= {
            "ordId": str(order.order_id),
            "clOrdId": order.request.client_order_id,
            "ts": milliseconds(order.created_ns),
            "sCode": "0",
            "sMsg": "Order placed" if "tag" in row else "",
        }
        return Verdict(row)

    def _place(self, caller: Caller, item: Params, instrument: Instrument) -> OrderState:
        request = self._request(caller.user.uid, item, instrument)
        try:
            return self._floor.exchange.submit(request, self._floor.now_ns())
        except SimRefused as refused:
            raise self._translated(refused, instrument, request.side) from None

    def _request(self, uid: str, item: Params, instrument: Instrument) -> OrderRequest:
        is_spot = instrument.kind is InstrumentKind.SPOT
        item.one_of("tdMode", _TD_MODES[instrument.kind])
        side = _SIDES[item.one_of("side", _SIDES)]
        word = item.one_of("ordType", _ORD_TYPES)
        order_type, time_in_force = _ORD_TYPES[word]
        item.one_of("posSide", {"", "net"}, default="")
        item.one_of("tradeQuoteCcy", {"", instrument.quote}, default="")
        size = item.positive("sz")
        in_quote = is_spot and order_type is _MARKET and _is_in_quote(item, side)
        if item.is_given("attachAlgoOrds"):
            raise Refused("51000", "attachAlgoOrds")
        stp = _STP_MODES[item.one_of("stpMode", _STP_MODES, default="cancel_maker")]
        if stp is SelfTradePrevention.CANCEL_BOTH and word == "fok":
            raise Refused("50016", "stpMode", "ordType")
        return OrderRequest(
            account=uid,
            symbol=instrument.symbol,
            side=side,
            type=order_type,
            size=size if in_quote else instrument.from_contracts(size),
            limit_price=self._limit_price(item, instrument, side) if order_type is _LIMIT else None,
            time_in_force=time_in_force,
            post_only=word == "post_only",
            reduce_only=item.flag("reduceOnly") and not is_spot,
            size_in_quote=in_quote,
            client_order_id=item.matching("clOrdId", ID),
            tag=item.matching("tag", _TAG),
            stp=stp,
        )

    def _limit_price(self, item: Params, instrument: Instrument, side: Side) -> Decimal:
        price = item.number("px")
        if price is None:
            raise Refused("51204")
        if price <= 0:
            raise Refused("51000", "px")
        bound = self._floor.exchange.price_limit(instrument.symbol, side)
        if item.one_of("pxAmendType", {"0", "1"}, default="0") == "1" and bound is not None:
            price = min(price, bound) if side is Side.BUY else max(price, bound)
        return price

    def _cancel(self, caller: Caller, item: Params, instrument: Instrument) -> OrderState:
        order = self._named_order(caller, item, instrument, neither="51407", unknown="51400")
        try:
            return self._floor.exchange.cancel(caller.user.uid, order.order_id, self._floor.now_ns())
        except SimRefused:
            raise Refused("51400") from None

    def _amend(self, caller: Caller, item: Params, instrument: Instrument) -> OrderState:
        uid, exchange = caller.user.uid, self._floor.exchange
        order = self._named_order(caller, item, instrument, neither="51003", unknown="51503")
        size = item.positive("newSz") if item.is_given("newSz") else None
        price = item.positive("newPx") if item.is_given("newPx") else None
        req_id, gives_up = item.matching("reqId", ID), item.flag("cxlOnFail")
        if size is not None:
            size = instrument.from_contracts(size)
        self._req_ids[order.order_id] = req_id
        try:
            return exchange.amend(uid, order.order_id, self._floor.now_ns(), size=size, limit_price=price)
        except SimRefused as refused:
            del self._req_ids[order.order_id]
            if gives_up:
                with contextlib.suppress(SimRefused):  # it may be over, which is why it was not amended
                    exchange.cancel(uid, order.order_id, self._floor.now_ns())
            raise self._translated(refused, instrument, order.request.side) from None

    def _named_order(
        self, caller: Caller, item: Params, instrument: Instrument, *, neither: str, unknown: str
    ) -> OrderState:
        named, client_id = item.text("ordId"), item.text("clOrdId")
        if not named and not client_id:
            raise Refused(neither)
        order = self._floor.order(caller.user.uid, named, client_id)
        if order is None or order.request.symbol != instrument.symbol:
            raise Refused(unknown)
        return order

    def _translated(self, refused: SimRefused, instrument: Instrument, side: Side) -> Refused:
        match refused.reason:
            case SimRefusal.INSUFFICIENT_BALANCE:
                currency = instrument.quote if side is Side.BUY else instrument.base
                return Refused("51008", currency, sub_code="51008_1000")
            case SimRefusal.INSUFFICIENT_MARGIN:
                return Refused("51008", instrument.quote, sub_code="51008_1001")
            case SimRefusal.OUTSIDE_PRICE_LIMIT:
                bound = self._floor.exchange.price_limit(instrument.symbol, side)
                return Refused("51137" if side is Side.BUY else "51138", bound)
            case SimRefusal.BAD_TERMS:
                return Refused("51000", refused.detail)
            case reason:
                return Refused(_REFUSALS[reason])


def check_deadline(deadline: str, now_ns: int) -> None:
    """Refuse what has come too late.

    Args:
        deadline: Milliseconds since 1970; empty if there is none.
        now_ns: When it came.

    Raises:
        Refused: 50036 if the deadline has passed, 51000 if it is no number.

    """
    if not deadline:
        return
    moment = parse_id(deadline)
    if moment is None:
        raise Refused("51000", "expTime")
    if moment * NS_PER_MS < now_ns:
        raise Refused("50036")


def _is_in_quote(item: Params, side: Side) -> bool:
    usual = "quote_ccy" if side is Side.BUY else "base_ccy"
    return item.one_of("tgtCcy", {"base_ccy", "quote_ccy"}, default=usual) == "quote_ccy"


def _check_count(items: Sequence[Params], code: str) -> None:
    if not items:
        raise Refused("50014", "args")
    if len(items) > _MOST_IN_BATCH:
        raise Refused(code)
