from __future__ import annotations

from typing import Any

import pytest

from botkit.venues.okx.emulator.session import LOGIN_FAILED
from tests.venues.okx.emulator.floors import BUSINESS, NOON_NS, PRIVATE, PUBLIC, Desk, Listener, caller

TICKERS = {"channel": "tickers", "instId": "BTC-USDT"}
ORDERS = {"channel": "orders", "instType": "ANY"}
BTC = 1001
LIMIT = {"instIdCode": BTC, "tdMode": "cash", "side": "buy", "ordType": "limit", "px": "59000", "sz": "0.1"}


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote()
    return desk


def test_a_ping_is_answered_in_any_state(desk: Desk) -> None:
    session = desk.connect(PUBLIC).session

    assert session.receive("ping", NOON_NS) == [b"pong"]


def test_a_login_is_acknowledged(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()

    assert client.session.closing is None


def test_a_refused_login_is_an_error_and_closes(desk: Desk) -> None:
    client = desk.connect(PRIVATE)

    (frame,) = client.say({"op": "login", "args": [{}]})

    assert (frame["event"], frame["code"], frame["connId"]) == ("error", "60009", "0000abcd")
    assert client.session.closing == LOGIN_FAILED


def test_a_login_from_an_address_that_the_key_is_not_bound_to_is_refused(desk: Desk) -> None:
    key = caller("trader").key
    client = desk.connect(PRIVATE, "203.0.113.1")

    arg = {"apiKey": key.key, "passphrase": key.passphrase, "timestamp": str(NOON_NS // 10**9), "sign": ""}

    assert client.say({"op": "login", "args": [arg]})[0]["code"] == "50110"


def test_logging_in_again_is_an_error_that_does_not_close(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()

    (frame,) = client.say({"op": "login", "args": [{}]})

    assert frame["code"] == "60031"
    assert client.session.closing is None


def test_every_argument_is_acknowledged_with_the_id_of_the_request(desk: Desk) -> None:
    other = {"channel": "trades", "instId": "ETH-USDT"}

    frames = desk.connect(PUBLIC).say({"id": "7", "op": "subscribe", "args": [TICKERS, other]})

    acks = [frame for frame in frames if "event" in frame]
    assert acks == [
        {"id": "7", "event": "subscribe", "arg": TICKERS, "connId": "0000abcd"},
        {"id": "7", "event": "subscribe", "arg": other, "connId": "0000abcd"},
    ]


def test_an_acknowledgement_has_an_id_only_if_the_request_had(desk: Desk) -> None:
    assert "id" not in desk.connect(PUBLIC).listen(TICKERS)[0]


def test_one_bad_argument_does_not_harm_the_others(desk: Desk) -> None:
    frames = desk.connect(PUBLIC).listen({"channel": "rumours"}, TICKERS)

    assert frames[0]["event"] == "error"
    assert "arg" not in frames[0]
    assert frames[1]["event"] == "subscribe"


def test_subscribing_twice_is_acknowledged_twice_and_pushed_once(desk: Desk) -> None:
    client = desk.connect(PUBLIC)

    assert [("data" in frame) for frame in client.listen(TICKERS)] == [False, True]
    assert [("data" in frame) for frame in client.listen(TICKERS)] == [False]


def test_after_unsubscribing_nothing_comes(desk: Desk) -> None:
    client = desk.connect(PUBLIC)
    client.listen(TICKERS)

    (frame,) = client.say({"op": "unsubscribe", "args": [TICKERS]})
    desk.place(px="60000.1")
    desk.wait(1)

    assert (frame["event"], frame["arg"]) == ("unsubscribe", TICKERS)
    assert client.listener.taken() == []
    assert len(client.listen(TICKERS)) == 2  # a fresh start


def test_unsubscribing_from_what_is_not_subscribed_is_acknowledged(desk: Desk) -> None:
    assert desk.connect(PUBLIC).say({"op": "unsubscribe", "args": [TICKERS]})[0]["event"] == "unsubscribe"
    assert desk.connect(PUBLIC).say({"op": "unsubscribe", "args": [{}]})[0]["code"] == "60013"


def test_private_channels_need_a_login(desk: Desk) -> None:
    assert desk.connect(PRIVATE).listen(ORDERS)[0]["code"] == "60011"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "60012"),
        ("[]", "60012"),
        ('{"op":"subscribe","argss":[]}', "60012"),
        ('{"args":[]}', "60012"),
        ('{"op":"subscribe","id":"a-b","args":[]}', "60012"),
        ('{"op":"subscribe","id":7,"args":[]}', "60012"),
        ('{"op":"ping"}', "60019"),
        ('{"op":"subscribe","args":[]}', "60013"),
        ('{"op":"subscribe"}', "60013"),
        ('{"op":"unsubscribe","args":{}}', "60013"),
    ],
    ids=[
        "broken",
        "no object",
        "unknown key",
        "no op",
        "bad id",
        "number as id",
        "unknown op",
        "no args",
        "none",
        "no list",
    ],
)
def test_a_request_that_makes_no_sense_is_refused(desk: Desk, text: str, code: str) -> None:
    (frame,) = desk.connect(PUBLIC).say(text)

    assert (frame["event"], frame["code"]) == ("error", code)


def test_the_id_of_a_broken_request_is_repeated_if_it_can_be_read(desk: Desk) -> None:
    (frame,) = desk.connect(PUBLIC).say('{"id":"1512","op":"subscribe","argss":[]}')

    assert frame["id"] == "1512"
    assert "argss" in frame["msg"]


def test_the_four_hundred_eighty_first_request_of_an_hour_is_refused(desk: Desk) -> None:
    client = desk.connect(PUBLIC)
    for _ in range(480):
        client.listen(TICKERS)

    assert client.listen(TICKERS)[0]["code"] == "60014"
    assert desk.connect(PUBLIC).listen(TICKERS)[0]["event"] == "subscribe"
    desk.wait(3600)
    assert client.listen(TICKERS)[0]["event"] == "subscribe"


def test_order_operations_and_pings_are_not_counted(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()
    for _ in range(500):
        client.order("cancel-order", {})
        client.session.receive("ping", NOON_NS)

    assert client.listen(ORDERS)[0]["event"] == "subscribe"


def test_connections_of_a_counted_channel_are_told_their_number(desk: Desk) -> None:
    first, second = desk.connect(PRIVATE).log_in(), desk.connect(PRIVATE).log_in()

    assert first.listen(ORDERS)[1] == {
        "event": "channel-conn-count",
        "channel": "orders",
        "connCount": "1",
        "connId": "0000abcd",
    }
    assert second.listen(ORDERS)[1]["connCount"] == "2"
    assert len(second.listen({"channel": "orders", "instType": "SPOT"})) == 1  # counted once
    assert desk.connect(PRIVATE).log_in("trader-2").listen(ORDERS)[1]["connCount"] == "1"


def test_the_thirty_first_connection_of_a_channel_is_turned_away(desk: Desk) -> None:
    for _ in range(30):
        desk.connect(PRIVATE).log_in().listen(ORDERS)
    client = desk.connect(PRIVATE).log_in()

    frames = client.listen(ORDERS)
    desk.place(px="59000")

    assert [frame["event"] for frame in frames] == ["subscribe", "channel-conn-count-error"]
    assert client.listener.taken() == []


def test_a_connection_that_ends_is_taken_off_everything(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()
    client.listen(ORDERS)

    client.session.end()
    desk.place(px="59000")

    assert client.listener.taken() == []
    assert desk.connect(PRIVATE).log_in().listen(ORDERS)[1]["connCount"] == "1"


def test_an_order_is_acknowledged(desk: Desk) -> None:
    ack = desk.connect(PRIVATE).log_in().order("order", {**LIMIT, "clOrdId": "mine"})

    assert (ack["id"], ack["op"], ack["code"], ack["msg"]) == ("1", "order", "0", "")
    assert ack["data"][0].keys() == {"ordId", "clOrdId", "tag", "ts", "sCode", "sMsg", "subCode"}
    assert (ack["data"][0]["clOrdId"], ack["inTime"]) == ("mine", str(NOON_NS // 1000))


def test_orders_go_through_their_whole_life(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()
    named = {"instIdCode": BTC, "clOrdId": "mine"}

    placed = client.order("batch-orders", {**LIMIT, "clOrdId": "mine"}, {**LIMIT, "clOrdId": "other"})
    amended = client.order("amend-order", {**named, "newSz": "0.2", "reqId": "r1"})
    canceled = client.order("cancel-order", named)
    again = client.order("batch-cancel-orders", named, {**named, "clOrdId": "other"})

    assert [ack["code"] for ack in (placed, amended, canceled, again)] == ["0", "0", "0", "2"]
    assert amended["data"][0]["reqId"] == "r1"
    assert [row["sCode"] for row in again["data"]] == ["51400", "0"]


def test_batches_amend_too(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()
    client.order("order", {**LIMIT, "clOrdId": "mine"})

    ack = client.order("batch-amend-orders", {"instIdCode": BTC, "clOrdId": "mine", "newPx": "58000"})

    assert (ack["code"], ack["data"][0]["sCode"]) == ("0", "0")


@pytest.mark.parametrize(
    ("code", "said"),
    [(None, "50014"), (0, "51001"), (999, "51001"), ("999", "51001"), ("BTC-USDT", "51001")],
    ids=["absent", "zero", "unknown", "unknown text", "name"],
)
def test_an_order_names_its_instrument_by_number(desk: Desk, code: object, said: str) -> None:
    item = {**LIMIT, "instIdCode": code, "instId": "BTC-USDT", "clOrdId": "mine"}

    ack = desk.connect(PRIVATE).log_in().order("order", item)

    assert (ack["code"], ack["data"][0]["sCode"], ack["data"][0]["clOrdId"]) == ("1", said, "mine")


def test_a_lenient_exchange_takes_the_name_but_the_number_wins() -> None:
    client = Desk(names_instruments=True).connect(PRIVATE).log_in()
    named = {**LIMIT, "instIdCode": None, "instId": "BTC-USDT"}

    assert client.order("order", named)["code"] == "0"
    assert client.order("order", {**named, "instIdCode": 999})["data"][0]["sCode"] == "51001"
    assert client.order("order", {**named, "instId": None})["data"][0]["sCode"] == "50014"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"op": "order", "args": [LIMIT]}, "60013"),
        ({"id": "1", "op": "order", "args": []}, "60013"),
        ({"id": "1", "op": "order"}, "60013"),
        ({"id": "1", "op": "order", "args": ["x"]}, "60013"),
        ({"id": "1", "op": "order", "args": [LIMIT, LIMIT]}, "60013"),
        ({"id": "1", "op": "batch-orders", "args": [LIMIT] * 21}, "51111"),
        ({"id": "1", "op": "order", "args": [LIMIT], "expTime": str(NOON_NS // 10**6 - 1)}, "50036"),
        ({"id": "1", "op": "amend-order", "args": [LIMIT], "expTime": 1}, "50036"),
    ],
    ids=["no id", "no item", "no args", "no object", "two items", "too many", "late", "late amendment"],
)
def test_an_order_operation_fails_as_a_whole(desk: Desk, request_: dict[str, Any], code: str) -> None:
    (ack,) = desk.connect(PRIVATE).log_in().say(request_)

    assert (ack["op"], ack["code"], ack["data"]) == (request_["op"], code, [])
    assert {"inTime", "outTime"} <= ack.keys()


def test_a_cancel_is_never_too_late(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()
    client.order("order", {**LIMIT, "clOrdId": "mine"})

    assert client.order("cancel-order", {"instIdCode": BTC, "clOrdId": "mine"}, expTime="1")["code"] == "0"


def test_orders_need_a_login_the_right_address_and_the_right_key(desk: Desk) -> None:
    assert desk.connect(PRIVATE).order("order", LIMIT)["code"] == "60011"
    assert desk.connect(BUSINESS).log_in().order("order", LIMIT)["code"] == "60028"
    assert desk.connect(PRIVATE).log_in("readonly").order("order", LIMIT)["code"] == "50120"


def test_too_many_orders_are_refused_together_with_those_of_rest(desk: Desk) -> None:
    client = desk.connect(PRIVATE).log_in()
    for _ in range(30):
        desk.place(px="59000", sz="0.001")
        client.order("order", {**LIMIT, "sz": "0.001"})

    assert client.order("order", LIMIT)["code"] == "50011"


def test_two_listeners_are_not_one() -> None:
    assert Listener() != Listener()
