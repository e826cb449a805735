from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.venues.okx.emulator.floors import BUSINESS, PUBLIC, Desk, Listener


class Watch:
    """One channel of BTC-USDT, from the moment of subscribing."""

    def __init__(self, desk: Desk, channel: str, url: str = PUBLIC, symbol: str = "BTC-USDT") -> None:
        client = desk.connect(url)
        ack, *self.opening = client.listen({"channel": channel, "instId": symbol})
        assert ack["event"] == "subscribe"
        self._listener: Listener = client.listener

    def taken(self) -> list[dict[str, Any]]:
        """Return what was pushed since the last call."""
        return self._listener.taken()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote()
    desk.wait(1)
    return desk


def documented(shared: Path, name: str) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads((shared / f"okx/fixtures/ws/{name}.json").read_text())
    return frame


@pytest.mark.parametrize(
    ("channel", "url", "name"),
    [
        ("tickers", PUBLIC, "market__tickers__naut"),
        ("trades", PUBLIC, "market__trades_seqid__docs"),
        ("trades-all", BUSINESS, "market__trades-all__docs"),
        ("books", PUBLIC, "book__snapshot__docs"),
        ("books5", PUBLIC, "market__books5__docs"),
        ("bbo-tbt", PUBLIC, "market__bbo-tbt__docs"),
    ],
)
def test_every_documented_key_of_a_push_is_there(
    shared: Path, desk: Desk, channel: str, url: str, name: str
) -> None:
    desk.place(px="60000.1", sz="0.1")
    theirs = documented(shared, name)

    (frame,) = Watch(desk, channel, url).opening

    assert theirs.keys() - frame.keys() == set()
    assert theirs["data"][0].keys() - frame["data"][0].keys() == set()


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("mark-price", "market__mark-price__docs"),
        ("funding-rate", "market__funding-rate__docs"),
    ],
)
def test_every_documented_key_of_a_swap_s_push_is_there(
    shared: Path, desk: Desk, channel: str, name: str
) -> None:
    desk.quote(symbol="BTC-USDT-SWAP")

    (frame,) = Watch(desk, channel, symbol="BTC-USDT-SWAP").opening

    assert documented(shared, name)["data"][0].keys() - frame["data"][0].keys() == set()


def test_a_book_begins_with_a_snapshot(desk: Desk) -> None:
    (frame,) = Watch(desk, "books").opening

    (row,) = frame["data"]
    assert frame["action"] == "snapshot"
    assert (row["bids"], row["asks"]) == ([["59999.9", "1", "0", "1"]], [["60000.1", "1", "0", "1"]])
    assert (row["prevSeqId"], row["checksum"]) == (-1, 0)


def test_changes_of_a_book_follow_each_other(desk: Desk) -> None:
    books = Watch(desk, "books")
    last = books.opening[0]["data"][0]["seqId"]
    first = desk.place(px="59000")
    desk.wait(0.1)
    desk.post("trade/cancel-order", {"instId": "BTC-USDT", "ordId": first["ordId"]})
    desk.place(px="60000.1", sz="0.4")
    desk.wait(0.1)

    added, removed = (frame["data"][0] for frame in books.taken())

    assert (added["prevSeqId"], added["bids"], added["asks"]) == (last, [["59000", "0.1", "0", "1"]], [])
    assert removed["prevSeqId"] == added["seqId"] > last
    assert removed["bids"] == [["59000", "0", "0", "0"]]
    assert removed["asks"] == [["60000.1", "0.6", "0", "1"]]


def test_a_book_that_changes_and_changes_back_is_not_told(desk: Desk) -> None:
    books = Watch(desk, "books")
    placed = desk.place(px="59000")
    desk.wait(0.2)
    books.taken()

    desk.post("trade/amend-order", {"instId": "BTC-USDT", "ordId": placed["ordId"], "newSz": "0.2"})
    desk.post("trade/amend-order", {"instId": "BTC-USDT", "ordId": placed["ordId"], "newSz": "0.1"})
    desk.wait(0.2)

    assert books.taken() == []


def test_who_joins_later_is_in_the_same_chain(desk: Desk) -> None:
    early = Watch(desk, "books")
    desk.wait(0.1)
    desk.place(px="59000")  # told at once, and the next change not before 100 ms have passed
    early.taken()
    desk.place(px="58000")
    late = Watch(desk, "books")
    desk.wait(0.1)

    (to_early,) = early.taken()
    (to_late,) = late.taken()

    assert to_early == to_late
    assert to_late["data"][0]["prevSeqId"] == late.opening[0]["data"][0]["seqId"]
    assert [level[0] for level in late.opening[0]["data"][0]["bids"]] == ["59999.9", "59000"]


def test_the_changes_of_a_book_add_up_to_the_book(desk: Desk) -> None:
    books = Watch(desk, "books")
    bids = {level[0]: level[1] for level in books.opening[0]["data"][0]["bids"]}
    for n in range(30):
        desk.place(px=str(59_000 + n % 7), sz=f"0.0{n % 9 + 1}")
        desk.wait(0.1)
        if n % 3 == 0:
            oldest = desk.rows("trade/orders-pending", "trader")[-1]
            desk.post("trade/cancel-order", {"instId": "BTC-USDT", "ordId": oldest["ordId"]})

    desk.wait(0.1)
    for frame in books.taken():
        bids |= {level[0]: level[1] for level in frame["data"][0]["bids"]}

    now = desk.rows("market/books", instId="BTC-USDT", sz="400")[0]["bids"]
    assert {price: size for price, size in bids.items() if size != "0"} == {
        level[0]: level[1] for level in now
    }


