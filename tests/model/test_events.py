from __future__ import annotations

from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botkit.errors import ProtocolError
from botkit.model.events import (
    AccountEvent,
    AnyEvent,
    ControlEvent,
    MarketEvent,
    OrderUpdate,
    decode_event,
    encode_event,
)
from botkit.model.order import OrderChange
from tests.market import order_update

KINDS: list[type[AnyEvent]] = list(get_args(AnyEvent))

# Whatever fits the type: text of any script, money of any scale, times in nanoseconds. JSON has no
# word for what is not a number, and no event is made of one.
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
events: st.SearchStrategy[AnyEvent] = st.one_of([st.from_type(kind) for kind in KINDS])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(events)
def test_every_event_reads_back_as_it_was_written(event: AnyEvent) -> None:
    assert decode_event(encode_event(event)) == event


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_keeps_every_digit_and_every_zero(size: Decimal) -> None:
    event = decode_event(encode_event(order_update(OrderChange.AMEND, size=size)))

    assert isinstance(event, OrderUpdate)
    assert str(event.size) == str(size)


def test_every_event_is_of_the_market_the_account_or_neither() -> None:
    parts = [set(get_args(union)) for union in (MarketEvent, AccountEvent, ControlEvent)]

    assert set.union(*parts) == set(KINDS)
    assert sum(map(len, parts)) == len(KINDS)


def test_every_kind_has_its_own_name_in_the_journal() -> None:
    assert [str(kind.__struct_config__.tag) for kind in KINDS] == [
        "quote",
        "trade",
        "bar",
        "book",
        "mark",
        "funding",
        "order",
        "fill",
        "balance",
        "position",
        "started",
        "stopping",
        "timer",
        "task",
        "connection",
        "reconciled",
        "state",
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_cannot_be_changed_once_it_happened(kind: type[AnyEvent]) -> None:
    assert kind.__struct_config__.frozen


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'{"type":"rumour","recv_ns":1}',
        b'{"type":"mark","recv_ns":1,"symbol":"BTC-USDT"}',
        b'{"type":"mark","recv_ns":1,"symbol":"BTC-USDT","price":"100"}',
        b'{"type":"mark","recv_ns":1,"symbol":"\xff","price":100}',
        encode_event(order_update(OrderChange.ACCEPT))[:-1],
    ],
    ids=[
        "nothing",
        "no type",
        "a list",
        "unknown type",
        "a field missing",
        "text for a number",
        "not UTF-8",
        "cut",
    ],
)
def test_what_is_no_event_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="not an event: "):
        decode_event(data)


def test_what_a_later_version_adds_to_an_event_is_passed_over() -> None:
    written = msgspec.json.decode(encode_event(order_update(OrderChange.ACCEPT))) | {"mood": "good"}

    assert decode_event(msgspec.json.encode(written)) == order_update(OrderChange.ACCEPT)
