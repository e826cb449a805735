"""The rules of the gate: each looks at a proposal and objects, or does not.

An objection is what was measured, what is allowed, and what would have passed,
as text with units. Source of the rules and of their order: docs/risk.md.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from math import inf
from typing import Final

import msgspec

from botkit.model.duration import NS_PER_S
from botkit.model.events import TradingState
from botkit.model.instrument import Instrument, InstrumentState, decimal
from botkit.model.side import Side
from botkit.risk.limits import RiskLimits

__all__ = ["RULES", "Facts", "Proposal", "Rule", "lowers_position"]

Objection = tuple[str, str, str]
"""What was measured, what is allowed, and what would have passed."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at the moment of a review. None means not known, and is refused.

    Attributes:
        state: The most restrictive state in force.
        instrument: What the venue says about the symbol.
        reference_price: Where the market is, in quote currency.
        reference_ns: When that was heard.
        position: The account's, in base currency, signed; fills of strangers included.
        working_buys: Base currency that open and unknown buys may still fill.
        working_sells: Base currency that open and unknown sells may still fill.
        open_orders: Of the account, unknown ones included.
        is_warming_up: The strategy is still being shown the past.

    """

    now_ns: int
    state: TradingState
    instrument: Instrument | None
    reference_price: float | None
    reference_ns: int
    position: Decimal
    working_buys: Decimal
    working_sells: Decimal
    open_orders: int
    is_warming_up: bool = False


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the rules see it, new or amended.

    Attributes:
        size: Total, in base currency.
        open_size: What of it may still fill, in base currency.

    """

    symbol: str
    side: Side
    size: Decimal
    open_size: Decimal
    limit_price: Decimal | None
    is_amendment: bool


# Several rules look at the same price, and exactness takes its time.
_exact = lru_cache(maxsize=64)(decimal)

Rule = Callable[[Proposal, Facts, RiskLimits], Objection | None]

_BPS: Final = Decimal(10_000)
_NO_PRICE: Final[Objection] = ("no price was heard", "a price", "wait for the first quote")
_REDUCING: Final = frozenset({TradingState.REDUCE_ONLY, TradingState.RECONCILING})


def lowers_position(proposal: Proposal, facts: Facts) -> bool:
    """Tell whether the position can only come nearer to zero, whatever else fills first."""
    if proposal.side is Side.SELL:
        return facts.position - facts.working_sells - proposal.open_size >= 0
    return facts.position + facts.working_buys + proposal.open_size <= 0


def _warmup(_: Proposal, facts: Facts, __: RiskLimits) -> Objection | None:
    if facts.is_warming_up:
        return "a bar from the past", "live data", "the same order passes once the bars are live"
    return None


def _trading_state(proposal: Proposal, facts: Facts, _: RiskLimits) -> Objection | None:
    state = facts.state
    if state is TradingState.ACTIVE or (state in _REDUCING and lowers_position(proposal, facts)):
        return None
    remedy = "an order that only reduces the position passes" if state in _REDUCING else "only cancels pass"
    return f"state {state.value}", "state active", remedy


def _allow_list(proposal: Proposal, _: Facts, limits: RiskLimits) -> Objection | None:
    if proposal.symbol in limits.instruments:
        return None
    allowed = ", ".join(sorted(limits.instruments)) or "nothing"
    return proposal.symbol, allowed, f"add [risk.instruments.{proposal.symbol}] to the configuration"


def _instrument(proposal: Proposal, facts: Facts, _: RiskLimits) -> Objection | None:
    instrument = facts.instrument
    if instrument is None:
        return "nothing known of the instrument", "its tick, lot and state", "wait until it is loaded"
    if instrument.state is InstrumentState.SUSPENDED:
        return f"instrument {instrument.state.value}", "live", "wait until the venue lists it as live"
    if proposal.size < instrument.min_size:
        return f"size {proposal.size} {instrument.base}", f"at least {instrument.min_size}", "order more"
    if proposal.size % instrument.lot_size:
        return f"size {proposal.size}", f"multiples of {instrument.lot_size}", "round with Instrument.size()"
    price = proposal.limit_price
    if price is not None and (price <= 0 or price % instrument.tick_size):
        return f"price {price}", f"multiples of {instrument.tick_size}", "round with Instrument.price()"
    return None


