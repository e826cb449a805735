from __future__ import annotations

import inspect
from contextlib import suppress
from decimal import Decimal, InvalidOperation

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botkit.model.events import TradingState
from botkit.model.instrument import InstrumentState
from botkit.model.order import Order, OrderChange
from botkit.model.side import Side
from botkit.risk.approval import Approved, Refused
from botkit.risk.gate import RiskGate
from botkit.risk.rules import RULES, Facts
from tests.market import (
    BTC,
    MS,
    NOON,
    S,
    amend_order,
    facts,
    instrument_limits,
    limits,
    new_order,
    order,
    spot,
)


@pytest.fixture
def gate() -> RiskGate:
    return RiskGate(limits(max_open_orders=3))


def rule_of(verdict: Approved | Refused) -> str:
    return verdict.rule if isinstance(verdict, Refused) else "approved"


def working_order(size: str = "1", filled: str = "0") -> Order:
    made = order(OrderChange.ACCEPT, size=size)
    made.filled_size = Decimal(filled)
    return made


def test_what_breaks_no_rule_is_approved_as_it_was_reviewed(gate: RiskGate) -> None:
    verdict = gate.review(new_order(), facts())

    assert isinstance(verdict, Approved)
    assert verdict.request == new_order()


def test_a_refusal_names_the_order_the_rule_and_what_would_have_passed(gate: RiskGate) -> None:
    assert gate.review(new_order(size="10.001"), facts()) == Refused(
        client_order_id="bk000001",
        strategy="test",
        symbol=BTC,
        rule="order_size",
        measured="size 10.001",
        limit="10",
        remedy="order 10 at most",
    )


# One situation for each rule that breaks it and none before it.
BREAKS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "warmup": ({}, {"is_warming_up": True}),
    "trading_state": ({}, {"state": TradingState.KILLED}),
    "instrument_allow_list": ({"symbol": "DOGE-USDT"}, {}),
    "instrument": ({}, {"instrument": spot(state=InstrumentState.SUSPENDED)}),
    "order_size": ({"size": Decimal(11)}, {}),
    "stale_data": ({}, {"reference_ns": NOON - 6 * S}),
    "price_collar": ({"limit_price": Decimal("102.1")}, {}),
    "order_value": ({"size": Decimal(10), "limit_price": Decimal(201)}, {"reference_price": 200.0}),
    "position": ({}, {"position": Decimal(50)}),
    "open_orders": ({}, {"open_orders": 3}),
}


def test_every_rule_is_broken_once_below() -> None:
    assert list(BREAKS) == [name for name, _ in RULES]


@pytest.mark.parametrize("rule", BREAKS)
def test_one_broken_rule_is_enough(gate: RiskGate, rule: str) -> None:
    terms, known = BREAKS[rule]

    request = msgspec.structs.replace(new_order(), **terms)

    assert rule_of(gate.review(request, facts(**known))) == rule


@pytest.mark.parametrize("rule", [name for name in BREAKS if name != "open_orders"])
def test_an_amendment_meets_the_same_rules_as_a_new_order(gate: RiskGate, rule: str) -> None:
    terms, known = BREAKS[rule]
    amendment = msgspec.structs.replace(amend_order("1"), **terms)

    assert rule_of(gate.review_amendment(amendment, working_order(), facts(**known))) == rule


def test_of_two_broken_rules_the_first_one_refuses(gate: RiskGate) -> None:
    late, early = BREAKS["open_orders"][1], BREAKS["stale_data"][1]

    assert rule_of(gate.review(new_order(size="11"), facts(**late | early))) == "order_size"
    assert rule_of(gate.review(new_order(), facts(**late | early))) == "stale_data"


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("reference", [None, 0.0, float("nan"), float("inf")], ids=str)
def test_a_market_order_without_a_market_price_is_refused(
    gate: RiskGate, reference: float | None, side: Side
) -> None:
    verdict = gate.review(new_order(side, limit_price=None), facts(reference_price=reference))

    assert rule_of(verdict) == "stale_data"


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("name", ["size", "limit_price"])
@pytest.mark.parametrize("state", TradingState)
def test_what_is_no_number_is_never_approved(
    gate: RiskGate, name: str, number: str, state: TradingState
) -> None:
    terms = {name: Decimal(number)}
    request = msgspec.structs.replace(new_order(), **terms)
    amendment = msgspec.structs.replace(amend_order(), **terms)

    with suppress(InvalidOperation):
        assert isinstance(gate.review(request, facts(state=state)), Refused)
    with suppress(InvalidOperation):
        assert isinstance(gate.review_amendment(amendment, working_order(), facts(state=state)), Refused)


