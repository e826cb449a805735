"""python-okx as it comes, pointed at the emulator: only its addresses are changed.

It speaks TLS or nothing over WebSocket, so the emulator does too, with a
certificate that this test alone trusts.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from okx.Account import AccountAPI
from okx.MarketData import MarketAPI
from okx.PublicData import PublicAPI
from okx.Trade import TradeAPI
from okx.websocket.WsPrivateAsync import WsPrivateAsync
from okx.websocket.WsPublicAsync import WsPublicAsync

from tests.conformance.exchanges import WAIT_S, Place, open_exchange

pytestmark = [
    pytest.mark.asyncio,
    # It hands its bodies to httpx in a way that httpx has deprecated.
    pytest.mark.filterwarnings(
        "ignore:Use 'content=<...>' to upload raw bytes/text content:DeprecationWarning"
    ),
    # It stamps its requests with a call that Python deprecates from 3.12 on.
    pytest.mark.filterwarnings(r"ignore:datetime\.datetime\.utcnow\(\) is deprecated:DeprecationWarning"),
]


@pytest_asyncio.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    # Where both of its libraries look for authorities.
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with open_exchange(context) as place:
        yield place


class Rest:
    """Its REST interfaces; they block, so they are called in a thread."""

    def __init__(self, place: Place) -> None:
        key = (place.trader["key"], place.trader["secret"], place.trader["passphrase"])
        where = {"domain": place.rest, "flag": "0", "debug": False}
        self.public = PublicAPI(**where)
        self.market = MarketAPI(**where)
        self.account = AccountAPI(*key, None, **where)
        self.trade = TradeAPI(*key, None, **where)

    def close(self) -> None:
        """Close their connections."""
        for interface in (self.public, self.market, self.account, self.trade):
            interface.close()


async def over_rest(place: Place, work: Callable[[Rest], Any]) -> Any:
    """Do blocking work with the REST interfaces."""

    def do() -> Any:
        rest = Rest(place)
        try:
            return work(rest)
        finally:
            rest.close()

    return await asyncio.to_thread(do)


def data(answer: dict[str, Any]) -> list[Any]:
    """Return the rows of an answer that is none of refusal."""
    assert answer["code"] == "0", answer
    rows: list[Any] = answer["data"]
    return rows


def far_below(rest: Rest) -> str:
    """Return a price at which nobody sells."""
    return f"{float(data(rest.market.get_ticker('BTC-USDT'))[0]['bidPx']) * 0.97:.1f}"


LIMIT = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01"}


async def test_the_market_is_read(place: Place) -> None:
    def work(rest: Rest) -> None:
        (time,) = data(rest.public.get_system_time())
        (ticker,) = data(rest.market.get_ticker("BTC-USDT"))
        (book,) = data(rest.market.get_orderbook("BTC-USDT", sz="5"))

        assert abs(int(time["ts"]) - place.emulator.floor.now_ns() // 10**6) < 5000
        assert [row["instId"] for row in data(rest.public.get_instruments("SPOT"))] == [
            "BTC-USDT",
            "ETH-USDT",
        ]
        assert float(ticker["bidPx"]) < float(ticker["askPx"])
        assert (len(book["bids"]), len(book["asks"])) == (5, 5)
        assert len(data(rest.market.get_candlesticks("BTC-USDT", limit="50"))) == 50

    await over_rest(place, work)


async def test_the_account_is_read(place: Place) -> None:
    def work(rest: Rest) -> None:
        (config,) = data(rest.account.get_account_config())
        (balance,) = data(rest.account.get_account_balance("BTC,USDT"))

        assert config["perm"] == "read_only,trade"
        assert {one["ccy"]: one["availBal"] for one in balance["details"]} == {"USDT": "100000", "BTC": "1"}

    await over_rest(place, work)


async def test_a_limit_order_lives_and_is_canceled(place: Place) -> None:
    def work(rest: Rest) -> None:
        (placed,) = data(rest.trade.place_order(**LIMIT, px=far_below(rest), clOrdId="mine"))
        (working,) = data(rest.trade.get_order("BTC-USDT", clOrdId="mine"))
        (amended,) = data(rest.trade.amend_order("BTC-USDT", clOrdId="mine", newSz="0.02", reqId="r1"))
        (listed,) = data(rest.trade.get_order_list(instType="SPOT"))
        (canceled,) = data(rest.trade.cancel_order("BTC-USDT", ordId=placed["ordId"]))
        (over,) = data(rest.trade.get_order("BTC-USDT", ordId=placed["ordId"]))

        assert (working["state"], working["ordId"]) == ("live", placed["ordId"])
        assert (amended["reqId"], listed["sz"]) == ("r1", "0.02")
        assert (canceled["sCode"], over["state"]) == ("0", "canceled")
        assert data(rest.trade.get_order_list()) == []

    await over_rest(place, work)


async def test_an_order_that_takes_is_filled(place: Place) -> None:
    def work(rest: Rest) -> None:
        (ticker,) = data(rest.market.get_ticker("BTC-USDT"))
        price = f"{float(ticker['askPx']) * 1.01:.1f}"
        (placed,) = data(rest.trade.place_order(**LIMIT, px=price))
        (order,) = data(rest.trade.get_order("BTC-USDT", ordId=placed["ordId"]))
        fills = data(rest.trade.get_fills(instType="SPOT"))

        assert (order["state"], order["accFillSz"]) == ("filled", "0.01")
        assert sum(float(fill["fillSz"]) for fill in fills) == pytest.approx(0.01)
        assert [row["ordId"] for row in data(rest.trade.get_orders_history("SPOT"))] == [placed["ordId"]]

    await over_rest(place, work)


async def test_several_orders_go_in_one_request(place: Place) -> None:
    def work(rest: Rest) -> None:
        price = far_below(rest)
        both = data(rest.trade.place_multiple_orders([{**LIMIT, "px": price}, {**LIMIT, "px": price}]))
        named = [{"instId": "BTC-USDT", "ordId": one["ordId"]} for one in both]
        canceled = data(rest.trade.cancel_multiple_orders(named))

        assert [one["sCode"] for one in (*both, *canceled)] == ["0"] * 4

    await over_rest(place, work)


async def test_a_refusal_is_returned(place: Place) -> None:
    def work(rest: Rest) -> None:
        refused = rest.trade.place_order(**{**LIMIT, "sz": "1000"}, px=far_below(rest))
        unknown = rest.trade.get_order("BTC-USDT", clOrdId="nobodys")

        assert (refused["code"], refused["data"][0]["sCode"]) == ("1", "51008")
        assert (unknown["code"], unknown["data"]) == ("51603", [])

    await over_rest(place, work)


class Heard:
    """Frames as its callback hears them."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def __call__(self, text: str) -> None:
        self._frames.put_nowait(json.loads(text))

    async def first(self, **wanted: str) -> dict[str, Any]:
        """Return the next frame with that event, or on that channel."""
        async with asyncio.timeout(WAIT_S):
            while True:
                frame = await self._frames.get()
                if "event" in wanted or "op" in wanted:
                    is_wanted = wanted.items() <= frame.items()
                else:
                    is_wanted = "data" in frame and wanted.items() <= frame.get("arg", {}).items()
                if is_wanted:
                    return frame


