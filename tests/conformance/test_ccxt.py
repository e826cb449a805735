"""ccxt and ccxt.pro as they come, pointed at the emulator: only their addresses are changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import ccxt.pro
import pytest
import pytest_asyncio

from tests.conformance.exchanges import WAIT_S, Place, open_exchange

pytestmark = pytest.mark.asyncio

SPOT = "BTC/USDT"
SWAP = "BTC/USDT:USDT"


def a_client(place: Place, **changes: str) -> Any:
    credentials = {
        "apiKey": place.trader["key"],
        "secret": place.trader["secret"],
        "password": place.trader["passphrase"],
    }
    client = ccxt.pro.okx({**credentials, **changes, "enableRateLimit": False})
    client.urls["api"]["rest"] = place.rest
    client.urls["api"]["ws"] = place.websockets
    return client


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    async with open_exchange() as place:
        yield place


@pytest_asyncio.fixture
async def client(place: Place) -> AsyncIterator[Any]:
    client = a_client(place)
    await client.load_markets()
    try:
        yield client
    finally:
        await client.close()


async def soon(future: Any) -> Any:
    """Return what comes within seconds."""
    return await asyncio.wait_for(future, WAIT_S)


async def far_below(client: Any) -> float:
    """Return a price at which nobody sells."""
    ticker = await client.fetch_ticker(SPOT)
    return float(client.price_to_precision(SPOT, ticker["bid"] * 0.97))


async def test_markets_are_read(client: Any) -> None:
    assert set(client.markets) == {SPOT, "ETH/USDT", SWAP}
    assert client.markets[SPOT]["precision"] == {"amount": 1e-8, "price": 0.1}
    assert client.markets[SWAP]["contractSize"] == 0.01
    assert client.markets[SWAP]["linear"]


async def test_the_market_is_read(client: Any, place: Place) -> None:
    time_ms, ticker, book = (
        await client.fetch_time(),
        await client.fetch_ticker(SPOT),
        await client.fetch_order_book(SPOT),
    )
    candles = await client.fetch_ohlcv(SPOT, "1m", limit=50)
    trades = await client.fetch_trades(SPOT, limit=5)

    assert abs(time_ms - place.emulator.floor.now_ns() / 1e6) < 5000
    assert ticker["bid"] < ticker["ask"]
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert book["bids"][0][0] < book["asks"][0][0]
    assert len(book["bids"]) > 5
    assert len(candles) == 50
    assert {later[0] - earlier[0] for earlier, later in pairwise(candles)} == {60_000}
    assert all(low <= min(start, end) and max(start, end) <= high for _, start, high, low, end, _ in candles)
    assert all(trade["amount"] > 0 for trade in trades)


async def test_the_balance_is_read(client: Any) -> None:
    balance = await client.fetch_balance()

    assert balance["total"] == {"USDT": 100_000.0, "BTC": 1.0, "ETH": 10.0}
    assert balance["free"] == balance["total"]


async def test_a_limit_order_lives_and_is_canceled(client: Any) -> None:
    price = await far_below(client)

    placed = await client.create_order(SPOT, "limit", "buy", 0.01, price)
    working = await client.fetch_order(placed["id"], SPOT)
    listed = await client.fetch_open_orders(SPOT)
    await client.edit_order(placed["id"], SPOT, "limit", "buy", 0.02, price)
    edited = await client.fetch_order(placed["id"], SPOT)
    await client.cancel_order(placed["id"], SPOT)
    canceled = await client.fetch_order(placed["id"], SPOT)

    assert (working["status"], working["price"], working["amount"]) == ("open", price, 0.01)
    assert [order["id"] for order in listed] == [placed["id"]]
    assert (edited["amount"], edited["status"]) == (0.02, "open")
    assert canceled["status"] == "canceled"
    assert await client.fetch_open_orders(SPOT) == []


async def test_an_order_that_takes_is_filled_and_paid_for(client: Any) -> None:
    ticker = await client.fetch_ticker(SPOT)

    placed = await client.create_order(SPOT, "limit", "buy", 0.01, ticker["ask"] * 1.01)
    filled = await client.fetch_order(placed["id"], SPOT)
    trades = await client.fetch_my_trades(SPOT)
    balance = await client.fetch_balance()

    assert (filled["status"], filled["filled"]) == ("closed", 0.01)
    assert sum(trade["amount"] for trade in trades) == pytest.approx(0.01)
    assert {trade["order"] for trade in trades} == {placed["id"]}
    assert filled["fee"] == {"cost": pytest.approx(0.00001), "currency": "BTC"}
    assert balance["total"]["BTC"] == pytest.approx(1.00999)
    assert balance["total"]["USDT"] == pytest.approx(100_000 - filled["cost"])
    assert [order["id"] for order in await client.fetch_closed_orders(SPOT)] == [placed["id"]]


async def test_a_swap_is_traded_in_contracts(client: Any) -> None:
    await client.set_leverage(5, SWAP, {"mgnMode": "cross"})
    await client.create_order(SWAP, "market", "buy", 10, None, {"tdMode": "cross"})
    (position,) = await client.fetch_positions([SWAP])
    await client.create_order(SWAP, "market", "sell", 10, None, {"tdMode": "cross", "reduceOnly": True})

    assert (position["contracts"], position["side"], position["leverage"]) == (10.0, "long", 5.0)
    assert await client.fetch_positions() == []


async def test_several_orders_go_in_one_request(client: Any) -> None:
    price = await far_below(client)
    wanted = {"symbol": SPOT, "type": "limit", "side": "buy", "amount": 0.01, "price": price}

    placed = await client.create_orders([wanted, {**wanted, "amount": 0.02}])
    await client.cancel_orders([order["id"] for order in placed], SPOT)

    assert len({order["id"] for order in placed}) == 2
    assert await client.fetch_open_orders(SPOT) == []


async def test_refusals_are_understood(client: Any) -> None:
    price = await far_below(client)

    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order(SPOT, "limit", "buy", 100, price)
    with pytest.raises(ccxt.OrderNotFound):
        await client.fetch_order("1", SPOT)
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("1", SPOT)


@pytest.mark.parametrize(
    ("wrong", "error"),
    # Of the last, ccxt knows no more than that it is an error.
    [
        ("secret", ccxt.AuthenticationError),
        ("password", ccxt.AuthenticationError),
        ("apiKey", ccxt.ExchangeError),
    ],
)
async def test_a_stranger_is_turned_away(place: Place, wrong: str, error: type[Exception]) -> None:
    stranger = a_client(place, **{wrong: "another"})
    try:
        with pytest.raises(error):
            await stranger.fetch_balance()
    finally:
        await stranger.close()


async def test_the_market_is_watched(client: Any) -> None:
    trades = await soon(client.watch_trades(SPOT))
    ticker = await soon(client.watch_ticker(SPOT))
    candles = await soon(client.watch_ohlcv(SPOT, "1m"))

    assert trades[0]["amount"] > 0
    assert ticker["bid"] < ticker["ask"]
    assert len(candles[0]) == 6


async def test_a_book_is_kept_over_its_changes(client: Any) -> None:
    book = await soon(client.watch_order_book(SPOT))
    number = book["nonce"]

    for _ in range(5):  # ccxt itself raises if a number is missing
        book = await soon(client.watch_order_book(SPOT))

    assert book["nonce"] > number
    assert book["bids"][0][0] < book["asks"][0][0]


async def test_orders_and_fills_are_watched(client: Any, place: Place) -> None:
    price = await far_below(client)
    orders, trades = asyncio.create_task(client.watch_orders()), asyncio.create_task(client.watch_my_trades())
    await place.heard("orders")

    placed = await client.create_order(SPOT, "limit", "buy", 0.01, price)
    working = dict((await soon(orders))[-1])  # ccxt goes on to change it
    orders = asyncio.create_task(client.watch_orders())
    await client.cancel_order(placed["id"], SPOT)
    canceled = (await soon(orders))[-1]
    taking = await client.create_order(SPOT, "market", "sell", 0.01)
    trade = (await soon(trades))[-1]

    assert [(order["id"], order["status"]) for order in (working, canceled)] == [
        (placed["id"], "open"),
        (placed["id"], "canceled"),
    ]
    assert (trade["order"], trade["side"], trade["takerOrMaker"]) == (taking["id"], "sell", "taker")


async def test_balances_and_positions_are_watched(client: Any, place: Place) -> None:
    balance, positions = await soon(client.watch_balance()), await soon(client.watch_positions([SWAP]))
    assert (balance["USDT"]["total"], positions) == (100_000.0, [])
    changes = asyncio.gather(client.watch_balance(), client.watch_positions([SWAP]))
    await place.heard("account", "positions")

    await client.create_order(SWAP, "market", "sell", 10, None, {"tdMode": "cross"})
    balance, (position,) = await soon(changes)

    assert balance["USDT"]["free"] < 100_000.0
    assert (position["symbol"], position["contracts"], position["side"]) == (SWAP, 10.0, "short")


async def test_orders_are_placed_edited_and_canceled_over_websocket(client: Any) -> None:
    price = await far_below(client)

    placed = await soon(client.create_order_ws(SPOT, "limit", "buy", 0.01, price))
    await soon(client.edit_order_ws(placed["id"], SPOT, "limit", "buy", 0.02, price))
    edited = await client.fetch_order(placed["id"], SPOT)
    await soon(client.cancel_order_ws(placed["id"], SPOT))

    assert edited["amount"] == 0.02
    assert (await client.fetch_order(placed["id"], SPOT))["status"] == "canceled"
