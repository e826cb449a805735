"""A conversation about one account, fed by hand: nothing that was asked is ever forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import LoginRefused, ProtocolError
from botkit.model.events import AnyEvent, OrderUpdate
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.venues.api import Session
from botkit.venues.okx.holdings import Holdings
from botkit.venues.okx.login import Logins
from botkit.venues.okx.orders import OrderEncoder
from botkit.venues.okx.private_session import Phase, PrivateSession
from tests.venues.okx.frames import (
    INSTRUMENTS,
    MS,
    NOW,
    RECORDED,
    SIGNER,
    TRADE_MODES,
    S,
    ack,
    amend_order,
    cancel_order,
    encode,
    fill,
    frames,
    new_order,
    order,
    push,
    recorded,
    subscribed,
)

C = OrderChange
LOGIN_OK = encode({"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"})


def make(
    *, epoch: int = 1, logins: Logins | None = None, offset_ns: int = 0, all_known: bool = False
) -> PrivateSession:
    instruments = RECORDED if all_known else INSTRUMENTS
    venue_ns: Callable[[int], int] = lambda ns: ns + offset_ns  # noqa: E731 # two users
    return PrivateSession(
        instruments,
        signer=SIGNER,
        encoder=OrderEncoder(instruments, TRADE_MODES, venue_ns),
        holdings=Holdings(instruments),
        logins=logins or Logins(),
        venue_ns=venue_ns,
        epoch=epoch,
    )


def ready(**options: Any) -> PrivateSession:
    session = make(**options)
    session.start(NOW)
    session.receive(LOGIN_OK, NOW)
    for channel in ("account", "orders", "positions"):
        session.receive(subscribed(channel), NOW)
    session.frames_to_send()
    return session


def sent(session: PrivateSession) -> list[Any]:
    return [frame if frame == b"ping" else json.loads(frame) for frame in session.frames_to_send()]


def changes(events: Sequence[AnyEvent]) -> list[OrderChange]:
    return [event.change for event in events if isinstance(event, OrderUpdate)]


def orders(*rows: dict[str, str]) -> bytes:
    return encode({"arg": {"channel": "orders", "instType": "ANY", "uid": "1"}, "data": list(rows)})


# ---- how it begins


def test_it_is_a_session() -> None:
    session: Session = make()

    assert not session.is_ready()


def test_it_logs_in_at_the_venues_second() -> None:
    session = make(offset_ns=1_500 * MS)
    session.start(NOW)

    assert sent(session) == [{"op": "login", "args": [SIGNER.login_args(1_790_000_001)]}]
    assert session.phase is Phase.LOGGING_IN


def test_nothing_else_is_sent_before_the_login_is_accepted() -> None:
    session = make()
    session.start(NOW)
    session.frames_to_send()

    session.tick(NOW + S)

    assert session.frames_to_send() == []


def test_once_logged_in_it_subscribes_to_all_that_happens_in_one_request() -> None:
    session = make()
    session.start(NOW)
    session.frames_to_send()

    session.receive(LOGIN_OK, NOW)

    [request] = sent(session)
    events_only = '{"updateInterval":"0"}'
    assert request["op"] == "subscribe"
    assert request["args"] == [
        {"channel": "orders", "instType": "ANY"},
        {"channel": "account", "extraParams": events_only},
        {"channel": "positions", "instType": "ANY", "extraParams": events_only},
    ]


def test_it_is_ready_when_all_channels_have_been_confirmed() -> None:
    session = make()
    session.start(NOW)
    session.receive(LOGIN_OK, NOW)
    for channel in ("positions", "account"):
        session.receive(subscribed(channel), NOW)
        assert not session.is_ready()

    session.receive(encode({"event": "subscribe", "arg": {"channel": "orders", "instType": "ANY"}}), NOW)

    assert session.is_ready()


def test_data_confirm_a_channel_too() -> None:
    session = make()
    session.start(NOW)
    session.receive(LOGIN_OK, NOW)
    session.receive(push("positions", []), NOW)
    session.receive(push("account", [{"details": []}]), NOW)
    session.receive(orders(), NOW)

    assert session.is_ready()


def test_a_second_login_answer_changes_nothing() -> None:
    session = ready()

    session.receive(LOGIN_OK, NOW)

    assert session.is_ready()
    assert session.frames_to_send() == []


# ---- logins that fail


@pytest.mark.parametrize("event", ["error", "login"])
def test_an_unknown_key_is_refused_for_good(event: str) -> None:
    session = make()
    session.start(NOW)

    with pytest.raises(LoginRefused, match="site where the account was opened") as caught:
        session.receive(encode({"event": event, "code": "60032", "msg": "API key doesn't exist"}), NOW)

    assert caught.value.code == "60032"


def test_a_wrong_clock_is_a_reason_to_ask_for_the_time_and_try_again() -> None:
    logins = Logins()
    session = make(logins=logins)
    session.start(NOW)

    with pytest.raises(ProtocolError, match="60006"):
        session.receive(encode({"event": "error", "code": "60006", "msg": "Timestamp request expired"}), NOW)

    assert logins.needs_time


def test_failures_are_counted_over_connections() -> None:
    logins = Logins()
    failed = encode({"event": "error", "code": "60009", "msg": "Login failed."})
    for kind in (ProtocolError, LoginRefused):
        session = make(logins=logins)
        session.start(NOW)
        with pytest.raises(kind):
            session.receive(failed, NOW)


def test_a_login_without_an_answer_is_given_up_after_five_seconds() -> None:
    session = make()
    session.start(NOW)

    session.tick(NOW + 5 * S)
    with pytest.raises(ProtocolError, match="login"):
        session.tick(NOW + 5 * S + 1)


def test_subscriptions_without_an_answer_are_given_up_after_fifteen_seconds() -> None:
    session = make()
    session.start(NOW)
    session.receive(LOGIN_OK, NOW)
    session.frames_to_send()

    session.tick(NOW + 11 * S)
    assert [frame["op"] for frame in sent(session)] == ["subscribe"]  # asked once more
    with pytest.raises(ProtocolError, match="subscriptions"):
        session.tick(NOW + 15 * S + 1)


# ---- what happens to the account


def test_what_happens_is_told_in_order() -> None:
    session = ready()

    events = session.receive(
        orders(order(), fill("0.4", "0.4", "501"), fill("0.6", "1", "502", "filled")), NOW
    )

    assert [type(event) for event in events] == [OrderUpdate, Fill, Fill, OrderUpdate]
    assert changes(events) == [C.ACCEPT, C.LAST_FILL]


def test_an_order_in_an_unknown_instrument_does_not_stop_those_behind_it() -> None:
    session = ready()

    events = session.receive(orders(order(instId="X-USD-261225", instType="FUTURES"), order()), NOW)

    assert len(events) == 1


def test_balances_and_positions_are_told() -> None:
    session = ready()
    account = {"details": [{"ccy": "USDT", "cashBal": "900", "availBal": "800"}]}
    position = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "pos": "-5", "posSide": "net", "avgPx": "100"}

    [balance] = session.receive(push("account", [account], eventType="event_update"), NOW)
    [report] = session.receive(push("positions", [position], symbol="BTC-USDT-SWAP"), NOW)

    assert balance == Balance(recv_ns=NOW, currency="USDT", total=Decimal(900), available=Decimal(800))
    assert report == PositionReport(
        recv_ns=NOW, symbol="BTC-USDT-SWAP", size=Decimal("-0.05"), average_price=Decimal(100)
    )


# ---- orders


def test_an_order_goes_out_at_once() -> None:
    session = ready()

    assert session.place(new_order(), NOW) == ()

    [frame] = sent(session)
    assert (frame["id"], frame["op"], frame["args"][0]["clOrdId"]) == ("1r1", "order", "bk1")


def test_requests_of_two_connections_are_never_taken_for_each_other() -> None:
    first, second = ready(epoch=1), ready(epoch=2)
    first.place(new_order(), NOW)
    second.place(new_order(), NOW)

    assert second.receive(ack("1r1"), NOW) == ()
    assert changes(second.receive(ack("2r1"), NOW)) == [C.ACCEPT]


@pytest.mark.parametrize(
    ("verb", "op", "taken", "refused"),
    [
        ("place", "order", [C.ACCEPT], [C.REJECT]),
        ("amend", "amend-order", [], [C.AMEND_FAIL]),
        ("cancel", "cancel-order", [], [C.CANCEL_FAIL]),
    ],
)
def test_an_answer_belongs_to_its_request(
    verb: str, op: str, taken: list[OrderChange], refused: list[OrderChange]
) -> None:
    for code, told in (("0", taken), ("51400", refused)):
        session = ready()
        ask(session, verb, NOW)

        assert changes(session.receive(ack("1r1", op, code=code), NOW)) == told
        assert session.receive(ack("1r1", op, code=code), NOW) == ()  # told twice
        assert session.tick(NOW + 6 * S) == []


def ask(session: PrivateSession, verb: str, now_ns: int) -> Sequence[AnyEvent]:
    match verb:
        case "place":
            return session.place(new_order(), now_ns)
        case "amend":
            return session.amend(amend_order(), now_ns)
        case _:
            return session.cancel(cancel_order(), now_ns)


@pytest.mark.parametrize(("verb", "told"), [("place", C.LOSE), ("amend", C.LOSE), ("cancel", C.CANCEL_FAIL)])
def test_a_request_without_an_answer_is_not_known_after_five_seconds(verb: str, told: OrderChange) -> None:
    session = ready()
    ask(session, verb, NOW)

    assert session.tick(NOW + 5 * S - 1) == []
    assert changes(session.tick(NOW + 5 * S)) == [told]
    assert session.tick(NOW + 6 * S) == []


def test_an_answer_that_comes_late_is_welcome() -> None:
    session = ready()
    session.place(new_order(), NOW)
    session.tick(NOW + 5 * S)

    [update] = session.receive(ack("1r1"), NOW + 6 * S)

    assert isinstance(update, OrderUpdate)
    assert (update.change, update.venue_order_id) == (C.ACCEPT, "900000000000000001")


@pytest.mark.parametrize(("verb", "told"), [("place", C.LOSE), ("amend", C.LOSE), ("cancel", C.CANCEL_FAIL)])
def test_what_is_under_way_when_the_socket_goes_is_not_known(verb: str, told: OrderChange) -> None:
    session = ready()
    ask(session, verb, NOW)

    assert changes(session.end(NOW + S)) == [told]
    assert session.end(NOW + S) == []
    assert not session.is_ready()


def test_what_has_been_answered_is_not_lost_with_the_socket() -> None:
    session = ready()
    session.place(new_order(), NOW)
    session.receive(ack("1r1"), NOW)

    assert session.end(NOW) == []


def test_what_was_told_to_be_unknown_is_not_told_again_at_the_end() -> None:
    session = ready()
    session.place(new_order(), NOW)
    session.tick(NOW + 5 * S)

    assert session.end(NOW + 6 * S) == []


@pytest.mark.parametrize(
    ("verb", "told"), [("place", C.REJECT), ("amend", C.AMEND_FAIL), ("cancel", C.CANCEL_FAIL)]
)
@pytest.mark.parametrize(
    "phase", [Phase.IDLE, Phase.LOGGING_IN, Phase.SUBSCRIBING, Phase.OVER], ids=lambda p: p.name
)
def test_nothing_goes_out_unless_its_answer_will_be_heard(phase: Phase, verb: str, told: OrderChange) -> None:
    session = in_phase(phase)
    session.frames_to_send()

    events = ask(session, verb, NOW)

    assert changes(events) == [told]
    assert session.frames_to_send() == []
    assert session.end(NOW) == []


def in_phase(phase: Phase) -> PrivateSession:
    session = make() if phase is not Phase.READY else ready()
    if phase in {Phase.LOGGING_IN, Phase.SUBSCRIBING}:
        session.start(NOW)
    if phase is Phase.SUBSCRIBING:
        session.receive(LOGIN_OK, NOW)
    if phase is Phase.OVER:
        session.end(NOW)
    assert session.phase is phase
    return session


def test_an_order_that_okx_has_no_words_for_is_rejected_here() -> None:
    session = ready()

    events = session.place(new_order(symbol="DOGE-USDT"), NOW)

    assert changes(events) == [C.REJECT]
    assert session.frames_to_send() == []
    assert session.end(NOW) == []


def test_a_request_that_is_refused_as_a_whole_is_refused() -> None:
    session = ready()
    session.place(new_order(), NOW)

    frame = {"id": "1r1", "op": "order", "code": "60013", "msg": "Invalid args", "data": []}

    assert changes(session.receive(encode(frame), NOW)) == [C.REJECT]


def test_an_error_that_names_a_request_answers_it() -> None:
    session = ready()
    session.place(new_order(), NOW)

    frame = {"id": "1r1", "event": "error", "code": "60012", "msg": "Invalid request"}

    assert changes(session.receive(encode(frame), NOW)) == [C.REJECT]


def test_an_error_that_names_no_request_leaves_every_order_in_doubt() -> None:
    session = ready()
    session.place(new_order(), NOW)

    with pytest.raises(ProtocolError, match="60012"):
        session.receive(
            encode({"event": "error", "code": "60012", "msg": 'Illegal request: {"id":"1r1"}'}), NOW
        )
    assert changes(session.end(NOW)) == [C.LOSE]


def test_an_answer_to_nothing_is_counted() -> None:
    session = ready()

    assert session.receive(ack("9r9"), NOW) == ()
    assert session.unknown_frames == 1


# ---- what ends it


@pytest.mark.parametrize(
    "frame",
    [
        {"event": "channel-conn-count-error", "channel": "orders", "connCount": "30"},
        {"event": "unsubscribe", "arg": {"channel": "orders", "instType": "ANY"}},
        {"event": "unsubscribe"},
    ],
)
def test_a_channel_that_okx_takes_away_ends_the_connection(frame: dict[str, object]) -> None:
    with pytest.raises(ProtocolError, match="too many connections"):
        ready().receive(encode(frame), NOW)


def test_counting_connections_is_no_error() -> None:
    session = ready()

    session.receive(encode({"event": "channel-conn-count", "channel": "orders", "connCount": "2"}), NOW)

    assert session.unknown_frames == 0


def test_an_upgrade_is_no_error() -> None:
    session = ready()

    session.receive(encode({"event": "notice", "code": "64008", "msg": "soon"}), NOW)

    assert session.must_move
    assert session.is_ready()


def test_silence_ends_it() -> None:
    session = ready()
    session.tick(NOW + 20 * S)
    assert sent(session) == [b"ping"]
    session.receive(b"pong", NOW + 21 * S)
    session.tick(NOW + 40 * S)

    with pytest.raises(ProtocolError, match="ping"):
        session.tick(NOW + 51 * S)


@pytest.mark.parametrize("frame", [b'{"event":"news"}', b"{}", b'{"arg":{"channel":"fills"},"data":[]}'])
def test_a_frame_that_nobody_knows_is_counted(frame: bytes) -> None:
    session = ready()

    assert session.receive(frame, NOW) == ()
    assert session.unknown_frames == 1


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"null",
        b'{"arg":{"channel":"orders"},"data":[{"ordId":"1"}]}',
        b'{"arg":{"channel":"account"},"data":[{"details":[{"ccy":"BTC","cashBal":"lots"}]}]}',
        b'{"arg":{"channel":"positions"},"data":5}',
        b'{"arg":{"channel":"\xff"}}',
    ],
)
def test_what_okx_never_sends_ends_it(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        ready().receive(frame, NOW)


# ---- every phase and everything that can come in

INPUTS: dict[str, bytes] = {
    "login": LOGIN_OK,
    "refused": encode({"event": "error", "code": "60005", "msg": "Invalid apiKey"}),
    "ack": subscribed("orders"),
    "order": orders(order()),
    "answer": ack("1r1"),
    "pong": b"pong",
    "notice": encode({"event": "notice", "code": "64008", "msg": ""}),
    "cut": encode({"event": "channel-conn-count-error", "channel": "orders"}),
}
P = Phase
MOVES: dict[tuple[Phase, str], Phase | type[Exception]] = {
    (P.LOGGING_IN, "login"): P.SUBSCRIBING,
    (P.LOGGING_IN, "refused"): LoginRefused,
    **{(phase, "refused"): ProtocolError for phase in (P.IDLE, P.SUBSCRIBING, P.READY, P.OVER)},
    **{(phase, "cut"): ProtocolError for phase in P},
}


@pytest.mark.parametrize("word", INPUTS)
@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
def test_every_phase_takes_everything_that_comes_in(phase: Phase, word: str) -> None:
    session = in_phase(phase)
    after = MOVES.get((phase, word), phase)

    if isinstance(after, Phase):
        session.receive(INPUTS[word], NOW)
        assert session.phase is after
    else:
        with pytest.raises(after):
            session.receive(INPUTS[word], NOW)


# ---- anything

steps = st.lists(
    st.one_of(
        st.sampled_from(["place", "amend", "cancel"]),
        st.integers(1, 30).map(lambda number: ack(f"1r{number}", code="0")),
        st.sampled_from([*INPUTS.values()]),
        st.binary(max_size=40),
        st.integers(0, 8 * S),
    ),
    max_size=30,
)


@given(steps)
def test_no_order_is_ever_forgotten_whatever_comes_in(parts: list[str | bytes | int]) -> None:
    session = ready()
    now_ns, asked, told = NOW, 0, 0
    try:
        for part in parts:
            if isinstance(part, int):
                now_ns += part
                told += len(session.tick(now_ns))
            elif isinstance(part, str):
                asked += part == "place"
                told += sum(change is not C.CANCEL_FAIL for change in changes(ask(session, part, now_ns)))
            else:
                told += len(session.receive(part, now_ns))
    except (ProtocolError, LoginRefused):
        pass
    told += len(session.end(now_ns))

    assert told >= asked


@given(st.permutations(["ack", "live", "fill", "last"]), st.booleans())
def test_in_whatever_order_things_are_told_the_order_ends_the_same(order_of: list[str], twice: bool) -> None:
    session = ready()
    placed = Order(new_order(size=Decimal(1), limit_price=Decimal(100)), NOW)
    session.place(placed.request, NOW)
    parts = {
        "ack": ack("1r1"),
        "live": orders(order()),
        "fill": orders(fill("0.4", "0.4", "501")),
        "last": orders(fill("0.6", "1", "502", "filled")),
    }
    fills: dict[str, Fill] = {}

    for word in order_of:
        for event in [
            *session.receive(parts[word], NOW),
            *(session.receive(parts[word], NOW) if twice else ()),
        ]:
            if isinstance(event, Fill):
                if event.trade_id not in fills:
                    fills[event.trade_id] = event
                    done = sum(fill.size for fill in fills.values()) >= placed.size
                    placed.change(C.LAST_FILL if done else C.PARTIAL_FILL, NOW)
            elif isinstance(event, OrderUpdate) and (event.change is not C.LAST_FILL or len(fills) == 2):
                placed.change(event.change, NOW)

    assert placed.status is OrderStatus.FILLED
    assert sum(fill.size for fill in fills.values()) == 1


# What a session for an account never gets to see, with the reason.
OUT_OF_SCOPE = {
    "ws/INDEX.md": "not a frame",
    "ws/seq__books_uni_swap_expected_end__overlay.json": "not a frame but what to expect",
    "ws/control__channel-conn-count-error__docs.json": "ends the connection, tested above",
    "ws/control__error_60012_id_inside_msg__ccxt.json": "an error without an id: ends the connection, tested above",
    "ws/control__error_60012_with_id__docs.json": "about a request of another connection",
    "ws/control__error_60014__issue.json": "an error without an id",
    "ws/control__login_error_60032__roq.json": "an answer to a login, tested above",
    "ws/control__login_failed_60009__docs.json": "an answer to a login, tested above",
    "ws/control__unsubscribe_ack__docs.json": "nothing is ever unsubscribed from here",
    "ws/seq__ack_then_error_60011__issue.jsonl": "an error without an id",
    "ws/seq__book_seq_cases__synth.jsonl": "nothing is ever unsubscribed from here",
}


@pytest.mark.parametrize("name", [name for name in recorded("ws/*") if name not in OUT_OF_SCOPE])
def test_every_recorded_frame_can_arrive(name: str) -> None:
    session = ready(all_known=True)
    told: list[AnyEvent] = []

    for frame in frames(name):
        told += session.receive(frame, NOW)

    rows = (
        "account_",
        "account__",
        "orders_",
        "positions_snapshot",
        "seq__amend",
        "seq__cancel",
        "seq__post_only",
    )
    foreign = ("FUTURES", "OPTION", "account-greeks", "orders-algo", "sprd-orders")
    is_ours = name.startswith(("ws/private__", "ws/seq__")) and any(word in name for word in rows)
    if is_ours and not any(word.encode() in frame for frame in frames(name) for word in foreign):
        assert told
