from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from botkit.errors import ProtocolError
from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.tape import Tape
from botkit.sim.types import FlowEnded, OrderState, PublicTrade, SimStatus
from tests.sim import captures
from tests.sim.captures import MS, bought, depth, okx, recorded, snapshot, sold, touch
from tests.sim.orders import BUY, SELL, request

D = Decimal
S = 10**9
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"


def playing(lines: Iterable[str], speed: float = 1.0) -> SimExchange:
    """Host a tape whose first line happens at 0."""
    tape = Tape(lines, start_ns=0, speed=speed)
    sim = SimExchange(tape.instruments())
    sim.open_account("a", {"USDT": D(10**7), "BTC": D(100)})
    sim.host(tape)
    return sim


def after(ms: int, *lines: str, side: Side = BUY, price: str = "100", size: str = "2") -> OrderState:
    """Return what became of an order that joined at 1 ms, behind 5 at 100."""
    sim = playing([touch(0, "100", "5", "101", "5"), *lines])
    order = sim.submit(request("a", side, size, price, symbol=SPOT), MS)
    assert not order.filled
    sim.advance(ms * MS)
    found = sim.order("a", order_id=order.order_id)
    assert found is not None
    return found


def filled(*lines: str, **order: str) -> Decimal:
    return after(99, *lines, **order).filled  # type: ignore[arg-type]  # names of the parameters above


def test_an_order_waits_behind_what_was_there_before_it() -> None:
    assert filled(sold(2, "100", "4.99")) == 0
    assert filled(sold(2, "100", "5")) == 0
    assert filled(sold(2, "100", "5.5")) == D("0.5")
    assert filled(sold(2, "100", "4"), sold(3, "100", "2")) == 1
    assert filled(sold(2, "100", "9")) == 2


def test_an_order_to_sell_waits_in_the_same_way() -> None:
    assert after(99, bought(2, "101", "6"), side=SELL, price="101").filled == 1


def test_cancels_in_front_bring_an_order_forward() -> None:
    gone = touch(2, "100", "1", "101", "5")

    assert filled(gone, touch(3, "100", "1", "101", "5"), sold(4, "100", "2")) == 1


def test_who_comes_later_waits_behind_and_leaves_first() -> None:
    grown_and_shrunk = [touch(2, "100", "9", "101", "5"), touch(3, "100", "6", "101", "5")]

    assert filled(*grown_and_shrunk, sold(4, "100", "5")) == 0
    assert filled(*grown_and_shrunk, sold(4, "100", "6")) == 1


def test_a_trade_that_the_touch_has_told_of_already_counts_once() -> None:
    foretold = [touch(2, "100", "2", "101", "5"), sold(3, "100", "3")]

    assert filled(*foretold) == 0
    assert filled(*foretold, touch(4, "100", "2", "101", "5"), sold(5, "100", "2.5")) == D("0.5")


def test_a_trade_that_the_touch_tells_of_afterwards_counts_once() -> None:
    told_later = [sold(2, "100", "3"), touch(3, "100", "2", "101", "5")]

    assert filled(*told_later, sold(4, "100", "2")) == 0
    assert filled(*told_later, sold(4, "100", "3")) == 1


def test_a_trade_at_a_worse_price_has_gone_through() -> None:
    order = after(9, sold(2, "99.5", "3"))

    assert (order.status, order.average_price) == (SimStatus.FILLED, D(100))


def test_a_trade_at_a_better_price_has_not() -> None:
    assert filled(sold(2, "100.5", "3")) == 0


def test_a_book_that_moves_through_an_order_trades_with_it_at_its_price() -> None:
    order = after(9, touch(2, "98", "1", "99", "1.5"))

    assert (order.filled, order.average_price) == (D("1.5"), D(100))
    assert order.last_fill is not None
    assert order.last_fill.is_maker


def test_an_order_between_bid_and_offer_is_the_first_in_turn() -> None:
    assert filled(sold(2, "100", "0.7"), price="100.5") == D("0.7")
    assert filled(sold(2, "100.5", "0.7"), price="100.5") == D("0.7")