# ---- amendments


def test_an_amendment_of_a_working_order_passes_when_no_order_more_is_allowed(gate: RiskGate) -> None:
    verdict = gate.review_amendment(amend_order(), working_order(), facts(open_orders=3))

    assert isinstance(verdict, Approved)
    assert verdict.request == amend_order()


@pytest.mark.parametrize(
    ("size", "working", "filled", "may_fill"),
    [
        ("2", "1", "0", "2"),
        ("2", "1", "0.4", "1.6"),
        # Until the venue confirms, the old size may fill.
        ("0.5", "1", "0", "1"),
        ("0.5", "1", "0.4", "0.6"),
    ],
    ids=["up", "up, partly filled", "down", "down, partly filled"],
)
def test_an_amendment_weighs_what_may_still_fill_under_either_terms(
    size: str, working: str, filled: str, may_fill: str
) -> None:
    room = str(100 * (Decimal(20) + Decimal(may_fill)))
    one_lot_less = str(100 * (Decimal(20) + Decimal(may_fill) - Decimal("0.001")))
    held = facts(position=Decimal(20))

    def verdict(position_value: str) -> str:
        gate = RiskGate(limits(instruments={BTC: instrument_limits(position_value=position_value)}))
        return rule_of(gate.review_amendment(amend_order(size), working_order(working, filled), held))

    assert verdict(room) == "approved"
    assert verdict(one_lot_less) == "position"


def test_an_amendment_takes_its_side_from_the_order() -> None:
    gate = RiskGate(limits())
    sale = order(OrderChange.ACCEPT, side=Side.SELL)

    assert rule_of(gate.review_amendment(amend_order("1"), sale, facts(position=Decimal(50)))) == "approved"
    assert rule_of(gate.review_amendment(amend_order("1"), sale, facts(position=Decimal(-50)))) == "position"


# ---- how fast


def test_in_a_second_as_many_orders_pass_as_allowed_and_not_one_more() -> None:
    gate = RiskGate(limits(max_orders_per_s=3))
    verdicts = [gate.review(new_order(), facts(now_ns=NOON + n * MS)) for n in range(4)]

    assert [rule_of(verdict) for verdict in verdicts] == ["approved"] * 3 + ["order_rate"]
    assert str(verdicts[3]) == "order_rate: 3 in the last s, limit 3 per s; wait a second"


def test_a_second_later_the_next_one_passes_and_not_a_nanosecond_before() -> None:
    gate = RiskGate(limits(max_orders_per_s=1))
    assert rule_of(gate.review(new_order(), facts())) == "approved"

    assert rule_of(gate.review(new_order(), facts(now_ns=NOON + S - 1))) == "order_rate"
    assert rule_of(gate.review(new_order(), facts(now_ns=NOON + S))) == "approved"
    assert rule_of(gate.review(new_order(), facts(now_ns=NOON + S))) == "order_rate"


def test_the_second_slides() -> None:
    gate = RiskGate(limits(max_orders_per_s=2))
    at_ms = [0, 900, 1000, 1800, 1899, 1900, 2000]

    passed = [
        ms for ms in at_ms if rule_of(gate.review(new_order(), facts(now_ns=NOON + ms * MS))) == "approved"
    ]

    assert passed == [0, 900, 1000, 1900, 2000]


