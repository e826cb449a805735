from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.events import TradingState
from botkit.model.instrument import InstrumentState
from botkit.model.side import Side
from botkit.risk.limits import RiskLimits
from botkit.risk.rules import RULES, Facts, Proposal, lowers_position
from tests.market import BTC, NOON, S, facts, instrument_limits, limits, spot

BUY, SELL = Side.BUY, Side.SELL
RULE = dict(RULES)


def proposal(side: Side = BUY, size: str = "1", price: str | None = "100.0", **terms: object) -> Proposal:
    made = Proposal(
        symbol=BTC,
        side=side,
        size=Decimal(size),
        open_size=Decimal(size),
        limit_price=None if price is None else Decimal(price),
        is_amendment=False,
    )
    return msgspec.structs.replace(made, **terms)


def passes(
    name: str, proposed: Proposal, known: Facts | None = None, allowed: RiskLimits | None = None
) -> bool:
    return RULE[name](proposed, known or facts(), allowed or limits()) is None


def holding(position: str, buys: str = "0", sells: str = "0", **terms: object) -> Facts:
    return facts(
        position=Decimal(position), working_buys=Decimal(buys), working_sells=Decimal(sells), **terms
    )


def limited_to(size: str = "1000", value: str = "1000000", position_value: str = "1000000") -> RiskLimits:
    return limits(instruments={BTC: instrument_limits(size, value, position_value)})


def test_the_rules_are_asked_in_this_order() -> None:
    assert [name for name, _ in RULES] == [
        "warmup",
        "trading_state",
        "instrument_allow_list",
        "instrument",
        "order_size",
        "stale_data",
        "price_collar",
        "order_value",
        "position",
        "open_orders",
    ]


@pytest.mark.parametrize("name", RULE)
def test_no_rule_objects_when_all_is_well(name: str) -> None:
    assert passes(name, proposal())
    assert passes(name, proposal(SELL, price=None))


# ---- what lowers a position


@pytest.mark.parametrize(
    ("side", "size", "known", "lowers"),
    [
        (SELL, "1", holding("1"), True),
        (SELL, "1.001", holding("1"), False),
        (BUY, "0.001", holding("1"), False),
        (BUY, "1", holding("-1"), True),
        (BUY, "1.001", holding("-1"), False),
        (BUY, "100", holding("-1"), False),
        (SELL, "0.001", holding("-1"), False),
        (BUY, "0.001", holding("0"), False),
        (SELL, "0.001", holding("0"), False),
        (SELL, "0.6", holding("1", sells="0.4"), True),
        (SELL, "0.601", holding("1", sells="0.4"), False),
        (BUY, "0.6", holding("-1", buys="0.4"), True),
        (BUY, "0.601", holding("-1", buys="0.4"), False),
        # What works on the other side may never fill, and so is no excuse.
        (SELL, "1.001", holding("1", buys="5"), False),
        (BUY, "1.001", holding("-1", sells="5"), False),
    ],
)
def test_an_order_lowers_a_position_if_it_cannot_take_it_through_zero(
    side: Side, size: str, known: Facts, lowers: bool
) -> None:
    assert lowers_position(proposal(side, size), known) is lowers


LOTS = st.integers(0, 50).map(lambda lots: lots * Decimal("0.1"))
PARTS = st.integers(0, 10).map(lambda tenths: tenths * Decimal("0.1"))


@given(
    st.sampled_from(Side), LOTS.flatmap(lambda held: st.sampled_from([held, -held])), LOTS, LOTS, st.data()
)
def test_whatever_part_of_it_fills_a_reduction_brings_the_position_nearer_to_zero(
    side: Side, position: Decimal, working: Decimal, size: Decimal, data: st.DataObject
) -> None:
    part, other = data.draw(PARTS), data.draw(PARTS)
    known = holding(str(position), buys=str(working), sells=str(working))
    asked = proposal(side, str(size))

    if size and lowers_position(asked, known):
        after = position + side.sign * (size * part + working * other)
        assert abs(after) <= abs(position)
        assert after * position >= 0


# ---- each rule from both sides of its border


def test_during_warm_up_nothing_passes() -> None:
    assert not passes("warmup", proposal(), facts(is_warming_up=True))


OPENING, REDUCING = proposal(BUY), proposal(SELL)


@pytest.mark.parametrize(
    ("state", "passing"),
    [
        (TradingState.ACTIVE, [OPENING, REDUCING]),
        (TradingState.RECONCILING, [REDUCING]),
        (TradingState.REDUCE_ONLY, [REDUCING]),
        (TradingState.CANCEL_ONLY, []),
        (TradingState.KILLED, []),
    ],
    ids=lambda value: value.value if isinstance(value, TradingState) else "",
)
def test_a_trading_state_lets_through_what_it_says(state: TradingState, passing: list[Proposal]) -> None:
    known = holding("1", state=state)

    assert [each for each in (OPENING, REDUCING) if passes("trading_state", each, known)] == passing


