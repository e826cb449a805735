from __future__ import annotations

from decimal import Decimal
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import InvariantError
from botkit.model.order import (
    TRANSITIONS,
    AmendOrder,
    CancelOrder,
    NewOrder,
    OrderChange,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from botkit.model.side import Side
from tests.market import BTC, NOON, S, amend_order, new_order, order

_S, _C = OrderStatus, OrderChange

NEVER_LEFT = "our gate refused it, so the venue cannot know it"
GATE_IS_PAST = "the gate decides before an order leaves, and only then"
WAS_SHOWN = "the venue has shown it, so it cannot prove that it never was"

IMPOSSIBLE = {
    **{(_S.REFUSED, change): NEVER_LEFT for change in OrderChange},
    (_S.OPEN, _C.REFUSE): GATE_IS_PAST,
    (_S.UNKNOWN, _C.REFUSE): GATE_IS_PAST,
    (_S.FILLED, _C.REFUSE): GATE_IS_PAST,
    (_S.CANCELED, _C.REFUSE): GATE_IS_PAST,
    (_S.REJECTED, _C.REFUSE): GATE_IS_PAST,
    (_S.VOID, _C.REFUSE): GATE_IS_PAST,
    (_S.OPEN, _C.ABSENT): WAS_SHOWN,
    (_S.FILLED, _C.ABSENT): WAS_SHOWN,
}
ALL = set(product(OrderStatus, OrderChange))


def pair_name(pair: tuple[OrderStatus, OrderChange]) -> str:
    return f"{pair[0].value}-{pair[1].value}"


def test_every_change_in_every_status_is_either_possible_or_impossible_for_a_reason() -> None:
    assert set(TRANSITIONS) & set(IMPOSSIBLE) == set()
    assert set(TRANSITIONS) | set(IMPOSSIBLE) == ALL


@pytest.mark.parametrize("pair", TRANSITIONS, ids=pair_name)
def test_what_is_possible_moves_the_order_on(pair: tuple[OrderStatus, OrderChange]) -> None:
    moved = order()
    moved.status, change = pair

    moved.change(change, NOON + S)

    assert moved.status is TRANSITIONS[pair]
    assert moved.updated_ns == NOON + S


@pytest.mark.parametrize("pair", IMPOSSIBLE, ids=pair_name)
def test_what_is_impossible_is_our_own_error_and_changes_nothing(
    pair: tuple[OrderStatus, OrderChange],
) -> None:
    moved = order()
    moved.status, change = pair

    with pytest.raises(
        InvariantError, match=f"bk000001 is {pair[0].value}, yet {change.value} happened to it"
    ):
        moved.change(change, NOON + S)
    assert moved.status is pair[0]
    assert moved.updated_ns == NOON


def test_every_status_can_be_reached() -> None:
    reached = {_S.PENDING}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more

    assert reached == set(OrderStatus)


def test_whatever_is_open_or_unknown_can_end() -> None:
    ends = {after for (before, _), after in TRANSITIONS.items() if before is _S.UNKNOWN}
    assert ends == {_S.OPEN, _S.REJECTED, _S.FILLED, _S.CANCELED, _S.VOID, _S.UNKNOWN}

    ends = {after for (before, _), after in TRANSITIONS.items() if before is _S.OPEN}
    assert ends == {_S.OPEN, _S.FILLED, _S.CANCELED}


def test_only_what_nobody_has_heard_of_yet_becomes_unknown() -> None:
    assert {before for (before, _), after in TRANSITIONS.items() if after is _S.PENDING} == {_S.PENDING}
    assert {before for (before, _), after in TRANSITIONS.items() if after is _S.UNKNOWN} == {
        _S.PENDING,
        _S.UNKNOWN,
    }


def test_what_is_over_comes_back_only_by_trading_or_if_its_absence_was_no_absence() -> None:
    revived = {
        pair: after for pair, after in TRANSITIONS.items() if pair[0].is_final and after is not pair[0]
    }

    assert revived == {
        (_S.CANCELED, _C.LAST_FILL): _S.FILLED,
        (_S.REJECTED, _C.PARTIAL_FILL): _S.OPEN,
        (_S.REJECTED, _C.LAST_FILL): _S.FILLED,
        (_S.VOID, _C.ACCEPT): _S.OPEN,
        (_S.VOID, _C.PARTIAL_FILL): _S.OPEN,
        (_S.VOID, _C.LAST_FILL): _S.FILLED,
        (_S.VOID, _C.CANCEL): _S.CANCELED,
        (_S.VOID, _C.AMEND): _S.OPEN,
    }


def test_a_filled_order_stays_filled() -> None:
    assert {after for (before, _), after in TRANSITIONS.items() if before is _S.FILLED} == {_S.FILLED}


@given(st.lists(st.sampled_from(OrderChange)))
def test_an_order_is_open_until_its_status_is_final(changes: list[OrderChange]) -> None:
    moved = order()
    for change in changes:
        if (moved.status, change) in TRANSITIONS:
            moved.change(change, NOON)

    assert moved.is_open == (moved.status in {_S.PENDING, _S.OPEN, _S.UNKNOWN})
    assert moved.is_open != moved.status.is_final


def test_a_new_order_knows_what_was_asked_for() -> None:
    made = order(side=Side.SELL, size="1.5", limit_price="101.0")

    assert (made.id, made.strategy, made.symbol, made.side) == ("bk000001", "test", BTC, Side.SELL)
    assert (made.size, made.limit_price) == (Decimal("1.5"), Decimal("101.0"))
    assert (made.created_ns, made.updated_ns, made.status) == (NOON, NOON, _S.PENDING)


@pytest.mark.parametrize(
    ("filled", "remaining"), [("0", "1"), ("0.4", "0.6"), ("1", "0"), ("1.2", "0")], ids=str
)
def test_what_remains_is_never_less_than_nothing(filled: str, remaining: str) -> None:
    made = order()
    made.filled_size = Decimal(filled)

    assert made.remaining == Decimal(remaining)


def test_a_cancel_is_a_wish_until_it_is_a_fact() -> None:
    made = order(_C.ACCEPT)
    assert not made.cancel_requested

    made.cancel_requested_ns = NOON

    assert made.cancel_requested
    assert made.status is _S.OPEN


@pytest.mark.parametrize(
    ("limit_price", "text"),
    [
        ("100.0", "<Order bk000001 buy 0.25/1 BTC-USDT @ 100.0 pending>"),
        (None, "<Order bk000001 buy 0.25/1 BTC-USDT @ market pending>"),
    ],
    ids=["limit", "market"],
)
def test_an_order_introduces_itself(limit_price: str | None, text: str) -> None:
    made = order(limit_price=limit_price)
    made.filled_size = Decimal("0.25")

    assert repr(made) == text


@pytest.mark.parametrize(
    "request_",
    [
        new_order(),
        new_order(limit_price=None, time_in_force=TimeInForce.IOC, reduce_only=True),
        new_order(post_only=True, size="1E-8"),
        amend_order(),
        CancelOrder(client_order_id="bk1", strategy="test", symbol=BTC),
    ],
    ids=["limit", "market", "post-only", "amend", "cancel"],
)
def test_a_request_reads_back_as_it_was_written(request_: NewOrder | AmendOrder | CancelOrder) -> None:
    written = msgspec.json.encode(request_)

    assert msgspec.json.decode(written, type=NewOrder | AmendOrder | CancelOrder) == request_


def test_the_kind_of_a_record_and_the_type_of_an_order_are_two_things() -> None:
    written = msgspec.json.decode(msgspec.json.encode(new_order(limit_price=None)))

    assert (written["type"], written["order_type"]) == ("new_order", OrderType.MARKET.value)
