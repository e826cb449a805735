from __future__ import annotations

import pytest

from tests.venues.okx.emulator.floors import Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote("59999.9", "60000.1", "1")
    return desk


def test_a_ticker_shows_the_best_of_both_sides(desk: Desk) -> None:
    desk.place(side="buy", px="60000.1", sz="0.3")

    (row,) = desk.rows("market/ticker", instId="BTC-USDT")

    assert (row["bidPx"], row["askPx"], row["askSz"], row["last"]) == ("59999.9", "60000.1", "0.7", "60000.1")


def test_tickers_come_by_type(desk: Desk) -> None:
    assert [row["instId"] for row in desk.rows("market/tickers", instType="SPOT")] == ["BTC-USDT", "ETH-USDT"]
    assert desk.get("market/tickers", instType="MARGIN").body["code"] == "51000"


def test_a_book_is_one_level_deep_unless_more_is_asked_for(desk: Desk) -> None:
    desk.place(px="59000")

    assert [len(row["bids"]) for row in desk.rows("market/books", instId="BTC-USDT")] == [1]
    (book,) = desk.rows("market/books", instId="BTC-USDT", sz="400")
    assert book["bids"] == [["59999.9", "1", "0", "1"], ["59000", "0.1", "0", "1"]]
    assert book["asks"] == [["60000.1", "1", "0", "1"]]
    assert isinstance(book["seqId"], int)


def test_the_number_of_a_book_grows_with_its_changes(desk: Desk) -> None:
    (before,) = desk.rows("market/books", instId="BTC-USDT")
    desk.place(px="59000")
    (after,) = desk.rows("market/books", instId="BTC-USDT")

    assert after["seqId"] > before["seqId"] > 2**32


def test_trades_come_newest_first(desk: Desk) -> None:
    for size in ("0.1", "0.2", "0.3"):
        desk.place(px="60000.1", sz=size)

    assert [row["sz"] for row in desk.rows("market/trades", instId="BTC-USDT")] == ["0.3", "0.2", "0.1"]
    assert [row["sz"] for row in desk.rows("market/trades", instId="BTC-USDT", limit="1")] == ["0.3"]


@pytest.mark.parametrize("path", ["market/candles", "market/history-candles"])
def test_candles_come_newest_first_with_the_building_one(desk: Desk, path: str) -> None:
    desk.place(px="60000.1", sz="0.1")
    desk.wait(60)
    desk.place(px="60000.1", sz="0.2")

    rows = desk.rows(path, instId="BTC-USDT", bar="1m")

    assert [(row[5], row[8]) for row in rows] == [("0.2", "0"), ("0.1", "1")]
    assert desk.rows(path, instId="BTC-USDT", before=rows[1][0]) == rows[:1]
    assert desk.rows(path, instId="BTC-USDT", after=rows[0][0]) == rows[1:]


def test_a_quiet_minute_is_as_flat_as_the_last_price(desk: Desk) -> None:
    desk.place(px="60000.1", sz="0.1")
    desk.wait(180)

    rows = desk.rows("market/candles", instId="BTC-USDT")

    assert [row[1:6] for row in rows] == [["60000.1"] * 4 + ["0"]] * 3 + [["60000.1"] * 4 + ["0.1"]]


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("market/ticker", {}, "50014"),
        ("market/ticker", {"instId": "NO-PE"}, "51001"),
        ("market/candles", {"instId": "BTC-USDT", "bar": "7m"}, "51000"),
        ("market/books", {"instId": "BTC-USDT", "sz": "0"}, "51000"),
    ],
    ids=["no instrument", "unknown instrument", "unknown bar", "no depth"],
)
def test_what_cannot_be_shown_is_refused(desk: Desk, path: str, params: dict[str, str], code: str) -> None:
    assert desk.get(path, **params).body["code"] == code
