"""Books by sequence numbers: never a level too many, never a gap unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.model.book import OrderBook
from botkit.model.market import BookUpdate
from botkit.venues.okx import wire
from botkit.venues.okx.books import BookState, BookSync, decode_book
from botkit.venues.okx.wire import BookRow
from tests.venues.okx.frames import MS, NOW, book, encode, frames, read, recorded

S = BookState


@pytest.fixture
def sync() -> BookSync:
    return BookSync("BTC-USDT", 1.0)


def row(seq: int, prev: int | None, **levels: Any) -> BookRow:
    made = book(seq, 0, **levels)
    made["prevSeqId"] = prev
    if prev is None:
        del made["prevSeqId"]
    return wire.decoder(BookRow).decode(encode(made))


def snapshot(seq: int = 10) -> BookRow:
    return row(seq, -1, bids=[["100", "3"], ["99.9", "4"]], asks=[["100.1", "1"], ["100.2", "2"]])


def change(seq: int, prev: int | None, price: str = "99", size: str = "1") -> BookRow:
    return row(seq, prev, bids=[[price, size]])


def live() -> BookSync:
    sync = BookSync("BTC-USDT", 1.0)
    sync.take(snapshot(10), NOW)
    return sync


EMPTY = BookUpdate(recv_ns=NOW, symbol="BTC-USDT", bids=(), asks=(), is_snapshot=True)


def test_a_snapshot_begins_the_book(sync: BookSync) -> None:
    [update] = sync.take(snapshot(), NOW)

    assert sync.state is S.LIVE
    assert update == BookUpdate(
        recv_ns=NOW,
        venue_ns=1_790_000_000_000 * MS,
        symbol="BTC-USDT",
        bids=((100.0, 3.0), (99.9, 4.0)),
        asks=((100.1, 1.0), (100.2, 2.0)),
        is_snapshot=True,
    )


def test_sizes_are_told_in_base_currency() -> None:
    [update] = BookSync("BTC-USDT-SWAP", 0.01).take(snapshot(), NOW)

    assert update.bids == ((100.0, 3.0 * 0.01), (99.9, 4.0 * 0.01))


def test_a_change_that_follows_is_told() -> None:
    [update] = live().take(change(15, 10), NOW)

    assert (update.bids, update.asks, update.is_snapshot) == (((99.0, 1.0),), (), False)


def test_a_heartbeat_changes_nothing_but_shows_life() -> None:
    sync = live()

    assert sync.take(row(10, 10), NOW + 60) == []
    assert (sync.state, sync.heard_ns) == (S.LIVE, NOW + 60)
    assert sync.take(change(15, 10), NOW) != []


def test_a_lower_number_after_maintenance_follows_all_the_same() -> None:
    sync = live()

    assert len(sync.take(change(3, 10), NOW)) == 1
    assert len(sync.take(change(5, 3), NOW)) == 1
    assert sync.state is S.LIVE


@pytest.mark.parametrize("prev", [8, 11, 15, None], ids=["earlier", "later", "own", "missing"])
def test_a_gap_empties_the_book_at_once(prev: int | None) -> None:
    sync = live()

    assert sync.take(change(15, prev), NOW) == [EMPTY]
    assert sync.state is S.INVALID


def test_a_book_that_is_not_trusted_takes_nothing_in() -> None:
    sync = live()
    sync.take(change(15, 8), NOW)

    assert sync.take(change(16, 15), NOW) == []
    assert sync.take(snapshot(20), NOW) == []
    assert sync.state is S.INVALID


def test_a_new_subscription_begins_anew() -> None:
    sync = live()
    sync.take(change(15, 8), NOW)

    sync.restart(NOW)
    [update] = sync.take(snapshot(20), NOW)

    assert (update.is_snapshot, sync.state) == (True, S.LIVE)


def test_a_snapshot_replaces_a_book_that_is_alive() -> None:
    sync = live()

    [update] = sync.take(snapshot(50), NOW)

    assert update.is_snapshot
    assert len(sync.take(change(51, 50), NOW)) == 1


def test_changes_before_a_snapshot_are_kept_and_those_it_has_are_dropped(sync: BookSync) -> None:
    assert sync.take(change(8, 5), NOW) == []
    assert sync.take(change(12, 10, "98"), NOW) == []

    updates = sync.take(snapshot(10), NOW)

    assert [update.is_snapshot for update in updates] == [True, False]
    assert updates[1].bids == ((98.0, 1.0),)


def test_a_gap_among_the_changes_kept_is_seen(sync: BookSync) -> None:
    sync.take(change(15, 12), NOW)

    assert sync.take(snapshot(10), NOW)[-1] == EMPTY
    assert sync.state is S.INVALID


def test_changes_are_not_kept_for_ever(sync: BookSync) -> None:
    states = []
    for number in range(1_001):
        sync.take(change(number + 1, number), NOW)
        states.append(sync.state)

    assert set(states[:1_000]) == {S.SYNCING}
    assert states[1_000] is S.INVALID


def test_invalidating_is_told_once() -> None:
    sync = live()

    assert sync.invalidate(NOW) == [EMPTY]
    assert sync.invalidate(NOW) == []


def test_a_book_that_never_was_is_not_told_to_be_empty(sync: BookSync) -> None:
    assert sync.invalidate(NOW) == []


# ---- REST snapshots


def test_a_book_can_begin_from_a_rest_snapshot(sync: BookSync) -> None:
    sync.take(change(12, 9), NOW)
    sync.take(change(14, 12), NOW)

    updates = sync.seed(row(11, None, asks=[["101", "1"]]), NOW)

    assert [update.is_snapshot for update in updates] == [True, False, False]
    assert sync.state is S.LIVE


def test_a_rest_snapshot_that_is_too_old_is_not_taken(sync: BookSync) -> None:
    sync.take(change(12, 9), NOW)

    assert sync.seed(row(8, None), NOW) == []
    assert sync.state is S.SYNCING
    assert sync.seed(row(9, None), NOW) != []


def test_after_a_rest_snapshot_changes_that_it_has_are_passed_over(sync: BookSync) -> None:
    sync.seed(row(20, None), NOW)

    assert sync.take(change(15, 12), NOW) == []
    assert sync.take(change(20, 15), NOW) == []
    assert len(sync.take(change(25, 20), NOW)) == 1
    assert sync.state is S.LIVE


def test_after_a_rest_snapshot_the_first_change_may_reach_over_it(sync: BookSync) -> None:
    sync.seed(row(20, None), NOW)

    assert len(sync.take(change(25, 18), NOW)) == 1
    assert sync.take(change(30, 24), NOW) == [EMPTY]


def test_after_a_rest_snapshot_only_the_first_change_may_reach_over_it(sync: BookSync) -> None:
    sync.seed(row(20, None), NOW)
    sync.take(change(25, 20), NOW)

    assert sync.take(change(30, 22), NOW) == [EMPTY]


@pytest.mark.parametrize("late", [change(30, 22), change(10, 25)], ids=["a gap", "a reset"])
def test_a_rest_snapshot_that_nothing_joins_is_not_trusted(sync: BookSync, late: BookRow) -> None:
    sync.seed(row(20, None), NOW)

    assert sync.take(late, NOW) == [EMPTY]


def test_a_rest_snapshot_nobody_waits_for_changes_nothing() -> None:
    sync = live()

    assert sync.seed(row(99, None), NOW) == []
    assert len(sync.take(change(15, 10), NOW)) == 1


@pytest.mark.parametrize("name", recorded("rest/docs/GET_market_books.json"))
def test_the_documented_rest_book_can_seed(name: str, sync: BookSync) -> None:
    found = decode_book(encode(json.loads(read(name))["data"]))

    assert found is not None
    assert len(sync.seed(found, NOW)) == 1


def test_no_rest_book_is_none() -> None:
    assert decode_book(b"[]") is None
    with pytest.raises(ProtocolError):
        decode_book(b"{}")


# ---- every state and every kind of frame

STATES: dict[BookState, Callable[[], BookSync]] = {
    S.SYNCING: lambda: BookSync("BTC-USDT", 1.0),
    S.LIVE: live,
    S.INVALID: lambda: gapped(live()),
}


def gapped(sync: BookSync) -> BookSync:
    sync.take(change(99, 98), NOW)
    return sync


@pytest.mark.parametrize(
    ("state", "frame", "after", "told"),
    [
        (S.SYNCING, snapshot(), S.LIVE, 1),
        (S.SYNCING, change(15, 10), S.SYNCING, 0),
        (S.SYNCING, change(15, None), S.SYNCING, 0),
        (S.LIVE, snapshot(), S.LIVE, 1),
        (S.LIVE, change(15, 10), S.LIVE, 1),
        (S.LIVE, change(15, 9), S.INVALID, 1),
        (S.INVALID, snapshot(), S.INVALID, 0),
        (S.INVALID, change(15, 10), S.INVALID, 0),
        (S.INVALID, change(15, 9), S.INVALID, 0),
    ],
)
def test_every_state_takes_every_frame(state: BookState, frame: BookRow, after: BookState, told: int) -> None:
    sync = STATES[state]()

    assert (len(sync.take(frame, NOW)), sync.state) == (told, after)


# ---- recordings


def run(parts: list[bytes]) -> tuple[BookSync, OrderBook, list[BookUpdate]]:
    sync, mirror, updates = BookSync("X", 1.0), OrderBook("X"), []
    for part in parts:
        for each in wire.decoder(wire.BookPush).decode(part).data:
            updates += sync.take(each, NOW)
    for update in updates:
        mirror.apply(update)
    return sync, mirror, updates


def recorded_book() -> list[bytes]:
    name = "ws/seq__books_uni_swap_2026shape__overlay.jsonl"
    if not recorded(name):
        pytest.skip("no folder of shared data beside this work tree")
    return frames(name)[1:]


def test_the_recorded_book_ends_where_it_should() -> None:
    expected = (
        json.loads(read("ws/seq__books_uni_swap_expected_end__overlay.json")) if recorded("ws/*") else {}
    )

    sync, mirror, _ = run(recorded_book())

    assert sync.state is S.LIVE
    assert (len(mirror.bids(999)), len(mirror.asks(999))) == (expected["bidLevels"], expected["askLevels"])
    assert mirror.bids(5) == [(float(price), float(size)) for price, size in expected["bestBids"]]
    assert mirror.asks(5) == [(float(price), float(size)) for price, size in expected["bestAsks"]]


def test_a_heartbeat_anywhere_changes_nothing() -> None:
    parts = recorded_book()
    _, mirror, _ = run(parts)
    rows = [wire.decoder(wire.BookPush).decode(part).data[0] for part in parts]
    beats = [
        part
        for each, part in zip(rows, parts, strict=True)
        for part in (part, encode({"arg": {"channel": "books"}, "data": [book(each.seq_id, each.seq_id)]}))
    ]

    sync, with_beats, _ = run(beats)

    assert sync.state is S.LIVE
    assert (with_beats.bids(999), with_beats.asks(999)) == (mirror.bids(999), mirror.asks(999))


def test_any_frame_that_is_lost_is_missed() -> None:
    parts = recorded_book()

    for lost in range(1, len(parts) - 1):
        sync, mirror, updates = run(parts[:lost] + parts[lost + 1 :])
        assert sync.state is S.INVALID
        assert mirror.is_empty
        assert sum(not (update.bids or update.asks) for update in updates) == 1


def test_the_recorded_cases_of_sequence_numbers_go_as_they_should() -> None:
    name = "ws/seq__book_seq_cases__synth.jsonl"
    if not recorded(name):
        pytest.skip("no folder of shared data beside this work tree")
    sync = BookSync("BTC-USDT", 1.0)
    states: list[tuple[str, int]] = []

    for part in frames(name):
        if b'"event":"unsubscribe"' in part:
            sync.restart(NOW)
        if b'"event"' not in part:
            [each] = wire.decoder(wire.BookPush).decode(part).data
            told = sync.take(each, NOW)
            states.append((sync.state.value, len(told)))

    assert states == [
        ("live", 1),
        ("live", 1),
        ("live", 0),
        ("live", 1),
        ("live", 1),
        ("live", 1),
        ("invalid", 1),
        ("invalid", 0),
        ("live", 1),
    ]


@pytest.mark.parametrize(
    "name", recorded("ws/book__*", "ws/market__bbo*", "ws/market__books5*", "ws/seq__books5*")
)
def test_every_recorded_book_is_read(name: str) -> None:
    for part in frames(name):
        if b'"event"' not in part:
            assert wire.decode(part, wire.decoder(wire.BookPush)).data


prices = st.integers(95, 105).map(str)
steps = st.lists(st.tuples(prices, st.sampled_from(["0", "1", "2"]), st.booleans()), max_size=40)


@given(steps, st.data())
def test_with_frames_lost_the_book_is_either_right_or_empty(
    changes: list[tuple[str, str, bool]], data: st.DataObject
) -> None:
    sync, mirror = BookSync("BTC-USDT", 1.0), OrderBook("BTC-USDT")
    truth: dict[tuple[str, bool], str] = {}
    for update in sync.take(row(0, -1), NOW):
        mirror.apply(update)

    for number, (price, size, is_bid) in enumerate(changes):
        truth[price, is_bid] = size
        if data.draw(st.integers(0, 9)) == 0:
            continue  # this frame is lost
        levels = {"bids" if is_bid else "asks": [[price, size]]}
        for update in sync.take(row(number + 1, number, **levels), NOW):
            mirror.apply(update)
        if sync.state is S.LIVE:
            assert dict(mirror.bids(99)) == {
                float(p): float(s) for (p, bid), s in truth.items() if bid and s != "0"
            }
            assert dict(mirror.asks(99)) == {
                float(p): float(s) for (p, bid), s in truth.items() if not bid and s != "0"
            }
        else:
            assert mirror.is_empty