def test_every_trading_state_is_tried_above() -> None:
    assert len(TradingState) == 5


@pytest.mark.parametrize("state", [TradingState.REDUCE_ONLY, TradingState.RECONCILING])
def test_reducing_is_measured_in_size_not_in_direction(state: TradingState) -> None:
    known = holding("-1", state=state)

    assert passes("trading_state", proposal(BUY, "1"), known)
    assert not passes("trading_state", proposal(BUY, "1.001"), known)
    assert not passes("trading_state", proposal(BUY, "100"), known)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        (TradingState.REDUCE_ONLY, "an order that only reduces the position passes"),
        (TradingState.CANCEL_ONLY, "only cancels pass"),
    ],
    ids=lambda value: value.value if isinstance(value, TradingState) else "",
)
def test_a_refusal_for_the_state_says_what_would_pass(state: TradingState, remedy: str) -> None:
    assert RULE["trading_state"](proposal(), facts(state=state), limits()) == (
        f"state {state.value}",
        "state active",
        remedy,
    )


def test_what_is_not_on_the_list_is_not_traded() -> None:
    objection = RULE["instrument_allow_list"](proposal(symbol="DOGE-USDT"), facts(), limits())

    assert objection == (
        "DOGE-USDT",
        "BTC-USDT, BTC-USDT-SWAP",
        "add [risk.instruments.DOGE-USDT] to the configuration",
    )


def test_an_empty_list_allows_nothing() -> None:
    objection = RULE["instrument_allow_list"](proposal(), facts(), limits(instruments={}))

    assert objection is not None
    assert objection[:2] == ("BTC-USDT", "nothing")


@pytest.mark.parametrize(
    ("state", "is_open"),
    [(InstrumentState.LIVE, True), (InstrumentState.POST_ONLY, True), (InstrumentState.SUSPENDED, False)],
    ids=lambda value: value.value if isinstance(value, InstrumentState) else "",
)
def test_a_suspended_instrument_is_not_traded(state: InstrumentState, is_open: bool) -> None:
    assert passes("instrument", proposal(), facts(instrument=spot(state=state))) is is_open


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ("0.01", True),
        ("0.009", False),  # one lot less than the smallest order
        ("0.011", True),
        ("0.0115", False),  # half a lot
        ("0", False),
        ("-1", False),
    ],
)
def test_a_size_is_a_number_of_lots_and_enough_of_them(size: str, fits: bool) -> None:
    assert passes("instrument", proposal(size=size)) is fits


@pytest.mark.parametrize(
    ("price", "fits"),
    [
        ("100.0", True),
        ("100.1", True),
        ("100.05", False),
        ("0.1", True),
        ("0", False),
        ("-100.0", False),
        (None, True),
    ],
)
def test_a_price_is_a_number_of_ticks_above_nothing(price: str | None, fits: bool) -> None:
    assert passes("instrument", proposal(price=price)) is fits


def test_a_size_may_be_the_largest_and_not_a_lot_more() -> None:
    assert passes("order_size", proposal(size="10"), allowed=limited_to(size="10"))
    assert not passes("order_size", proposal(size="10.001"), allowed=limited_to(size="10"))


def test_a_price_may_be_as_old_as_allowed_and_not_a_nanosecond_more() -> None:
    allowed = limits(max_data_age_s=5.0)

    assert passes("stale_data", proposal(), facts(reference_ns=NOON - 5 * S), allowed)
    assert not passes("stale_data", proposal(), facts(reference_ns=NOON - 5 * S - 1), allowed)


@pytest.mark.parametrize(
    ("reference", "low", "high"),
    [(100.0, "98.0", "102.0"), (67321.4, "65975.0", "68667.8"), (0.7, "0.7", "0.7")],
    ids=["round", "uneven", "coarse"],
)
@pytest.mark.parametrize("side", Side)
def test_a_price_may_touch_the_collar_and_not_be_a_tick_beyond(
    side: Side, reference: float, low: str, high: str
) -> None:
    known = facts(reference_price=reference)
    tick = spot().tick_size

    assert passes("price_collar", proposal(side, price=low), known)
    assert passes("price_collar", proposal(side, price=high), known)
    assert not passes("price_collar", proposal(side, price=str(Decimal(low) - tick)), known)
    assert not passes("price_collar", proposal(side, price=str(Decimal(high) + tick)), known)


def test_a_digit_too_many_is_told_as_the_distance_that_it_is() -> None:
    objection = RULE["price_collar"](proposal(price="1000.0"), facts(), limits())

    assert objection == (
        "price 1000.0 is +90000.0 bps from 100.0",
        "200 bps",
        "price it nearer to the market",
    )