def _order_size(proposal: Proposal, _: Facts, limits: RiskLimits) -> Objection | None:
    largest = limits.instruments[proposal.symbol].max_order_size
    if proposal.size <= largest:
        return None
    return f"size {proposal.size}", f"{largest}", f"order {largest} at most"


def _stale_data(_: Proposal, facts: Facts, limits: RiskLimits) -> Objection | None:
    if _reference(facts) is None:
        return _NO_PRICE
    age_s = (facts.now_ns - facts.reference_ns) / NS_PER_S
    if age_s <= limits.max_data_age_s:
        return None
    return f"price {age_s:.1f} s old", f"{limits.max_data_age_s:g} s", "wait for the next quote"


def _price_collar(proposal: Proposal, facts: Facts, limits: RiskLimits) -> Objection | None:
    price, reference = proposal.limit_price, _reference(facts)
    if reference is None:
        return _NO_PRICE
    if price is None:
        return None  # a market order has no price; its value is capped below, at the collar's edge
    if abs(price - reference) <= reference * _collar(limits):
        return None
    away_bps = (price / reference - 1) * _BPS
    return (
        f"price {price} is {away_bps:+.1f} bps from {reference}",
        f"{limits.price_collar_bps:g} bps",
        "price it nearer to the market",
    )


def _order_value(proposal: Proposal, facts: Facts, limits: RiskLimits) -> Objection | None:
    price = _worst_price(proposal, facts, limits)
    if price is None:
        return _NO_PRICE
    value = proposal.size * price
    largest = limits.instruments[proposal.symbol].max_order_value
    if value <= largest:
        return None
    return f"value {value:.2f}", f"{largest}", "order less"


def _position(proposal: Proposal, facts: Facts, limits: RiskLimits) -> Objection | None:
    if lowers_position(proposal, facts):
        return None
    price = _worst_price(proposal, facts, limits)
    if price is None:
        return _NO_PRICE
    working = facts.working_buys if proposal.side is Side.BUY else facts.working_sells
    worst = facts.position + proposal.side.sign * (working + proposal.open_size)
    value = abs(worst) * price
    largest = limits.instruments[proposal.symbol].max_position_value
    if value <= largest:
        return None
    return (
        f"position {worst} worth {value:.2f} if all fills",
        f"{largest}",
        "order less, or cancel others first",
    )


def _open_orders(proposal: Proposal, facts: Facts, limits: RiskLimits) -> Objection | None:
    if proposal.is_amendment or facts.open_orders < limits.max_open_orders:
        return None
    return f"{facts.open_orders} open", f"{limits.max_open_orders}", "cancel one first"


def _reference(facts: Facts) -> Decimal | None:
    price = facts.reference_price
    # Neither nothing nor NaN is between nothing and everything.
    return _exact(price) if price is not None and 0 < price < inf else None


def _collar(limits: RiskLimits) -> Decimal:
    return _exact(limits.price_collar_bps) / _BPS


def _worst_price(proposal: Proposal, facts: Facts, limits: RiskLimits) -> Decimal | None:
    """Return the price that makes the order weigh most, in quote currency; None if the market is not known.

    A market order weighs as much as one priced at the far edge of the collar; a
    seller's limit is a floor, so its value is taken where the market is if that is higher.
    """
    reference = _reference(facts)
    if reference is None:
        return None
    if proposal.limit_price is None:
        return reference * (1 + _collar(limits))
    return max(proposal.limit_price, reference) if proposal.side is Side.SELL else proposal.limit_price


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("warmup", _warmup),
    ("trading_state", _trading_state),
    ("instrument_allow_list", _allow_list),
    ("instrument", _instrument),
    ("order_size", _order_size),
    ("stale_data", _stale_data),
    ("price_collar", _price_collar),
    ("order_value", _order_value),
    ("position", _position),
    ("open_orders", _open_orders),
)
"""Name and rule, cheapest and most fundamental first; the gate adds `order_rate`."""
