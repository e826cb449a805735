"""One WebSocket connection, without the socket: what the exchange answers to what it is sent.

    CONNECTED --login--> LOGGED IN        (a refused login closes with 4001)
    each request: form (60012) -> known (60019) -> allowed here (60028, 60011) -> done

Feed it each text that arrives with `receive` and send what it returns; close the
connection when `closing` says so. What is subscribed to comes from the hub.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Annotated, Final

import msgspec
import orjson

from botkit.model.duration import NS_PER_S
from botkit.model.instrument import Instrument
from botkit.venues.okx.emulator.accounts import TRADE
from botkit.venues.okx.emulator.answers import Refused, Verdict, acks
from botkit.venues.okx.emulator.auth import Caller, log_in
from botkit.venues.okx.emulator.channels import CHANNELS, COUNTED, PRIVATE, Member, Subscription, subscription
from botkit.venues.okx.emulator.entry import OrderEntry, check_deadline
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.hub import Hub
from botkit.venues.okx.emulator.params import Params

__all__ = ["LOGIN_FAILED", "Session"]

LOGIN_FAILED: Final = 4001
"""Close code after a refused login."""

_BUDGET: Final = 480
_BUDGET_NS: Final = 3600 * NS_PER_S
_MOST_CONNECTIONS: Final = 30


class _Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    op: str
    id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{1,32}$")] | None = None
    args: object = None
    deadline: str | int = msgspec.field(default="", name="expTime")

    def listed(self) -> list[object]:
        """Return the arguments, none if they are not in a list."""
        return self.args if isinstance(self.args, list) else []


class _Named(msgspec.Struct):
    id: str | None = None


_REQUESTS: Final = msgspec.json.Decoder(_Request)
_NAMES: Final = msgspec.json.Decoder(_Named)


class _OrderOp(msgspec.Struct, frozen=True):
    verb: Callable[[OrderEntry, Caller, Sequence[Params], Callable[[Params], Instrument]], list[Verdict]]
    is_batch: bool
    has_deadline: bool = True


_ORDER_OPS: Final = {
    "order": _OrderOp(OrderEntry.place, is_batch=False),
    "batch-orders": _OrderOp(OrderEntry.place, is_batch=True),
    "cancel-order": _OrderOp(OrderEntry.cancel, is_batch=False, has_deadline=False),
    "batch-cancel-orders": _OrderOp(OrderEntry.cancel, is_batch=True, has_deadline=False),
    "amend-order": _OrderOp(OrderEntry.amend, is_batch=False),
    "batch-amend-orders": _OrderOp(OrderEntry.amend, is_batch=True),
}


class Session:
    """What one connection has said so far.

    Attributes:
        closing: The code to close the connection with, None while it stays open.

    """

    def __init__(
        self,
        floor: Floor,
        entry: OrderEntry,
        hub: Hub,
        member: Member,
        *,
        url: str,
        conn_id: str,
        address: str,
    ) -> None:
        self.closing: int | None = None
        self._floor = floor
        self._entry = entry
        self._hub = hub
        self._member = member
        self._url = url
        self._conn_id = conn_id
        self._address = address
        self._caller: Caller | None = None
        self._subscriptions: dict[tuple[tuple[str, str], ...], Subscription] = {}
        self._requests: deque[int] = deque()
        self._ops: dict[str, Callable[[_Request, int], list[bytes]]] = {
            "login": self._login,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }

    def receive(self, text: str, now_ns: int) -> list[bytes]:
        """Return the frames that answer a text, in order."""
        if text == "ping":
            return [b"pong"]
        request, request_id = _parse(text)
        if request is None:
            return [self._error(Refused("60012", text), request_id)]
        if request.op in _ORDER_OPS:
            return [self._order(request, now_ns)]
        act = self._ops.get(request.op)
        if act is None:
            return [self._error(Refused("60019", request.op), request_id)]
        if not self._has_budget(now_ns):
            return [self._error(Refused("60014"), request_id)]
        return act(request, now_ns)

    def end(self) -> None:
        """Take the connection off every channel."""
        for known in self._subscriptions.values():
            self._hub.unsubscribe(self._member, known, self._caller)
        self._subscriptions.clear()

    def _login(self, request: _Request, now_ns: int) -> list[bytes]:
        if self._caller is not None:
            return [self._error(Refused("60031"))]
        try:
            self._caller = log_in(request.args, self._floor.accounts, self._address, now_ns)
        except Refused as refused:
            self.closing = LOGIN_FAILED
            return [self._error(refused)]
        return [self._event("login", None, code="0", msg="")]

    def _subscribe(self, request: _Request, now_ns: int) -> list[bytes]:
        frames: list[bytes] = []
        for arg in request.listed():
            try:
                wanted = self._allowed(arg)
            except Refused as refused:
                frames.append(self._error(refused, request.id))
                continue
            frames.append(self._event("subscribe", request.id, arg=wanted.arg))
            if wanted.name not in self._subscriptions:
                frames += self._join(wanted, now_ns)
        return frames or [self._error(Refused("60013"), request.id)]

    def _allowed(self, arg: object) -> Subscription:
        wanted = subscription(arg, self._url, self._floor)
        if CHANNELS[wanted.channel].login and self._caller is None:
            raise Refused("60011")
        return wanted

    def _join(self, wanted: Subscription, now_ns: int) -> list[bytes]:
        counts: list[bytes] = []
        if wanted.channel in COUNTED and self._caller is not None:
            others = self._hub.connections(wanted.channel, self._caller, apart_from=self._member)
            if others >= _MOST_CONNECTIONS:
                return [self._counted("channel-conn-count-error", wanted, others)]
            if not any(known.channel == wanted.channel for known in self._subscriptions.values()):
                counts.append(self._counted("channel-conn-count", wanted, others + 1))
        self._subscriptions[wanted.name] = wanted
        return counts + self._hub.subscribe(self._member, wanted, self._caller, now_ns)

    def _unsubscribe(self, request: _Request, _now_ns: int) -> list[bytes]:
        frames: list[bytes] = []
        for arg in request.listed():
            try:
                wanted = subscription(arg, self._url, self._floor)
            except Refused as refused:
                frames.append(self._error(refused, request.id))
                continue
            known = self._subscriptions.pop(wanted.name, None)
            if known is not None:
                self._hub.unsubscribe(self._member, known, self._caller)
            frames.append(self._event("unsubscribe", request.id, arg=wanted.arg))
        return frames or [self._error(Refused("60013"), request.id)]

    def _order(self, request: _Request, now_ns: int) -> bytes:
        try:
            verdicts = self._verdicts(request, _ORDER_OPS[request.op], now_ns)
            body = acks(verdicts, now_ns // 1000, self._floor.now_ns() // 1000)
            body["msg"] = ""
        except Refused as refused:
            out_us = self._floor.now_ns() // 1000
            times = {"inTime": str(now_ns // 1000), "outTime": str(out_us)}
            body = {"code": refused.code, "msg": refused.text, "data": [], **times}
        return orjson.dumps({"id": request.id or "", "op": request.op, **body})

    def _verdicts(self, request: _Request, op: _OrderOp, now_ns: int) -> list[Verdict]:
        if self._url != PRIVATE:
            raise Refused("60028", request.op)
        if self._caller is None:
            raise Refused("60011")
        if not self._caller.key.may(TRADE):
            raise Refused("50120")
        items = [Params(arg) for arg in request.listed() if isinstance(arg, dict)]
        is_whole = items and len(items) == len(request.listed())
        if request.id is None or not is_whole or (len(items) > 1 and not op.is_batch):
            raise Refused("60013")
        if op.has_deadline:
            check_deadline(str(request.deadline), now_ns)
        return op.verb(self._entry, self._caller, items, self._find)

    def _find(self, item: Params) -> Instrument:
        code = item.value("instIdCode")
        if code in (None, "") and self._floor.names_instruments and item.text("instId"):
            return self._floor.instrument(item.text("instId"))
        if code in (None, ""):
            raise Refused("50014", "instIdCode")
        return self._floor.instrument_of_code(int(code) if isinstance(code, str) and code.isdigit() else code)

    def _has_budget(self, now_ns: int) -> bool:
        while self._requests and self._requests[0] <= now_ns - _BUDGET_NS:
            self._requests.popleft()
        if len(self._requests) >= _BUDGET:
            return False
        self._requests.append(now_ns)
        return True

    def _event(self, event: str, request_id: str | None, **more: object) -> bytes:
        head = {"event": event} if request_id is None else {"id": request_id, "event": event}
        return orjson.dumps({**head, **more, "connId": self._conn_id})

    def _error(self, refused: Refused, request_id: str | None = None) -> bytes:
        return self._event("error", request_id, code=refused.code, msg=refused.text)

    def _counted(self, event: str, wanted: Subscription, count: int) -> bytes:
        return self._event(event, None, channel=wanted.channel, connCount=str(count))


def _parse(text: str) -> tuple[_Request | None, str | None]:
    """Return a request, None if its form is wrong; and its id, if that at least is right."""
    try:
        request = _REQUESTS.decode(text)
    except msgspec.DecodeError:
        try:
            return None, _NAMES.decode(text).id
        except msgspec.DecodeError:
            return None, None
    return request, request.id
