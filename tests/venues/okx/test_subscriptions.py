"""Every stage and everything that can happen to it, and the requests that come of it."""

from __future__ import annotations

import json
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.venues.okx.subscriptions import STAGES, Happening, Stage, Subscriptions
from botkit.venues.okx.wire import Arg
from tests.venues.okx.frames import NOW, S

TRADES = Arg(channel="trades", inst_id="BTC-USDT")
BOOK = Arg(channel="books", inst_id="BTC-USDT")


@pytest.fixture
def subscriptions() -> Subscriptions:
    return Subscriptions(7)


def sent(subscriptions: Subscriptions, now_ns: int) -> list[dict[str, Any]]:
    return [json.loads(request) for request in subscriptions.requests(now_ns)]


def active(subscriptions: Subscriptions, *args: Arg, now_ns: int = NOW) -> None:
    for arg in args:
        subscriptions.want(arg)
    subscriptions.requests(now_ns)
    for arg in args:
        subscriptions.confirm(arg, now_ns)


# ---- the table


def test_every_stage_knows_what_to_do_with_everything_that_happens() -> None:
    assert set(STAGES) == set(product(Stage, Happening))


def test_what_was_refused_stays_refused() -> None:
    assert {STAGES[Stage.REFUSED, happening] for happening in Happening} == {Stage.REFUSED}


def test_only_a_request_leads_out_of_waiting_to_where_data_is_expected() -> None:
    assert {h for h in Happening if STAGES[Stage.WAITING, h] is Stage.ASKED} == {Happening.SEND}
    assert {s for s in Stage for h in Happening if STAGES[s, h] is Stage.ACTIVE} == {
        Stage.ASKED,
        Stage.ACTIVE,
    }


def test_data_never_ends_anything() -> None:
    for stage in Stage:
        after = STAGES[stage, Happening.CONFIRM]
        assert after is (Stage.ACTIVE if stage is Stage.ASKED else stage)


# ---- asking


def test_what_is_wanted_is_asked_for_in_one_request(subscriptions: Subscriptions) -> None:
    subscriptions.want(TRADES)
    subscriptions.want(BOOK)

    assert sent(subscriptions, NOW) == [
        {
            "id": "7s0",
            "op": "subscribe",
            "args": [
                {"channel": "trades", "instId": "BTC-USDT"},
                {"channel": "books", "instId": "BTC-USDT"},
            ],
        }
    ]


def test_wanting_twice_is_asking_once(subscriptions: Subscriptions) -> None:
    subscriptions.want(TRADES)
    subscriptions.want(TRADES)

    assert len(sent(subscriptions, NOW)[0]["args"]) == 1
    assert sent(subscriptions, NOW) == []


def test_account_channels_are_asked_for_events_only(subscriptions: Subscriptions) -> None:
    subscriptions.want(Arg(channel="positions", inst_type="ANY"))

    assert sent(subscriptions, NOW)[0]["args"] == [
        {"channel": "positions", "instType": "ANY", "extraParams": '{"updateInterval":"0"}'}
    ]


def test_nothing_is_settled_before_everything_has_its_answer(subscriptions: Subscriptions) -> None:
    assert subscriptions.is_settled
    subscriptions.want(TRADES)
    subscriptions.want(BOOK)
    subscriptions.requests(NOW)

    subscriptions.confirm(BOOK, NOW)
    assert not subscriptions.is_settled
    subscriptions.confirm(TRADES, NOW)
    assert subscriptions.is_settled


def test_an_answer_about_something_else_changes_nothing(subscriptions: Subscriptions) -> None:
    subscriptions.confirm(TRADES, NOW)
    subscriptions.end(TRADES, NOW)

    assert TRADES not in subscriptions
    assert subscriptions.stage(TRADES) is None