def test_a_quiet_book_is_heard_of_once_a_minute(desk: Desk) -> None:
    books = Watch(desk, "books")
    last = books.opening[0]["data"][0]["seqId"]

    desk.wait(59.9)
    assert books.taken() == []
    desk.wait(0.1)

    (row,) = books.taken()[0]["data"]
    assert (row["seqId"], row["prevSeqId"], row["bids"], row["asks"]) == (last, last, [], [])


@pytest.mark.parametrize(("channel", "levels"), [("books5", 5), ("bbo-tbt", 1)])
def test_the_top_of_a_book_is_always_whole(desk: Desk, channel: str, levels: int) -> None:
    top = Watch(desk, channel)
    desk.wait(1)
    top.taken()

    desk.place(px="60000")
    desk.wait(1)
    desk.place(px="50000" if channel == "bbo-tbt" else "60000.1", sz="0.1" if channel == "bbo-tbt" else "0.2")
    desk.wait(1)

    frames = top.taken()
    assert "action" not in frames[0]
    assert (
        frames[0]["data"][0]["bids"][:2] == [["60000", "0.1", "0", "1"], ["59999.9", "1", "0", "1"]][:levels]
    )
    assert len(frames) == (1 if channel == "bbo-tbt" else 2)  # the second order is not at the touch


def test_the_top_of_a_quiet_book_is_sent_again_once_a_minute(desk: Desk) -> None:
    top = Watch(desk, "books5")
    desk.wait(1)
    top.taken()

    desk.wait(60)

    assert len(top.taken()) == 1


def test_trades_come_as_they_happen_and_the_last_one_at_once(desk: Desk) -> None:
    desk.place(px="60000.1", sz="0.1")
    trades = Watch(desk, "trades")
    desk.place(px="60000.1", sz="0.2")
    desk.place(side="sell", px="59999.9", sz="0.3")

    assert trades.opening[0]["data"][0]["sz"] == "0.1"
    rows = [frame["data"][0] for frame in trades.taken()]
    assert [(row["side"], row["sz"], row["count"]) for row in rows] == [
        ("buy", "0.2", "1"),
        ("sell", "0.3", "1"),
    ]
    assert rows[0]["seqId"] < rows[1]["seqId"]


def test_one_taker_at_one_price_is_one_trade(desk: Desk) -> None:
    desk.place("unbound", side="sell", px="60000.1", sz="0.5")
    trades = Watch(desk, "trades")

    desk.place(px="60000.1", sz="1.2")

    (frame,) = trades.taken()
    assert (frame["data"][0]["sz"], frame["data"][0]["count"]) == ("1.2", "2")


def test_a_market_that_never_traded_has_no_last_trade(desk: Desk) -> None:
    assert Watch(desk, "trades", symbol="ETH-USDT").opening == []


def test_tickers_come_at_most_ten_times_a_second(desk: Desk) -> None:
    tickers = Watch(desk, "tickers")
    for _ in range(10):
        desk.place(px="60000.1", sz="0.01")
        desk.wait(0.02)

    assert 1 <= len(tickers.taken()) <= 3


def test_a_candle_is_told_while_it_builds_and_once_more_when_it_is_over(desk: Desk) -> None:
    desk.place(px="60000.1", sz="0.1")
    candles = Watch(desk, "candle1m", BUSINESS)
    desk.wait(1)
    desk.place(px="60000.1", sz="0.2")
    desk.wait(1)
    building = [frame["data"][0] for frame in candles.taken()]

    desk.wait(60)
    over = [frame["data"][0] for frame in candles.taken()]

    assert candles.opening[0]["data"][0][5] == "0.1"
    assert [(row[5], row[8]) for row in building] == [("0.3", "0")]
    assert [(row[5], row[8]) for row in over] == [("0.3", "1"), ("0", "0")]
    assert int(over[1][0]) - int(over[0][0]) == 60_000


def test_the_candle_that_was_building_at_the_subscription_is_told_when_it_is_over(desk: Desk) -> None:
    desk.place(px="60000.1", sz="0.1")
    candles = Watch(desk, "candle1s", BUSINESS)

    desk.wait(1)

    [over, _] = [frame["data"][0] for frame in candles.taken()]
    assert (over[0], over[8]) == (candles.opening[0]["data"][0][0], "1")


def test_candles_come_at_most_once_a_second(desk: Desk) -> None:
    candles = Watch(desk, "candle1m", BUSINESS)
    for _ in range(20):
        desk.place(px="60000.1", sz="0.01")
        desk.wait(0.1)

    assert len(candles.taken()) in {2, 3}


def test_the_mark_price_is_told_when_it_changes_and_every_ten_seconds(desk: Desk) -> None:
    marks = Watch(desk, "mark-price")
    desk.wait(0.2)
    marks.taken()

    desk.place(px="60000")
    desk.wait(0.2)
    assert [frame["data"][0]["markPx"] for frame in marks.taken()] == ["60000.05"]
    desk.wait(10)
    assert len(marks.taken()) == 1


def test_price_limits_are_told_only_when_they_change(desk: Desk) -> None:
    limits = Watch(desk, "price-limit")
    desk.wait(0.2)
    limits.taken()

    desk.wait(60)
    assert limits.taken() == []
    desk.place(px="60000")
    desk.wait(0.2)

    (row,) = limits.taken()[0]["data"]
    assert Decimal(row["sellLmt"]) < 60_000 < Decimal(row["buyLmt"])


def test_funding_is_told_every_minute(desk: Desk) -> None:
    funding = Watch(desk, "funding-rate", symbol="BTC-USDT-SWAP")
    funding.taken()
    desk.wait(60)
    desk.wait(60)

    assert len(funding.taken()) == 2