def test_two_orders_are_filled_in_the_order_in_which_they_came() -> None:
    sim = playing([touch(0, "100", "1", "101", "5"), touch(3, "100", "2", "101", "5"), sold(9, "100", "4")])
    first = sim.submit(request("a", BUY, "1", "100", symbol=SPOT), MS)
    second = sim.submit(request("a", BUY, "2", "100", symbol=SPOT), 4 * MS)

    sim.advance(9 * MS)

    states = [sim.order("a", order_id=order.order_id) for order in (first, second)]
    assert [state.filled for state in states if state] == [1, 1]


def test_what_takes_matches_what_is_displayed_and_leaves_no_trace() -> None:
    sim = playing(
        [touch(0, "100", "5", "101", "2"), depth(1, [], [("102", "3")]), touch(9, "100", "5", "101", "2")]
    )

    state = sim.submit(request("a", BUY, "4", symbol=SPOT), 2 * MS)

    assert (state.filled, state.average_price) == (D(4), D("101.5"))
    assert sim.book(SPOT, 1)[1] == [(D(102), D(1), 1)]
    sim.advance(9 * MS)
    assert sim.book(SPOT, 2)[1] == [(D(101), D(2), 1), (D(102), D(1), 1)]


def printed(sim: SimExchange) -> list[tuple[Decimal, Decimal, Side]]:
    return [(r.price, r.size, r.side) for r in sim.drain() if isinstance(r, PublicTrade)]


def test_a_recorded_trade_is_printed_with_its_size_whoever_had_a_part_in_it() -> None:
    sim = playing([touch(0, "100", "5", "101", "5"), sold(2, "100", "6"), bought(3, "101", "1")])
    sim.submit(request("a", BUY, "2", "100", symbol=SPOT), MS)

    sim.advance(9 * MS)

    assert printed(sim) == [
        (D(100), D(1), SELL),
        (D(100), D(5), SELL),
        (D(101), D(1), BUY),
    ]


def test_inside_the_touch_the_word_of_the_touch_counts() -> None:
    sim = playing(
        [
            touch(0, "100", "5", "101", "5"),
            depth(1, [("100", "9"), ("100.5", "1"), ("99", "3"), ("98", "1")], [("101", "0"), ("102", "4")]),
            depth(2, [("98", "0")], []),
        ]
    )
    sim.advance(9 * MS)

    assert sim.book(SPOT, 9) == (
        [(D(100), D(5), 1), (D(99), D(3), 1)],
        [(D(101), D(5), 1), (D(102), D(4), 1)],
    )


def test_what_the_touch_has_left_behind_is_gone() -> None:
    sim = playing(
        [
            touch(0, "100", "5", "101", "5"),
            depth(1, [("99", "3"), ("98", "1")], []),
            touch(2, "98.5", "2", "99.5", "2"),
        ]
    )
    sim.advance(9 * MS)

    assert sim.book(SPOT, 9) == (
        [(D("98.5"), D(2), 1), (D(98), D(1), 1)],
        [(D("99.5"), D(2), 1), (D(101), D(5), 1)],
    )


def test_a_late_snapshot_adds_only_what_nothing_newer_is_known_of() -> None:
    sim = playing(
        [
            touch(0, "100", "5", "101", "5"),
            depth(1, [("99", "3"), ("98", "0")], []),
            snapshot(2, [("100", "1"), ("99", "7"), ("98", "7"), ("97", "7")], [("102", "2")]),
        ]
    )
    sim.advance(9 * MS)

    assert sim.book(SPOT, 9) == (
        [(D(100), D(5), 1), (D(99), D(3), 1), (D(97), D(7), 1)],
        [(D(101), D(5), 1), (D(102), D(2), 1)],
    )


def levels(*rows: tuple[str, str]) -> list[list[str]]:
    return [[price, size, "0", "1"] for price, size in rows]


def test_okx_books_replace_change_and_never_cross() -> None:
    def book(ms: int, bids: list[list[str]], asks: list[list[str]], action: str = "update") -> str:
        return okx(ms, "books", SPOT, [{"bids": bids, "asks": asks}], action)

    sim = playing(
        [
            book(0, levels(("99", "1"), ("98", "2")), levels(("101", "1"), ("102", "2")), "snapshot"),
            book(1, levels(("101", "3")), levels(("101", "0"))),
            book(2, levels(("101.5", "1")), []),
            book(5, levels(("90", "1")), levels(("91", "1")), "snapshot"),
        ]
    )
    seen = []
    for ms in (0, 1, 2, 5):
        sim.advance(ms * MS)
        bids, asks = sim.book(SPOT, 9)
        seen.append(([str(price) for price, _, _ in bids], [str(price) for price, _, _ in asks]))

    assert seen == [
        (["99.0", "98.0"], ["101.0", "102.0"]),
        (["101.0", "99.0", "98.0"], ["102.0"]),
        (["101.5", "101.0", "99.0", "98.0"], ["102.0"]),
        (["90.0"], ["91.0"]),
    ]