@pytest.mark.parametrize(
    ("side", "size", "price", "reference", "fits"),
    [
        (BUY, "1", "100.0", 100.0, True),
        (BUY, "1.001", "100.0", 100.0, False),
        (BUY, "1", "100.1", 100.0, False),
        (BUY, "1", "99.9", 101.0, True),  # a buyer pays its own price at most
        (SELL, "1", "100.0", 100.0, True),
        (SELL, "1", "100.1", 100.0, False),
        (SELL, "1", "99.0", 100.0, True),
        (SELL, "1", "99.0", 100.1, False),  # a seller gets the market's, if that is higher
        (BUY, "1", None, 98.0, True),
        (BUY, "1.021", None, 98.0, False),  # at the market: 2 % above it
        (BUY, "1", None, 98.1, False),
        (SELL, "1", None, 98.1, False),
    ],
)
def test_the_value_of_an_order_is_taken_at_its_worst_price(
    side: Side, size: str, price: str | None, reference: float, fits: bool
) -> None:
    known, allowed = facts(reference_price=reference), limited_to(value="100")

    assert passes("order_value", proposal(side, size, price), known, allowed) is fits


@pytest.mark.parametrize(
    ("side", "size", "known", "fits"),
    [
        (BUY, "1", holding("49"), True),
        (BUY, "1.001", holding("49"), False),
        (SELL, "1", holding("-49"), True),
        (SELL, "1.001", holding("-49"), False),
        (BUY, "1", holding("40", buys="9"), True),
        (BUY, "1.001", holding("40", buys="9"), False),
        (SELL, "1", holding("-40", sells="9"), True),
        (SELL, "1.001", holding("-40", sells="9"), False),
        # What works on the other side may never fill, and so makes no room.
        (BUY, "1.001", holding("49", sells="9"), False),
        (SELL, "1.001", holding("-49", buys="9"), False),
        # Too large already: it may shrink, and may be turned round only as far as the limit.
        (SELL, "1", holding("60"), True),
        (SELL, "60", holding("60"), True),
        (SELL, "110", holding("60"), True),
        (SELL, "110.001", holding("60"), False),
        (BUY, "0.01", holding("60"), False),
        (BUY, "1", holding("-60"), True),
        (BUY, "110", holding("-60"), True),
        (BUY, "110.001", holding("-60"), False),
    ],
)
def test_a_position_may_be_the_largest_if_all_fills_and_not_a_lot_more(
    side: Side, size: str, known: Facts, fits: bool
) -> None:
    assert passes("position", proposal(side, size), known, limited_to(position_value="5000")) is fits


def test_of_an_amendment_what_may_still_fill_counts_for_the_position() -> None:
    asked = proposal(size="20", open_size=Decimal(5))

    assert passes("position", asked, holding("45"), limited_to(position_value="5000"))
    assert not passes("position", asked, holding("45.001"), limited_to(position_value="5000"))


def test_a_position_refused_says_what_it_would_be_worth() -> None:
    objection = RULE["position"](proposal(), holding("50"), limited_to(position_value="5000"))

    assert objection == (
        "position 51 worth 5100.00 if all fills",
        "5000",
        "order less, or cancel others first",
    )


def test_there_may_be_as_many_orders_as_allowed_and_not_one_more() -> None:
    allowed = limits(max_open_orders=3)

    assert passes("open_orders", proposal(), facts(open_orders=2), allowed)
    assert not passes("open_orders", proposal(), facts(open_orders=3), allowed)
    assert not passes("open_orders", proposal(), facts(open_orders=4), allowed)


def test_an_amendment_is_not_one_order_more() -> None:
    assert passes("open_orders", proposal(is_amendment=True), facts(open_orders=3), limits(max_open_orders=3))


# ---- absent facts


def test_an_unknown_instrument_is_not_traded() -> None:
    assert not passes("instrument", proposal(), facts(instrument=None))


NO_PRICES = [None, 0.0, -1.0, float("nan"), float("inf"), float("-inf")]


@pytest.mark.parametrize("name", ["stale_data", "price_collar", "order_value", "position"])
@pytest.mark.parametrize("price", ["100.0", None], ids=["limit", "market"])
@pytest.mark.parametrize("reference", NO_PRICES, ids=str)
def test_whoever_needs_a_price_objects_when_there_is_none(
    reference: float | None, price: str | None, name: str
) -> None:
    objection = RULE[name](proposal(price=price), facts(reference_price=reference), limits())

    assert objection == ("no price was heard", "a price", "wait for the first quote")


def test_an_age_that_is_no_number_allows_nothing() -> None:
    assert not passes("stale_data", proposal(), allowed=limits(max_data_age_s=float("nan")))


def test_a_collar_that_is_no_number_allows_nothing() -> None:
    with pytest.raises(ValueError, match="not a finite number: nan"):
        passes("price_collar", proposal(), allowed=limits(price_collar_bps=float("nan")))
