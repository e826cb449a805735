from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from botkit.errors import ProtocolError
from botkit.model.side import Side
from botkit.sim.recordings import DepthChange, Print, Record, Recording, Touch
from tests.sim import captures
from tests.sim.captures import MS, START, bought, depth, frame, okx, recorded, snapshot, sold, touch


def read(*lines: str) -> list[Record]:
    return list(Recording(lines))


def test_the_best_bid_and_offer_are_whole_ticks_and_lots() -> None:
    (record,) = read(touch(3, "61685.99000000", "1.25869000", "61686.00000000", "2.44816000"))

    assert record == Touch(START + 3 * MS, "BTC-USDT", (6168599, 125869000), (6168600, 244816000))


@pytest.mark.parametrize(
    ("line", "side"), [(sold(0, "100.01", "2"), Side.SELL), (bought(0, "100.01", "2"), Side.BUY)]
)
def test_the_side_of_a_trade_is_the_takers(line: str, side: Side) -> None:
    assert read(line) == [Print(START, "BTC-USDT", side, 10001, 200000000)]


def test_a_change_of_depth_lists_prices_and_their_new_sizes() -> None:
    assert read(depth(0, [("100.00", "1"), ("99.5", "0.00000000")], [("101", "0.5")])) == [
        DepthChange(START, "BTC-USDT", [(10000, 10**8), (9950, 0)], [(10100, 5 * 10**7)], is_snapshot=False)
    ]


def test_an_answer_of_rest_is_a_snapshot_of_the_instrument_before_it() -> None:
    lines = (
        snapshot(0, [("98", "1")], []),
        touch(1, "99", "1", "101", "1"),
        snapshot(2, [("98", "1")], [("102", "1")]),
    )

    assert [type(record) for record in read(*lines)] == [Touch, DepthChange]
    assert read(*lines)[1] == DepthChange(
        START + 2 * MS, "BTC-USDT", [(9800, 10**8)], [(10200, 10**8)], is_snapshot=True
    )


@pytest.mark.parametrize(
    ("line", "symbol"),
    [
        (frame(0, "bookTicker", {"b": "1", "B": "1", "a": "2", "A": "1"}), "BTC-USDT"),
        (frame(0, "bookTicker", {"b": "1", "B": "1", "a": "2", "A": "1"}, "ETHUSDT"), "ETH-USDT"),
        (
            frame(0, "bookTicker", {"e": "bookTicker", "b": "1", "B": "1", "a": "2", "A": "1"}),
            "BTC-USDT-SWAP",
        ),
        (frame(0, "trade", {"e": "trade", "p": "1", "q": "1", "X": "MARKET"}), "BTC-USDT-SWAP"),
        (frame(0, "depth@0ms", {"e": "depthUpdate", "pu": 5, "b": [], "a": []}), "BTC-USDT-SWAP"),
    ],
    ids=["spot", "another spot", "perpetual, touch", "perpetual, trade", "perpetual, depth"],
)
def test_spot_and_perpetual_are_told_apart(line: str, symbol: str) -> None:
    recording = Recording([line])

    assert [instrument.symbol for instrument in recording.instruments] == [symbol]
    assert [record.symbol for record in recording] == [symbol]


def test_okx_books_and_trades_are_read_and_the_rest_is_left_out() -> None:
    records = read(
        "wss://ws.okx.com/ws/v5/public <-> 1652459224.53\n",
        '1652459225.5: {"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}\n',
        okx(0, "books", "BTC-USDT", [{"bids": [["99.9", "2", "0", "1"]], "asks": [], "ts": "1"}], "snapshot"),
        okx(1, "books", "BTC-USDT", [{"bids": [], "asks": [["100.1", "0", "0", "0"]]}], "update"),
        okx(
            2,
            "trades",
            "BTC-USDT",
            [{"px": "100", "sz": "0.5", "side": "sell"}, {"px": "99", "sz": "1", "side": "buy"}],
        ),
        okx(3, "tickers", "BTC-USDT", [{"last": "100", "bidPx": "90", "askPx": "91"}]),
        okx(4, "trades", "BTC-USD-220527", [{"px": "100", "sz": "1", "side": "sell"}]),
    )

    assert records == [
        DepthChange(START, "BTC-USDT", [(999, 2 * 10**8)], [], is_snapshot=True),
        DepthChange(START + MS, "BTC-USDT", [], [(1001, 0)], is_snapshot=False),
        Print(START + 2 * MS, "BTC-USDT", Side.SELL, 1000, 5 * 10**7),
        Print(START + 2 * MS, "BTC-USDT", Side.BUY, 990, 10**8),
    ]


def test_okx_swaps_are_recorded_in_contracts_and_read_in_lots() -> None:
    recording = Recording([okx(0, "trades", "BTC-USDT-SWAP", [{"px": "100", "sz": "3.5", "side": "buy"}])])

    (record,) = recording
    assert isinstance(record, Print)
    assert record.lots * recording.instruments[0].lot_size == Decimal("0.035")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1723161600000000000 {nonsense\n", "line 2 of the recording"),
        (sold(0, "1e5", "1"), "line 2 of the recording"),
        (sold(0, "100.001", "1"), "100.001 is not a multiple of 0.01"),
        (sold(0, "100", "0.000000001"), "0.000000001 is not a multiple of 1E-8"),
    ],
    ids=["not JSON", "no plain number", "between two ticks", "between two lots"],
)
def test_a_line_that_cannot_be_read_is_named(line: str, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        read(touch(0, "99", "1", "101", "1"), line)


@pytest.mark.parametrize(
    "lines",
    [[], ["words\n"], [frame(0, "trade", {"p": "1", "q": "1"}, "DOGEUSDT")]],
    ids=["none", "words", "unknown"],
)
def test_a_recording_of_nothing_known_is_an_error(lines: list[str]) -> None:
    with pytest.raises(ProtocolError, match="no line"):
        Recording(lines)


def test_what_did_not_happen_on_the_book_is_left_out() -> None:
    assert (
        len(
            read(
                touch(0, "99", "1", "101", "1"), sold(1, "0", "0"), frame(2, "aggTrade", {"p": "1", "q": "1"})
            )
        )
        == 1
    )


def test_the_instruments_are_those_of_the_beginning() -> None:
    late = frame(99, "trade", {"p": "1", "q": "1"}, "ETHUSDT")
    recording = Recording([*(touch(n, "99", "1", "101", "1") for n in range(50)), late])

    assert [instrument.symbol for instrument in recording.instruments] == ["BTC-USDT"]
    assert len(list(recording)) == 50


@pytest.mark.parametrize(
    ("name", "symbols", "kinds"),
    [
        (captures.SPOT_BTC, ["BTC-USDT"], {Touch: 45134, Print: 10147, DepthChange: 3044}),
        (captures.SWAP_BTC, ["BTC-USDT-SWAP"], {Touch: 66089, Print: 21313, DepthChange: 6552}),
        (captures.OKX_WS, ["BTC-USDT"], {Print: 69, DepthChange: 98}),
    ],
    ids=["spot", "perpetual", "OKX"],
)
def test_real_recordings_are_read_to_the_last_line(
    shared: Path, name: str, symbols: list[str], kinds: dict[type, int]
) -> None:
    recording = Recording(recorded(shared, name))

    assert [instrument.symbol for instrument in recording.instruments] == symbols
    assert Counter(type(record) for record in recording) == kinds