def test_new_orders_and_amendments_are_counted_together() -> None:
    gate = RiskGate(limits(max_orders_per_s=2))

    assert rule_of(gate.review(new_order(), facts())) == "approved"
    assert rule_of(gate.review_amendment(amend_order(), working_order(), facts())) == "approved"
    assert rule_of(gate.review(new_order(), facts())) == "order_rate"
    assert rule_of(gate.review_amendment(amend_order(), working_order(), facts())) == "order_rate"


def test_what_was_refused_was_not_sent_and_does_not_count() -> None:
    gate = RiskGate(limits(max_orders_per_s=1))

    for _ in range(3):
        assert rule_of(gate.review(new_order(size="11"), facts())) == "order_size"
    assert rule_of(gate.review(new_order(), facts())) == "approved"


def test_one_strategy_does_not_slow_another_down() -> None:
    gate = RiskGate(limits(max_orders_per_s=1))

    assert rule_of(gate.review(new_order(strategy="quoter"), facts())) == "approved"
    assert rule_of(gate.review(new_order(strategy="ema"), facts())) == "approved"
    assert rule_of(gate.review(new_order(strategy="quoter"), facts())) == "order_rate"


# ---- what holds whatever happens

LOTS = st.integers(1, 30).map(lambda lots: lots * Decimal("0.5"))
DEEDS = st.one_of(
    st.tuples(st.just("order"), st.sampled_from(Side), LOTS),
    st.tuples(st.just("fill"), st.sampled_from(Side), LOTS),
    st.tuples(st.just("cancel"), st.sampled_from(Side), LOTS),
)


@settings(max_examples=60)
@given(st.lists(DEEDS, max_size=40))
def test_no_sequence_of_orders_fills_and_cancels_leads_beyond_the_position_limit(
    deeds: list[tuple[str, Side, Decimal]],
) -> None:
    gate = RiskGate(limits(max_orders_per_s=1000))
    most = Decimal(50)  # 5000 USDT at 100
    position, working = Decimal(0), {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}

    for deed, side, size in deeds:
        if deed == "order" and size <= 10:
            known = facts(position=position, working_buys=working[Side.BUY], working_sells=working[Side.SELL])
            if isinstance(gate.review(new_order(side, str(size)), known), Approved):
                working[side] += size
        elif deed == "fill":
            traded = min(size, working[side])
            working[side] -= traded
            position += side.sign * traded
        else:
            working[side] -= min(size, working[side])

        assert -most <= position - working[Side.SELL]
        assert position + working[Side.BUY] <= most


@given(
    st.sampled_from([state for state in TradingState if state is not TradingState.ACTIVE]),
    st.sampled_from(Side),
    LOTS,
    st.integers(-100, 100).map(lambda lots: lots * Decimal("0.5")),
)
def test_unless_it_is_active_no_state_lets_a_position_grow_or_turn(
    state: TradingState, side: Side, size: Decimal, position: Decimal
) -> None:
    known = facts(state=state, position=position)
    verdict = RiskGate(limits()).review(new_order(side, str(min(size, Decimal(10)))), known)

    if isinstance(verdict, Approved):
        after = position + side.sign * verdict.request.size
        assert abs(after) < abs(position)
        assert after * position >= 0


def test_there_is_no_way_round() -> None:
    assert list(inspect.signature(RiskGate).parameters) == ["limits"]
    assert list(inspect.signature(RiskGate.review).parameters) == ["self", "request", "facts"]
    assert list(inspect.signature(RiskGate.review_amendment).parameters) == [
        "self",
        "request",
        "order",
        "facts",
    ]
    assert [name for name in vars(RiskGate) if not name.startswith("_")] == ["review", "review_amendment"]
    assert all(p.default is p.empty for p in inspect.signature(RiskGate).parameters.values())


def test_no_fact_is_assumed_but_that_the_bars_are_live() -> None:
    assert Facts.__struct_defaults__ == (False,)
    assert Facts.__struct_fields__[-1] == "is_warming_up"


def test_the_rules_are_not_a_list_that_somebody_could_shorten() -> None:
    assert isinstance(RULES, tuple)
    assert all(isinstance(row, tuple) for row in RULES)