def test_an_order_survives_a_snapshot() -> None:
    lines = [
        okx(0, "books", SPOT, [{"bids": levels(("99", "1")), "asks": levels(("101", "1"))}], "snapshot"),
        okx(2, "books", SPOT, [{"bids": levels(("98", "1")), "asks": levels(("101", "1"))}], "snapshot"),
    ]
    sim = playing(lines)
    sim.submit(request("a", BUY, "1", "99", symbol=SPOT), MS)

    sim.advance(2 * MS)

    assert sim.book(SPOT, 9)[0] == [(D(99), D(1), 1), (D(98), D(1), 1)]


def test_a_tape_runs_as_fast_as_it_is_told_to() -> None:
    lines = [touch(0, "100", "5", "101", "5"), sold(100, "100", "1")]
    fast, slow = Tape(lines, 7, speed=10), Tape(lines, 7, speed=0.5)
    for tape in (fast, slow):
        sim = SimExchange(tape.instruments())
        sim.host(tape)
        sim.advance(7)

    assert (fast.next_ns(), slow.next_ns()) == (7 + 10 * MS, 7 + 200 * MS)


def test_at_its_end_the_market_stops_and_says_so_once() -> None:
    sim = playing([touch(0, "100", "5", "101", "5"), sold(1, "100", "1")])

    sim.advance(5 * MS)
    sim.advance(6 * MS)

    assert [report for report in sim.drain() if isinstance(report, FlowEnded)] == [
        FlowEnded(symbols=(SPOT,), ns=5 * MS)
    ]
    assert sim.next_event_ns() is None
    assert sim.submit(request("a", BUY, "1", symbol=SPOT), 9 * MS).status is SimStatus.FILLED


def test_a_line_that_cannot_be_read_stops_the_tape_where_it_is() -> None:
    lines = [*(sold(n, "100", "5") for n in range(60)), "1723161600100000000 {nonsense\n"]
    sim = playing(lines)

    with pytest.raises(ProtocolError, match="line 61"):
        sim.advance(S)
    sim.drain()
    sim.advance(2 * S)

    assert sim.next_event_ns() is None
    assert printed(sim) == []


def last_touch(lines: Iterable[str]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    ticker = [line for line in lines if "@bookTicker" in line][-1]
    data = json.loads(ticker.partition(" ")[2])["data"]
    return D(data["b"]), D(data["B"]), D(data["a"]), D(data["A"])


@pytest.mark.parametrize("count", [500, 4000, 12000])
@pytest.mark.parametrize(
    ("name", "symbol"),
    [(captures.SPOT_BTC, SPOT), (captures.SPOT_ETH, "ETH-USDT"), (captures.SWAP_BTC, SWAP)],
    ids=["BTC", "ETH", "perpetual"],
)
def test_after_any_part_of_a_real_tape_the_best_is_what_was_said_last(
    shared: Path, name: str, symbol: str, count: int
) -> None:
    lines = recorded(shared, name, count)
    sim = playing(lines)

    sim.advance(10**12)

    ((bid, bid_size, _), *_), ((ask, ask_size, _), *_) = sim.book(symbol, 1)
    assert (bid, bid_size, ask, ask_size) == last_touch(lines)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [(captures.SPOT_BTC, SPOT), (captures.SWAP_BTC, SWAP), (captures.OKX_WS, SPOT)],
    ids=["spot", "perpetual", "OKX"],
)
def test_a_real_book_is_never_crossed(shared: Path, name: str, symbol: str) -> None:
    sim = playing(recorded(shared, name, 12000))

    for now_ns in range(0, 12 * S, 20 * MS):
        sim.advance(now_ns)
        bids, asks = sim.book(symbol, 1)
        assert not bids or not asks or bids[0][0] < asks[0][0]


