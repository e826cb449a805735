"""What can be subscribed to: every channel, its address, its arguments, and whether it needs a login."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec
import orjson

from botkit.venues.okx.emulator.answers import Refused, Row
from botkit.venues.okx.emulator.candles import BARS
from botkit.venues.okx.emulator.floor import Floor

__all__ = [
    "BUSINESS",
    "CHANNELS",
    "COUNTED",
    "PRIVATE",
    "PUBLIC",
    "Channel",
    "Member",
    "Subscription",
    "push",
    "subscription",
]

PUBLIC: Final = "public"
PRIVATE: Final = "private"
BUSINESS: Final = "business"

COUNTED: Final = frozenset(
    {"orders", "account", "positions", "balance_and_position", "liquidation-warning", "account-greeks"}
)
"""Channels whose connections are counted, and told about."""

_INST_TYPES: Final = frozenset({"SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS"})
_UPDATE_INTERVALS: Final = {"": 5000, "0": 0, "2000": 2000, "3000": 3000, "4000": 4000}


class Member(Protocol):
    """Somebody who listens: a connection, as feeds see it."""

    def send(self, frame: bytes) -> None:
        """Take a frame; never wait."""


class Channel(msgspec.Struct, frozen=True):
    """One channel.

    Attributes:
        url: The address it is served at.
        needs: The argument it cannot do without, `instId` or `instType`; empty if there is none.
        tier: Only for accounts that trade much more than the built-in ones.

    """

    url: str
    needs: str = "instId"
    login: bool = False
    tier: bool = False


CHANNELS: Final = {
    **{
        name: Channel(PUBLIC)
        for name in (
            "tickers",
            "trades",
            "books",
            "books5",
            "bbo-tbt",
            "mark-price",
            "funding-rate",
            "price-limit",
        )
    },
    "books-l2-tbt": Channel(PUBLIC, login=True, tier=True),
    "books50-l2-tbt": Channel(PUBLIC, login=True, tier=True),
    "instruments": Channel(PUBLIC, "instType"),
    "status": Channel(PUBLIC, ""),
    "orders": Channel(PRIVATE, "instType", login=True),
    "positions": Channel(PRIVATE, "instType", login=True),
    "account": Channel(PRIVATE, "", login=True),
    "balance_and_position": Channel(PRIVATE, "", login=True),
    "liquidation-warning": Channel(PRIVATE, "instType", login=True),
    "fills": Channel(PRIVATE, "", login=True, tier=True),
    "trades-all": Channel(BUSINESS),
    "orders-algo": Channel(BUSINESS, "instType", login=True),
    **{f"candle{bar}": Channel(BUSINESS) for bar in BARS},
}


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What one `arg` of a request asks for.

    Attributes:
        arg: As it is repeated in acknowledgements and pushes.
        inst_type: `ANY` for all.
        interval_ms: Between regular pushes of accounts and positions; 0 for none.

    """

    channel: str
    arg: dict[str, str]
    inst_id: str = ""
    inst_type: str = "ANY"
    inst_family: str = ""
    ccy: str = ""
    interval_ms: int = 0

    @property
    def name(self) -> tuple[tuple[str, str], ...]:
        """Return what two subscriptions to the same thing have in common."""
        return tuple(sorted(self.arg.items()))


def subscription(arg: object, url: str, floor: Floor) -> Subscription:
    """Read one `arg` that came in at an address.

    Raises:
        Refused: If there is no such channel, or not there, or not for that instrument.

    """
    if not isinstance(arg, dict) or not isinstance(arg.get("channel"), str):
        raise Refused("60013")
    texts = {name: value for name, value in arg.items() if isinstance(value, str) and value}
    if "uly" in texts:
        raise Refused("64000")
    channel = CHANNELS.get(texts.get("channel", ""))
    if channel is None:
        raise _no_such(texts)
    if channel.url != url:
        raise _wrong_address(channel.url, url, texts)
    if channel.needs and channel.needs not in texts:
        raise _no_such(texts)
    if "instId" in texts and not any(texts["instId"] == one.symbol for one in floor.instruments()):
        raise _no_such(texts)
    if channel.needs == "instType" and texts["instType"] not in _INST_TYPES | {"ANY"}:
        raise _no_such(texts)
    if channel.tier:
        raise Refused("64003")
    return Subscription(
        channel=texts["channel"],
        arg={name: value for name, value in texts.items() if name != "extraParams"},
        inst_id=texts.get("instId", ""),
        inst_type=texts.get("instType", "ANY"),
        inst_family=texts.get("instFamily", ""),
        ccy=texts.get("ccy", ""),
        interval_ms=_interval_ms(texts.get("extraParams", "")),
    )


def push(arg: Mapping[str, object], data: Sequence[Row | list[str]], **more: object) -> bytes:
    """Return a frame of data."""
    return orjson.dumps({"arg": arg, **more, "data": data})


def _no_such(texts: Mapping[str, str]) -> Refused:
    return Refused("60018", ", ".join(f"{name}:{value}" for name, value in texts.items()))


def _wrong_address(right: str, used: str, texts: Mapping[str, str]) -> Refused:
    if right == BUSINESS:
        return Refused("64001")
    return Refused("64002") if used == BUSINESS else _no_such(texts)


def _interval_ms(extra: str) -> int:
    if not extra:
        return _UPDATE_INTERVALS[""]
    try:
        wanted = orjson.loads(extra)
    except orjson.JSONDecodeError:
        raise Refused("60013") from None
    text = str(wanted.get("updateInterval", "")) if isinstance(wanted, dict) else ""
    return _UPDATE_INTERVALS.get(text, _UPDATE_INTERVALS[""])
