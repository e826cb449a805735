"""A conversation about the market, fed by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ConfigError, ProtocolError
from botkit.model.events import AnyEvent, ConnectionChanged
from botkit.model.market import Bar, BookUpdate, Quote, Trade
from botkit.strategy.desk import Subscription
from botkit.venues.api import Session
from botkit.venues.okx.public_session import PublicSession
from tests.venues.okx.frames import (
    INSTRUMENTS,
    NOW,
    RECORDED,
    S,
    book,
    encode,
    frames,
    push,
    recorded,
    subscribed,
    unsubscribed,
)

QUOTES = Subscription(channel="quotes", symbol="BTC-USDT")
TRADES = Subscription(channel="trades", symbol="BTC-USDT")
BOOK = Subscription(channel="book", symbol="BTC-USDT")
TRADE = {"instId": "BTC-USDT", "tradeId": "1", "px": "100", "sz": "1", "side": "buy", "ts": "1790000000000"}
SNAPSHOT = push(
    "books", [book(10, -1, bids=[["100", "1"]], asks=[["101", "1"]])], symbol="BTC-USDT", action="snapshot"
)
EMPTY = BookUpdate(recv_ns=NOW, symbol="BTC-USDT", bids=(), asks=(), is_snapshot=True)


def started(*subscriptions: Subscription) -> PublicSession:
    session = PublicSession(INSTRUMENTS, epoch=1, subscriptions=subscriptions)
    session.start(NOW)
    return session


def sent(session: PublicSession) -> list[Any]:
    return [frame if frame == b"ping" else json.loads(frame) for frame in session.frames_to_send()]


def ops(session: PublicSession) -> list[str]:
    return [frame["op"] for frame in sent(session)]


def change(seq: int, prev: int, price: str = "99") -> bytes:
    return push("books", [book(seq, prev, bids=[[price, "1"]])], symbol="BTC-USDT", action="update")


def with_live_book() -> PublicSession:
    session = started(BOOK)
    session.frames_to_send()
    session.receive(subscribed("books", "BTC-USDT"), NOW)
    session.receive(SNAPSHOT, NOW)
    return session


def test_it_is_a_session() -> None:
    session: Session = started()

    assert session.is_ready()  # nothing was asked for


def test_it_begins_by_subscribing_to_what_is_wanted() -> None:
    session = started(QUOTES, TRADES)

    [request] = sent(session)
    assert request["op"] == "subscribe"
    assert [arg["channel"] for arg in request["args"]] == ["bbo-tbt", "trades"]
    assert session.frames_to_send() == []


def test_nothing_is_sent_before_the_start() -> None:
    session = PublicSession(INSTRUMENTS, epoch=1, subscriptions=[QUOTES])

    assert session.frames_to_send() == []
    assert not session.is_ready()


def test_it_is_ready_when_every_subscription_has_its_answer() -> None:
    session = started(QUOTES, TRADES)

    session.receive(subscribed("trades", "BTC-USDT"), NOW)
    assert not session.is_ready()
    session.receive(subscribed("bbo-tbt", "BTC-USDT"), NOW)
    assert session.is_ready()


def test_data_before_the_acknowledgement_is_an_acknowledgement() -> None:
    session = started(TRADES)

    events = session.receive(push("trades", [TRADE], symbol="BTC-USDT"), NOW)

    assert [type(event) for event in events] == [Trade]
    assert session.is_ready()


def test_an_acknowledgement_may_say_more_than_was_asked() -> None:
    session = started(TRADES)

    session.receive(
        encode({"event": "subscribe", "arg": {"channel": "trades", "instId": "BTC-USDT", "new": "1"}}), NOW
    )

    assert session.is_ready()


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "still subscribing"])
def test_rows_become_events(settled: bool) -> None:
    session = started(QUOTES, TRADES, *([] if settled else [BOOK]))
    for channel in ("bbo-tbt", "trades"):
        session.receive(subscribed(channel, "BTC-USDT"), NOW)
    assert session.is_ready() is settled

    quotes = session.receive(push("bbo-tbt", [book(1, 0, bids=[["100", "1"]])], symbol="BTC-USDT"), NOW)
    trades = session.receive(push("trades", [TRADE, TRADE], symbol="BTC-USDT"), NOW)

    assert [type(event) for event in (*quotes, *trades)] == [Quote, Trade, Trade]


def test_a_frame_laid_out_in_another_way_means_the_same() -> None:
    session = started(TRADES)
    session.receive(subscribed("trades", "BTC-USDT"), NOW)
    arg = {"instId": "BTC-USDT", "channel": "trades"}

    usual = session.receive(push("trades", [TRADE], symbol="BTC-USDT"), NOW)
    turned = session.receive(encode({"data": [TRADE], "arg": arg}), NOW)
    spaced = session.receive(json.dumps({"arg": arg, "data": [TRADE]}, indent=1).encode(), NOW)

    assert list(usual) == list(turned) == list(spaced)


def test_an_event_that_begins_like_a_push_is_an_event() -> None:
    session = started(TRADES)
    session.receive(subscribed("trades", "BTC-USDT"), NOW)

    late = {"arg": {"channel": "trades", "instId": "BTC-USDT"}, "event": "subscribe"}

    assert session.receive(encode(late), NOW) == ()


def test_bars_come_over_the_same_kind_of_session() -> None:
    session = started(Subscription(channel="bars", symbol="BTC-USDT", interval="1m"))
    row = ["1786540440000", "1", "2", "1", "2", "10", "20", "20", "1"]

    [event] = session.receive(push("candle1m", [row], symbol="BTC-USDT"), NOW)

    assert isinstance(event, Bar)


def test_one_can_subscribe_while_it_runs() -> None:
    session = started(QUOTES)
    session.receive(subscribed("bbo-tbt", "BTC-USDT"), NOW)
    session.frames_to_send()

    session.subscribe(TRADES)
    session.subscribe(TRADES)

    assert [frame["args"] for frame in sent(session)] == [[{"channel": "trades", "instId": "BTC-USDT"}]]
    assert not session.is_ready()


def test_an_instrument_that_is_not_traded_here_is_not_subscribed_to() -> None:
    with pytest.raises(ConfigError, match="DOGE-USDT is not among"):
        started(Subscription(channel="trades", symbol="DOGE-USDT"))


# ---- errors and notices


def test_what_okx_does_not_serve_is_told_and_does_not_hold_up_the_rest() -> None:
    session = started(TRADES)

    [event] = session.receive(
        encode(
            {"id": "1s0", "event": "error", "code": "60018", "msg": "doesn't exist", "connId": "a4d3ae55"}
        ),
        NOW,
    )

    assert isinstance(event, ConnectionChanged)
    assert (event.feed, event.is_up) == ("trades BTC-USDT", False)
    assert "60018" in event.reason
    assert session.is_ready()


def test_a_book_that_is_refused_late_is_not_to_be_trusted() -> None:
    session = with_live_book()

    events = session.receive(encode({"id": "1s0", "event": "error", "code": "64003", "msg": "fee tier"}), NOW)

    assert events[0] == EMPTY
    assert isinstance(events[1], ConnectionChanged)


def test_an_error_that_names_nothing_ends_the_connection() -> None:
    session = started(TRADES)

    with pytest.raises(ProtocolError, match="too frequent"):
        session.receive(encode({"event": "error", "code": "60014", "msg": "Requests too frequent"}), NOW)


def test_an_upgrade_is_no_error() -> None:
    session = started(TRADES)

    assert session.receive(encode({"event": "notice", "code": "64008", "msg": "soon"}), NOW) == ()
    assert session.must_move


@pytest.mark.parametrize(
    "frame",
    [
        b'{"event":"news","msg":"?"}',
        b'{"event":"subscribe"}',
        b'{"op":"order","id":"1"}',
        b"{}",
        b'{"arg":{"channel":"weather"},"data":[{"a":1}]}',
        b'{"event":"channel-conn-count","channel":"orders","connCount":"2"}',
    ],
)
def test_a_frame_that_nobody_knows_is_counted_and_harms_nobody(frame: bytes) -> None:
    session = started(TRADES)

    assert session.receive(frame, NOW) == ()
    assert session.unknown_frames == 1


# ---- books


def test_a_book_is_told_from_its_snapshot_on() -> None:
    session = started(BOOK)

    [begun] = session.receive(SNAPSHOT, NOW)
    session.receive(subscribed("books", "BTC-USDT"), NOW)
    [changed] = session.receive(change(11, 10), NOW)

    assert isinstance(begun, BookUpdate)
    assert isinstance(changed, BookUpdate)
    assert (begun.is_snapshot, changed.is_snapshot) == (True, False)


def test_a_gap_empties_the_book_and_subscribes_anew_once_okx_has_let_go() -> None:
    session = with_live_book()

    assert session.receive(change(15, 12), NOW) == [EMPTY]
    assert ops(session) == ["unsubscribe"]
    assert session.receive(change(16, 15), NOW) == []
    assert ops(session) == []

    session.receive(unsubscribed("books", "BTC-USDT"), NOW)
    assert ops(session) == ["subscribe"]

    [update] = session.receive(SNAPSHOT, NOW)
    assert isinstance(update, BookUpdate)
    assert update.is_snapshot
    assert session.is_ready()
    assert session.receive(change(11, 10), NOW) != []


def test_a_snapshot_may_come_before_the_acknowledgement_of_the_new_subscription() -> None:
    session = with_live_book()
    session.receive(change(15, 12), NOW)
    session.receive(unsubscribed("books", "BTC-USDT"), NOW)

    assert len(session.receive(SNAPSHOT, NOW)) == 1
    session.receive(subscribed("books", "BTC-USDT"), NOW)
    assert len(session.receive(change(11, 10), NOW)) == 1


def test_what_arrives_after_a_gap_is_no_further_gap() -> None:
    session = with_live_book()
    session.receive(change(15, 12), NOW)

    for number in range(15, 30):
        assert session.receive(change(number + 1, number), NOW) == []


def test_a_book_that_cannot_begin_is_subscribed_to_again() -> None:
    session = started(BOOK)
    session.receive(subscribed("books", "BTC-USDT"), NOW)
    session.frames_to_send()
    session.receive(change(15, 12), NOW)

    assert session.receive(SNAPSHOT, NOW)[-1] == EMPTY
    assert ops(session) == ["unsubscribe"]


def test_a_gap_at_the_end_of_a_frame_is_told_after_what_came_before_it() -> None:
    session = with_live_book()
    rows = [book(11, 10, bids=[["99", "1"]]), book(13, 12, bids=[["98", "1"]])]

    events = session.receive(push("books", rows, symbol="BTC-USDT", action="update"), NOW)

    assert events[-1] == EMPTY
    assert len(events) == 2


def test_a_book_that_okx_ends_by_itself_is_subscribed_to_again() -> None:
    session = with_live_book()

    assert session.receive(unsubscribed("books", "BTC-USDT"), NOW) == [EMPTY]
    assert ops(session) == ["subscribe"]


def test_a_book_that_is_silent_for_too_long_is_subscribed_to_again() -> None:
    session = with_live_book()
    session.receive(change(10, 10), NOW + 60 * S)

    later: list[AnyEvent] = []
    for second in range(140):
        if second % 5 == 0:
            session.receive(b"pong", NOW + second * S)
        later += session.tick(NOW + second * S)

    assert [event.recv_ns for event in later] == [NOW + 136 * S]
    assert "unsubscribe" in [frame["op"] for frame in sent(session) if frame != b"ping"]


def test_many_gaps_at_once_are_the_connections_fault() -> None:
    subscriptions = [
        Subscription(channel="book", symbol=symbol) for symbol in ("BTC-USD", "ETH-USDT", "LTC-USDT")
    ]
    session = PublicSession(RECORDED, epoch=1, subscriptions=subscriptions)
    session.start(NOW)
    for subscription in subscriptions:
        session.receive(push("books", [book(10, -1)], symbol=subscription.symbol, action="snapshot"), NOW)

    def lose(symbol: str) -> Sequence[AnyEvent]:
        return session.receive(push("books", [book(20, 15)], symbol=symbol, action="update"), NOW)

    assert len(lose("BTC-USD")) == len(lose("ETH-USDT")) == 1
    with pytest.raises(ProtocolError, match="3 books"):
        lose("LTC-USDT")


def test_a_book_without_a_snapshot_can_be_seeded_by_rest() -> None:
    session = started(BOOK)
    session.receive(subscribed("books", "BTC-USDT"), NOW)
    session.receive(change(12, 9), NOW + 4 * S)
    assert session.books_to_seed(NOW + 5 * S) == []
    assert session.books_to_seed(NOW + 6 * S) == ["BTC-USDT"]

    rest = book(10, 0, bids=[["100", "1"]])
    update, change_kept = session.seed_book("BTC-USDT", encode([rest]), NOW + 7 * S)

    assert isinstance(update, BookUpdate)
    assert isinstance(change_kept, BookUpdate)
    assert session.books_to_seed(NOW + 60 * S) == []


def test_a_book_that_was_not_subscribed_to_is_not_seeded() -> None:
    session = started(TRADES)

    assert session.seed_book("BTC-USDT", encode([book(10, 0)]), NOW) == ()
    assert session.seed_book("BTC-USDT", b"[]", NOW) == ()
    assert session.receive(SNAPSHOT, NOW) == ()


def test_a_book_that_gets_no_snapshot_at_all_is_subscribed_to_again() -> None:
    session = started(BOOK)
    session.receive(subscribed("books", "BTC-USDT"), NOW)
    session.frames_to_send()

    session.receive(change(11, 10), NOW + 14 * S)
    session.tick(NOW + 15 * S)
    assert ops(session) == []
    session.tick(NOW + 15 * S + 1)
    assert ops(session) == ["unsubscribe"]


# ---- time


def test_it_pings_in_plain_text() -> None:
    session = started()

    session.tick(NOW + 19 * S)
    assert session.frames_to_send() == []
    session.tick(NOW + 20 * S)
    assert session.frames_to_send() == [b"ping"]


def test_a_pong_is_no_json() -> None:
    session = started(TRADES)

    assert session.receive(b"pong", NOW) == ()
    assert session.unknown_frames == 0


def test_silence_ends_the_connection() -> None:
    session = started()
    session.tick(NOW + 20 * S)

    with pytest.raises(ProtocolError, match="not answered a ping"):
        session.tick(NOW + 31 * S)


def test_a_subscription_without_an_answer_is_asked_for_again() -> None:
    session = started(TRADES)
    session.frames_to_send()

    session.tick(NOW + 11 * S)

    assert ops(session) == ["subscribe"]


def test_when_the_socket_is_gone_no_book_is_to_be_trusted() -> None:
    assert with_live_book().end(NOW) == [EMPTY]
    assert started(BOOK).end(NOW) == []


# ---- anything


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"p",
        b"null",
        b"[]",
        b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"px":"x"}]}',
        b'{"arg":{"channel":"trades"},"data":null}',
        b'{"arg":{"channel":"books","instId":"BTC-USDT"},"data":[{"asks":[["0","1"]],"bids":[],"ts":"1"}]}',
        b'{"event":5}',
        b'{"arg":{"channel":"\xff"}}',
        b"[" * 50_000,
    ],
)
@pytest.mark.parametrize("settled", [True, False])
def test_what_okx_never_sends_ends_the_connection(frame: bytes, settled: bool) -> None:
    session = started(TRADES)
    if settled:
        session.receive(subscribed("trades", "BTC-USDT"), NOW)

    with pytest.raises(ProtocolError):
        session.receive(frame, NOW)


pieces = st.sampled_from(
    [
        SNAPSHOT,
        change(11, 10),
        change(13, 12),
        b"pong",
        subscribed("books", "BTC-USDT"),
        unsubscribed("books", "BTC-USDT"),
        push("trades", [TRADE], symbol="BTC-USDT"),
        encode({"event": "error", "code": "60018", "msg": "", "id": "1s0"}),
    ]
)


@given(st.lists(st.binary(max_size=60) | pieces, max_size=20), st.lists(st.integers(0, 20 * S), max_size=20))
def test_no_bytes_raise_anything_but_a_protocol_error(parts: list[bytes], pauses: list[int]) -> None:
    session = started(BOOK, TRADES)
    now_ns = NOW
    for part, pause_ns in zip(parts, [*pauses, *[0] * len(parts)], strict=False):
        now_ns += pause_ns
        try:
            session.receive(part, now_ns)
            session.tick(now_ns)
        except ProtocolError:
            break

    session.end(now_ns)


@given(st.data())
def test_a_frame_that_is_damaged_means_something_or_ends_the_connection(data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from([SNAPSHOT, push("trades", [TRADE], symbol="BTC-USDT")])))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    session = started(BOOK, TRADES)
    for channel in ("books", "trades"):
        session.receive(subscribed(channel, "BTC-USDT"), NOW)

    try:
        session.receive(bytes(frame), NOW)
    except ProtocolError:
        return


# What a session for the market never gets to see, with the reason.
OUT_OF_SCOPE = {
    "ws/INDEX.md": "not a frame",
    "ws/seq__books_uni_swap_expected_end__overlay.json": "not a frame but what to expect",
    "ws/seq__books_uni_swap_crc_2022__cfeed.jsonl": "from before books had sequence numbers",
    "ws/control__error_60012_id_inside_msg__ccxt.json": "an error without an id: ends the connection, tested above",
    "ws/control__error_60014__issue.json": "an error without an id",
    "ws/control__login_error_60032__roq.json": "an answer to a login",
    "ws/control__login_failed_60009__docs.json": "an answer to a login",
    "ws/control__error_60012_with_id__docs.json": "about a request of another connection",
    "ws/seq__ack_then_error_60011__issue.jsonl": "an error without an id",
}


@pytest.mark.parametrize("name", [name for name in recorded("ws/*") if name not in OUT_OF_SCOPE])
def test_every_recorded_frame_can_arrive(name: str) -> None:
    words = ("quotes", "trades", "book", "funding", "mark")
    wanted = [Subscription(channel=word, symbol=symbol) for word in words for symbol in RECORDED]
    session = PublicSession(RECORDED, epoch=1, subscriptions=wanted)
    session.start(NOW)
    told: list[AnyEvent] = []

    for frame in frames(name):
        told += session.receive(frame, NOW)

    is_market = name.startswith(("ws/market__", "ws/book__", "ws/seq__book", "ws/seq__trades"))
    ours = (
        "bbo-tbt",
        "trades_",
        "mark-price",
        "funding-rate",
        "book__",
        "seq__trades",
        "book_seq",
        "2026shape",
    )
    if is_market and any(word in name for word in ours):
        assert told


def test_nothing_is_out_of_scope_that_does_not_exist() -> None:
    if recorded("ws/*"):
        assert set(OUT_OF_SCOPE) <= set(recorded("ws/*"))
