"""Trading floors for tests: the built-in accounts, a clock that stands still, a market with nobody in it."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from botkit.clock import SimClock
from botkit.model.instrument import Instrument
from botkit.sim.exchange import SimExchange
from botkit.sim.listing import LISTED
from botkit.venues.okx.emulator.accounts import BUILT_IN, Accounts, User
from botkit.venues.okx.emulator.answers import Answer
from botkit.venues.okx.emulator.auth import Caller, SignedRequest
from botkit.venues.okx.emulator.channels import BUSINESS, PRIVATE, PUBLIC
from botkit.venues.okx.emulator.endpoints import account, asset, market, public, trade
from botkit.venues.okx.emulator.entry import OrderEntry
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.hub import Hub
from botkit.venues.okx.emulator.rest import Rest
from botkit.venues.okx.emulator.session import Session

__all__ = ["BUSINESS", "NOON_NS", "PRIVATE", "PUBLIC", "Desk", "Listener", "caller", "iso", "mac"]

NOON_NS = 1_795_176_000_000_000_000
"""2026-11-20T12:00:00Z."""


class Listener:
    """Somebody who is sent frames and keeps them."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def send(self, frame: bytes) -> None:
        """Take a frame."""
        self.frames.append(json.loads(frame))

    def taken(self) -> list[dict[str, Any]]:
        """Return the frames since the last call."""
        frames, self.frames = self.frames, []
        return frames


class Reply:
    """An HTTP answer as a client reads it."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.body: dict[str, Any] = json.loads(answer.encode())


class Client:
    """A session and its frames, read."""

    def __init__(self, desk: Desk, url: str, address: str = "127.0.0.1") -> None:
        self.listener = Listener()
        self._desk = desk
        self.session = Session(
            desk.floor,
            desk.entry,
            desk.hub,
            self.listener,
            url=url,
            conn_id="0000abcd",
            address=address,
        )

    def say(self, request: object) -> list[dict[str, Any]]:
        """Send a request; return the frames that answer it."""
        text = request if isinstance(request, str) else json.dumps(request)
        return [json.loads(frame) for frame in self.session.receive(text, self._desk.floor.now_ns())]

    def log_in(self, label: str = "trader") -> Client:
        """Log in with a built-in key."""
        key = caller(label).key
        timestamp = str(self._desk.floor.now_ns() // 1_000_000_000)
        sign = mac(key.secret, f"{timestamp}GET/users/self/verify")
        arg = {"apiKey": key.key, "passphrase": key.passphrase, "timestamp": timestamp, "sign": sign}
        (said,) = self.say({"op": "login", "args": [arg]})
        assert said["event"] == "login"
        return self

    def listen(self, *args: dict[str, str]) -> list[dict[str, Any]]:
        """Subscribe; return the frames that follow at once."""
        return self.say({"op": "subscribe", "args": list(args)})

    def order(self, op: str, *args: dict[str, Any], **root: Any) -> dict[str, Any]:
        """Send an order operation; return its acknowledgement, and let what follows be sent."""
        (ack,) = self.say({"id": "1", "op": op, "args": list(args), **root})
        self._desk.hub.advance()
        return ack


class Desk:
    """A floor with everything on it that has no socket."""

    def __init__(
        self,
        users: tuple[User, ...] = BUILT_IN,
        listed: tuple[Instrument, ...] = LISTED,
        *,
        names_instruments: bool = False,
        offset_s: float = 0.0,
    ) -> None:
        self.clock = SimClock(NOON_NS)
        self.exchange = SimExchange(listed, start_ns=NOON_NS)
        self.floor = Floor(
            self.exchange,
            Accounts(users),
            self.clock,
            clock_offset_ns=round(offset_s * 1e9),
            names_instruments=names_instruments,
        )
        self.entry = OrderEntry(self.floor)
        self.hub = Hub(self.floor, self.entry)
        routes = public.ROUTES + market.ROUTES + account.ROUTES + trade.ROUTES + asset.ROUTES
        self.rest = Rest(self.floor, self.entry, routes)

    def wait(self, seconds: float) -> None:
        """Let time pass and everything happen that follows from it."""
        self.clock.advance_to(self.clock.now_ns() + round(seconds * 1e9))
        self.hub.advance()

    def connect(self, url: str, address: str = "127.0.0.1") -> Client:
        """Return a new WebSocket connection."""
        return Client(self, url, address)

    def get(self, path: str, label: str = "", **params: str) -> Reply:
        """Answer a GET, signed if there is a label."""
        target = f"/api/v5/{path}" + (f"?{urlencode(params)}" if params else "")
        return Reply(self.rest.answer(self._request("GET", target, b"", label)))

    def post(self, path: str, body: object, label: str = "trader", **headers: str) -> Reply:
        """Answer a signed POST, and let what follows be sent."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.rest.answer(self._request("POST", f"/api/v5/{path}", text, label, **headers))
        self.hub.advance()
        return Reply(answer)

    def rows(self, path: str, label: str = "", **params: str) -> Any:
        """Return the data of a GET that is answered."""
        body = self.get(path, label, **params).body
        assert body["code"] == "0", body
        return body["data"]

    def place(self, label: str = "trader", **terms: Any) -> dict[str, Any]:
        """Place a spot limit order unless `terms` say otherwise; return the item of the answer."""
        usual = {
            "instId": "BTC-USDT",
            "tdMode": "cash",
            "side": "buy",
            "ordType": "limit",
            "sz": "0.1",
            "px": "60000",
        }
        item = {name: value for name, value in {**usual, **terms}.items() if value is not None}
        body = self.post("trade/order", item, label).body
        told: dict[str, Any] = body["data"][0] if body["data"] else body
        return told

    def quote(
        self, bid: str = "59999.9", ask: str = "60000.1", size: str = "1", symbol: str = "BTC-USDT"
    ) -> None:
        """Let the second trader stand on both sides of a market."""
        is_spot = symbol.count("-") == 1
        for side, price in (("buy", bid), ("sell", ask)):
            terms = {"side": side, "px": price, "sz": size if is_spot else str(Decimal(size) * 100)}
            mode = "cash" if is_spot else "cross"
            assert self.place("trader-2", instId=symbol, tdMode=mode, **terms)["sCode"] == "0"

    def _request(self, method: str, target: str, body: bytes, label: str, **more: str) -> SignedRequest:
        headers = {"Content-Type": "application/json"} | more
        if label:
            key = caller(label).key
            timestamp = iso(self.floor.now_ns())
            headers |= {
                "OK-ACCESS-KEY": key.key,
                "OK-ACCESS-PASSPHRASE": key.passphrase,
                "OK-ACCESS-TIMESTAMP": timestamp,
                "OK-ACCESS-SIGN": mac(key.secret, f"{timestamp}{method}{target}{body.decode()}"),
            }
        return SignedRequest(method=method, target=target, headers=headers, body=body, address="127.0.0.1")


def caller(label: str) -> Caller:
    """Return the built-in user whose key has that label."""
    for user in BUILT_IN:
        for key in user.keys:
            if key.label == label:
                return Caller(user, key)
    raise LookupError(label)


def iso(ns: int) -> str:
    """Return a moment as requests are stamped."""
    moment = datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns // 1_000_000 % 1000:03d}Z"


def mac(secret: str, text: str) -> str:
    """Return the signature of a text."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), "sha256").digest()).decode()