def test_an_answer_that_does_not_come_is_asked_for_again_later_and_later(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.want(TRADES)
    asked: list[int] = [second for second in range(200) if sent(subscriptions, NOW + second * S)]

    assert [b - a for a, b in pairwise(asked)] == [11, 12, 13, 16, 26, 41, 41]


@given(st.integers(1, 400))
def test_no_request_is_longer_than_four_kilobytes_and_nothing_is_left_out(count: int) -> None:
    subscriptions = Subscriptions(1)
    args = [Arg(channel="trades", inst_id=f"COIN{number}-USDT-SWAP") for number in range(count)]
    for arg in args:
        subscriptions.want(arg)

    requests = subscriptions.requests(NOW)

    assert all(len(request) <= 4_096 for request in requests)
    assert [a["instId"] for r in requests for a in json.loads(r)["args"]] == [arg.inst_id for arg in args]


# ---- errors


def test_what_does_not_exist_is_not_asked_for_again(subscriptions: Subscriptions) -> None:
    subscriptions.want(TRADES)
    subscriptions.requests(NOW)

    assert subscriptions.fail("7s0", "60018", "doesn't exist", NOW) == [TRADES]

    assert subscriptions.stage(TRADES) is Stage.REFUSED
    assert subscriptions.is_settled
    assert sent(subscriptions, NOW + 100 * S) == []


@pytest.mark.parametrize("code", ["60014", "63999", "64007", "50011"])
def test_what_cannot_be_had_now_is_asked_for_again(subscriptions: Subscriptions, code: str) -> None:
    subscriptions.want(TRADES)
    subscriptions.requests(NOW)

    assert subscriptions.fail("7s0", code, "later", NOW) == []
    assert len(sent(subscriptions, NOW + S)) == 1


def test_an_error_about_several_is_sorted_out_one_by_one(subscriptions: Subscriptions) -> None:
    args = [Arg(channel="trades", inst_id=name) for name in ("A-USDT", "B-USDT", "C-USDT")]
    for arg in args:
        subscriptions.want(arg)
    subscriptions.requests(NOW)
    subscriptions.confirm(args[0], NOW)

    assert subscriptions.fail("7s0", "60018", "one of them doesn't exist", NOW) == []
    assert sent(subscriptions, NOW + S) == []
    again = sent(subscriptions, NOW + 2 * S)

    assert [request["args"] for request in again] == [
        [{"channel": "trades", "instId": "B-USDT"}],
        [{"channel": "trades", "instId": "C-USDT"}],
    ]
    assert subscriptions.fail(again[0]["id"], "60018", "doesn't exist", NOW) == [args[1]]
    subscriptions.confirm(args[2], NOW)
    assert subscriptions.is_settled


def test_the_only_one_of_several_without_an_answer_is_the_one_that_failed(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.want(TRADES)
    subscriptions.want(BOOK)
    subscriptions.requests(NOW)
    subscriptions.confirm(TRADES, NOW)

    assert subscriptions.fail("7s0", "60018", "doesn't exist", NOW) == [BOOK]


def test_an_error_may_come_after_the_acknowledgement(subscriptions: Subscriptions) -> None:
    active(subscriptions, TRADES)

    assert subscriptions.fail("7s0", "64003", "fee tier too low", NOW) == [TRADES]
    assert subscriptions.stage(TRADES) is Stage.REFUSED


@pytest.mark.parametrize("request_id", ["", "8s0", "7s9"])
def test_an_error_that_names_no_request_of_ours_ends_the_connection(
    subscriptions: Subscriptions, request_id: str
) -> None:
    active(subscriptions, TRADES)

    with pytest.raises(ProtocolError, match=r"Please log in \(60011\)"):
        subscriptions.fail(request_id, "60011", "Please log in", NOW)


def test_a_late_error_about_one_of_several_ends_the_connection(subscriptions: Subscriptions) -> None:
    active(subscriptions, TRADES, BOOK)

    with pytest.raises(ProtocolError):
        subscriptions.fail("7s0", "64003", "fee tier too low", NOW)


# ---- leaving


def test_leaving_is_followed_by_asking_again_once_it_is_acknowledged(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)

    request = subscriptions.leave(BOOK, NOW)
    assert request is not None
    assert json.loads(request) == {
        "id": "7s1",
        "op": "unsubscribe",
        "args": [{"channel": "books", "instId": "BTC-USDT"}],
    }
    assert sent(subscriptions, NOW) == []

    subscriptions.end(BOOK, NOW)
    assert [again["op"] for again in sent(subscriptions, NOW)] == ["subscribe"]


def test_leaving_twice_is_asked_for_once(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)
    subscriptions.leave(BOOK, NOW)

    assert subscriptions.leave(BOOK, NOW) is None


def test_leaving_that_is_not_acknowledged_is_given_up_after_five_seconds(
    subscriptions: Subscriptions,
) -> None:
    active(subscriptions, BOOK)
    subscriptions.leave(BOOK, NOW)

    assert sent(subscriptions, NOW + 5 * S) == []
    assert len(sent(subscriptions, NOW + 5 * S + 1)) == 1


def test_leaving_what_is_gone_already_is_followed_by_asking_again(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)
    subscriptions.leave(BOOK, NOW)

    assert subscriptions.fail("7s1", "60018", "not subscribed", NOW) == []
    assert len(sent(subscriptions, NOW)) == 1


def test_whoever_leaves_again_and_again_waits_longer_and_longer(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)
    waits = []
    now_ns = NOW
    for _ in range(7):
        subscriptions.leave(BOOK, now_ns)
        subscriptions.end(BOOK, now_ns)
        left_ns = now_ns
        while not sent(subscriptions, now_ns):
            now_ns += S
        waits.append((now_ns - left_ns) // S)
        subscriptions.confirm(BOOK, now_ns)

    assert waits == [0, 1, 2, 5, 15, 30, 30]


def test_a_minute_in_peace_forgives_earlier_troubles(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)
    subscriptions.leave(BOOK, NOW)
    subscriptions.end(BOOK, NOW)
    subscriptions.requests(NOW)
    subscriptions.confirm(BOOK, NOW)

    subscriptions.leave(BOOK, NOW + 60 * S)
    subscriptions.end(BOOK, NOW + 60 * S)

    assert len(sent(subscriptions, NOW + 60 * S)) == 1


def test_what_okx_ends_by_itself_is_asked_for_again(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)

    subscriptions.end(BOOK, NOW)

    assert not subscriptions.is_settled
    assert len(sent(subscriptions, NOW)) == 1


# ---- the budget


def test_a_connection_that_has_used_up_its_requests_is_to_be_replaced(subscriptions: Subscriptions) -> None:
    active(subscriptions, BOOK)
    for _ in range(209):
        subscriptions.leave(BOOK, NOW)
        subscriptions.end(BOOK, NOW)
        subscriptions.requests(NOW + 30 * S)
        subscriptions.confirm(BOOK, NOW)
    subscriptions.leave(BOOK, NOW)
    subscriptions.end(BOOK, NOW)

    with pytest.raises(ProtocolError, match="used up"):
        subscriptions.requests(NOW + 30 * S)


def test_requests_of_an_hour_ago_are_forgotten(subscriptions: Subscriptions) -> None:
    now_ns = NOW
    active(subscriptions, BOOK)
    for _ in range(500):
        now_ns += 60 * S
        assert subscriptions.leave(BOOK, now_ns) is not None
        subscriptions.end(BOOK, now_ns)
        assert len(subscriptions.requests(now_ns)) == 1
        subscriptions.confirm(BOOK, now_ns)


happenings = st.lists(
    st.tuples(st.sampled_from("wcelfr"), st.integers(0, 3), st.integers(0, 20)), max_size=60
)


@given(happenings)
def test_whatever_happens_what_is_wanted_is_served_refused_or_asked_for(
    steps: list[tuple[str, int, int]],
) -> None:
    subscriptions = Subscriptions(1)
    args = [Arg(channel="trades", inst_id=str(number)) for number in range(4)]
    now_ns, number = NOW, 0
    for verb, which, seconds in steps:
        now_ns += seconds * S
        arg = args[which]
        match verb:
            case "w":
                subscriptions.want(arg)
            case "c":
                subscriptions.confirm(arg, now_ns)
            case "e":
                subscriptions.end(arg, now_ns)
            case "l" if arg in subscriptions:
                subscriptions.leave(arg, now_ns)
            case "f":
                try:
                    subscriptions.fail(f"1s{number % 5}", "60014", "later", now_ns)
                except ProtocolError:
                    number += 1
            case _:
                number += len(subscriptions.requests(now_ns))

    served = {Stage.ACTIVE, Stage.REFUSED}
    stages = [subscriptions.stage(arg) for arg in args if arg in subscriptions]
    assert subscriptions.is_settled is all(stage in served for stage in stages)
    for _ in range(100):
        now_ns += 10 * S
        subscriptions.requests(now_ns)
        if any(subscriptions.stage(arg) is Stage.ASKED for arg in args):
            break
    assert subscriptions.is_settled or any(subscriptions.stage(arg) is Stage.ASKED for arg in args)