def trades(lines: Iterable[str]) -> list[tuple[int, Decimal, Decimal, Side]]:
    """Read the trades of a Binance recording without the code that is tested."""
    found = []
    first = None
    for line in lines:
        stamp, _, text = line.partition(" ")
        first = first or int(stamp)
        if "@trade" in line:
            data = json.loads(text)["data"]
            found.append((int(stamp) - first, D(data["p"]), D(data["q"]), SELL if data["m"] else BUY))
    return found


def offered(lines: list[str], price: Decimal, since_ns: int) -> list[int]:
    """Return when the best offer was at this price or lower."""
    first = int(lines[0].partition(" ")[0])
    stamped = ((int(stamp) - first, text) for stamp, _, text in (line.partition(" ") for line in lines))
    return [
        ns
        for ns, text in stamped
        if ns > since_ns and "@bookTicker" in text and D(json.loads(text)["data"]["a"]) <= price
    ]


@pytest.mark.parametrize("joins", [False, True], ids=["nobody", "an account that trades"])
def test_real_trades_are_printed_one_by_one_and_no_volume_is_lost(shared: Path, joins: bool) -> None:
    lines = recorded(shared, captures.SPOT_BTC, 12000)
    sim = playing(lines)
    sim.drain()
    for now_ns in range(0, 60 * S, S):
        sim.advance(now_ns)
        if joins and now_ns < 40 * S:
            best = sim.book(SPOT, 1)[0][0][0]
            sim.submit(request("a", BUY, "0.01", str(best), symbol=SPOT, post_only=True), now_ns)
    sim.advance(10**12)

    mine = sum((fill.size for fill in sim.fills("a")), D(0))
    assert (mine > 0) is joins
    volume = sum((size for _, size, _ in printed(sim)), D(0))
    crossed = volume - sum((size for _, _, size, _ in trades(lines)), D(0))
    # What the book itself moved through was never a recorded trade.
    assert 0 <= crossed <= mine


@pytest.mark.parametrize("second", [2, 5, 9])
def test_a_real_order_at_the_touch_is_filled_when_the_volume_in_front_has_traded(
    shared: Path, second: int
) -> None:
    lines = recorded(shared, captures.SPOT_BTC, 20000)
    sim = playing(lines)
    sim.advance(second * S)
    (price, ahead, _) = sim.book(SPOT, 1)[0][0]
    order = sim.submit(request("a", BUY, "0.001", str(price), symbol=SPOT, post_only=True), second * S)
    sim.advance(10**12)

    fills = [fill for fill in sim.fills("a") if fill.order_id == order.order_id]
    hits = [
        (ns, size) for ns, at, size, side in trades(lines) if side is SELL and at <= price and ns > second * S
    ]
    traded = D(0)
    due = []
    for ns, size in hits:
        traded += size
        if traded >= ahead + order.size:
            due.append(ns)
    # Earlier by the cancels in front of it, never later; and not before anybody sold or offered there.
    earliest = min(hits[0][0], *offered(lines, price, second * S))
    assert earliest <= fills[-1].ns <= due[0]


def test_the_steps_in_which_a_real_tape_is_played_do_not_matter(shared: Path) -> None:
    lines = recorded(shared, captures.SWAP_BTC, 4000)

    def play(step_ms: int) -> list[object]:
        sim = playing(lines)
        told = []
        for now_ns in range(0, 20 * S, step_ms * MS):
            sim.advance(now_ns)
            told += [report for report in sim.drain() if isinstance(report, PublicTrade)]
        return [*told, sim.book(SWAP, 99)]

    assert play(7) == play(500)


def test_several_tapes_play_side_by_side(shared: Path) -> None:
    tapes = [Tape(recorded(shared, name, 2000), 0) for name in (captures.SPOT_BTC, captures.SPOT_ETH)]
    sim = SimExchange([instrument for tape in tapes for instrument in tape.instruments()])
    for tape in tapes:
        sim.host(tape)

    sim.advance(5 * S)

    stamps = [report.ns for report in sim.drain() if isinstance(report, PublicTrade)]
    assert all(earlier <= later for earlier, later in pairwise(stamps))
    assert sim.trades(SPOT)
    assert sim.trades("ETH-USDT")