async def test_the_market_is_heard(place: Place) -> None:
    heard, client = Heard(), WsPublicAsync(url=place.public)
    listening = await client.start()

    channels = [{"channel": name, "instId": "BTC-USDT"} for name in ("trades", "books", "tickers")]
    await client.subscribe(channels, heard, id="7")

    assert (await heard.first(event="subscribe"))["id"] == "7"
    assert (await heard.first(channel="books"))["action"] == "snapshot"
    assert (await heard.first(channel="books"))["action"] == "update"
    assert float((await heard.first(channel="trades"))["data"][0]["sz"]) > 0
    await client.stop()
    await listening


async def test_orders_are_heard_and_sent(place: Place) -> None:
    heard = Heard()
    client = WsPrivateAsync(
        place.trader["key"], place.trader["passphrase"], place.trader["secret"], url=place.private
    )
    listening = await client.start()
    client.callback = heard
    await client.login()
    assert (await heard.first(event="login"))["code"] == "0"
    await client.login()  # as it does before each subscription, and sleeps for five seconds
    assert (await heard.first(event="error"))["code"] == "60031"
    await client.send("subscribe", [{"channel": "orders", "instType": "ANY"}])
    await heard.first(event="channel-conn-count")
    price, code = await over_rest(
        place,
        lambda rest: (
            far_below(rest),
            data(rest.public.get_instruments("SPOT", instId="BTC-USDT"))[0]["instIdCode"],
        ),
    )

    terms = {name: value for name, value in LIMIT.items() if name != "instId"}
    await client.place_order([{**terms, "instIdCode": code, "px": price, "clOrdId": "mine"}], id="1")
    placed, live = await heard.first(op="order"), await heard.first(channel="orders")
    await client.cancel_order([{"instIdCode": code, "clOrdId": "mine"}], id="2")
    canceled = await heard.first(channel="orders")

    assert placed["data"][0]["sCode"] == "0"
    assert [frame["data"][0]["state"] for frame in (live, canceled)] == ["live", "canceled"]
    await client.stop()
    await listening
