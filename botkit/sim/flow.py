"""A synthetic market: what everybody else does, from a seed.

A hidden fair price per instrument follows a random walk whose volatility
changes between moods; one factor is common to all, so that a swap follows its
spot and the coins move together. Makers keep a ladder of quotes around the
fair price and renew it ten times a second; takers come at random, most of them
small and a few large enough to sweep several levels, which moves the fair
price too.

Everything happens at times that follow from the seed alone. When nobody else
trades, the same seed gives the same market bit for bit, whatever the steps in
which it is run. What others trade is seen by the makers, who refill what was
taken; it does not move the fair price.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import exp, sqrt
from typing import Final

import msgspec

from botkit.model.instrument import Instrument
from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.market import Market
from botkit.sim.matching import Resting
from botkit.sim.prng import Prng

__all__ = ["CHARACTERS", "Character", "SyntheticFlow"]

_S: Final = 1_000_000_000
_PULSE_NS: Final = 100_000_000
_LAG_NS: Final = 17_000_000
_STEP_BPS: Final = 2.0 * sqrt(_PULSE_NS / _S)
"""What the common factor moves in a pulse, one standard deviation in the usual mood."""
_MOODS: Final = (0.7, 1.0, 1.0, 2.0)
_MOOD_S: Final = 30.0
_HISTORY: Final = ((60, 3 * 24 * 60), (5, 6 * 720))
"""Seconds between, and number of, the invented trades before the start: three days, then six hours."""

_LADDER: Final = (
    (0.02, 0.3),
    (0.12, 0.4),
    (0.3, 0.5),
    (0.6, 0.6),
    (1.0, 0.8),
    (1.5, 1.0),
    (2.2, 1.2),
    (3.2, 1.5),
    (4.5, 2.0),
    (6.5, 3.0),
    (10.0, 5.0),
    (16.0, 8.0),
    (25.0, 12.0),
    (40.0, 20.0),
    (60.0, 30.0),
    (90.0, 45.0),
    (130.0, 60.0),
)
"""How far in bps from the fair price makers quote, and how much in units of `Character.quoted`."""


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """How one instrument behaves.

    Attributes:
        price: What it starts at, in quote currency.
        beta: How much of the common factor it follows.
        own_bps: What it moves on its own in a pulse, in bps.
        pull: Which part of its own movement is undone in each pulse; 0 for a random walk.
        quoted: What makers offer at a price 1.5 bps from fair, in quote currency.
        taken: What the smallest taker takes, in quote currency.
        takers_per_s: How many come in the usual mood.

    """

    price: float
    beta: float = 1.0
    own_bps: float = 0.0
    pull: float = 0.0
    quoted: float = 10_000.0
    taken: float = 2_500.0
    takers_per_s: float = 3.0


CHARACTERS: Final[dict[str, Character]] = {
    "BTC-USDT": Character(price=60_000.0),
    "ETH-USDT": Character(
        price=2_500.0, beta=1.15, own_bps=0.4, quoted=6_000.0, taken=1_500.0, takers_per_s=2.5
    ),
    "BTC-USDT-SWAP": Character(price=60_012.0, own_bps=0.15, pull=0.02, quoted=15_000.0, taken=4_000.0),
}


class SyntheticFlow:
    """Moves the markets of `characters` from `start_ns` on."""

    def __init__(self, seed: int, start_ns: int, characters: dict[str, Character] | None = None) -> None:
        self._characters = CHARACTERS if characters is None else characters
        self._prng = Prng(seed)
        self._seed = seed
        self._start_ns = start_ns
        self._factor_bps = 0.0
        self._mood = 1.0
        self._crowds: list[_Crowd] = []
        self._events: list[tuple[int, int]] = [(start_ns, _PULSE)]

    def symbols(self) -> tuple[str, ...]:
        """Return the instruments whose markets it moves."""
        return tuple(self._characters)

    def next_ns(self) -> int | None:
        """Return when something happens next; a synthetic market never ends."""
        return self._events[0][0]

    def run_until(self, exchange: SimExchange, now_ns: int) -> None:
        """Do everything that happens up to that time, that time included."""
        events = self._events
        while events[0][0] <= now_ns:
            at, what = heappop(events)
            if what == _PULSE:
                self._pulse(exchange, at)
                heappush(events, (at + _PULSE_NS, _PULSE))
            elif what & 1:
                crowd = self._crowds[what >> 1]
                crowd.take(at)
                heappush(events, (at + crowd.wait_ns(self._mood), what))
            else:
                self._crowds[what >> 1].refresh(at)

    def _pulse(self, exchange: SimExchange, at: int) -> None:
        """Move the fair prices; the makers of one instrument after the other follow."""
        if not self._crowds:
            self._open(exchange, at)
        if self._prng.uniform() < _PULSE_NS / _S / _MOOD_S:
            self._mood = self._prng.choice(_MOODS)
        self._factor_bps += self._mood * _STEP_BPS * self._prng.normal()
        for n, crowd in enumerate(self._crowds):
            crowd.drift(self._factor_bps, self._mood)
            if n:
                heappush(self._events, (at + n * _LAG_NS, 2 * n))
            else:
                crowd.refresh(at)

    def _open(self, exchange: SimExchange, at: int) -> None:
        """Invent the past, place the first quotes, let the first takers come."""
        past = _past(Prng(self._seed, 1))
        for n, (symbol, character) in enumerate(self._characters.items()):
            streams = [Prng(self._seed, 3 * n + k) for k in (2, 3, 4)]
            crowd = _Crowd(exchange.market(symbol), character, *streams)
            crowd.remember(past, at)
            crowd.refresh(at)
            self._crowds.append(crowd)
            heappush(self._events, (at + crowd.wait_ns(self._mood), 2 * n + 1))


# An event is a time and a number: the pulse, else twice a crowd's number for its
# makers, and one more for its takers. At equal times the pulse comes first.
_PULSE: Final = -1


class _Crowd:
    """Everybody who trades one instrument."""

    def __init__(self, market: Market, character: Character, drift: Prng, makers: Prng, takers: Prng) -> None:
        instrument = market.instrument
        self._market = market
        self._character = character
        # Apart, so that what others trade, which makes makers busy, moves neither price nor takers.
        self._drift = drift
        self._makers = makers
        self._takers = takers
        self._own_bps = 0.0
        self._mid = character.price / float(instrument.tick_size)
        self._fair = self._mid
        self._lots_per_quote = _lots_per_quote(instrument, character.price)
        self._bids = [_Slot(Side.BUY, n, self._mid) for n in range(len(_LADDER))]
        self._asks = [_Slot(Side.SELL, n, self._mid) for n in range(len(_LADDER))]
        self._slots = self._bids + self._asks
        self._buys = True

    def remember(self, past: list[tuple[int, float]], now_ns: int) -> None:
        """Fill the candles with a past that leads to where the market starts."""
        beta, candles = self._character.beta, self._market.candles
        least = self._character.taken * self._lots_per_quote
        for ago_ns, bps in past:
            lots = int(self._takers.exponential(8 * least)) + 1
            candles.add(round(self._mid * exp(bps * beta * 1e-4)), lots, now_ns - ago_ns)

    def drift(self, factor_bps: float, mood: float) -> None:
        """Move the fair price."""
        character = self._character
        self._own_bps += mood * character.own_bps * self._drift.normal() - character.pull * self._own_bps
        bps = factor_bps * character.beta + self._own_bps
        self._fair = self._mid * exp(bps * 1e-4)

    def refresh(self, ns: int) -> None:
        """Pull the quotes that are not where they should be, and put them there."""
        fair, prng, market = self._fair, self._makers, self._market
        stale = [slot for slot in self._slots if slot.is_stale(fair)]
        stale.append(self._slots[prng.below(len(self._slots))])
        for slot in stale:
            if slot.order is not None:
                market.pull(slot.order)
                slot.order = None
        for slot in stale:
            if slot.order is None:
                notional = self._character.quoted * slot.weight * (0.4 + 1.2 * prng.uniform())
                lots = int(notional * self._lots_per_quote) + 1
                slot.order = market.quote(slot.side, slot.aim(fair, prng.uniform()), lots, ns)

    def take(self, ns: int) -> None:
        """Let somebody trade at once, and the fair price learn from it."""
        prng, character = self._takers, self._character
        if prng.uniform() < 0.4:
            self._buys = not self._buys
        notional = min(prng.pareto(character.taken, 0.9), 10 * character.quoted)
        way = 1 if self._buys else -1
        limit = round(self._fair * (1 + way * 30e-4))
        lots = int(notional * self._lots_per_quote) + 1
        self._market.take(Side.BUY if self._buys else Side.SELL, lots, limit, ns)
        self._own_bps += way * 0.15 * notional / character.quoted

    def wait_ns(self, mood: float) -> int:
        """Return how long until the next taker comes."""
        return int(self._takers.exponential(_S / (self._character.takers_per_s * mood))) + 1


class _Slot:
    """One quote of the makers' ladder: where it should be, and the order that is there."""

    __slots__ = ("_jittered", "_sign", "offset", "order", "side", "tolerance", "weight")

    def __init__(self, side: Side, n: int, mid: float) -> None:
        self.side = side
        self.order: Resting | None = None
        bps, self.weight = _LADDER[n]
        self.offset = max(1.0, bps * 1e-4 * mid)
        self.tolerance = max(1.0, 0.3 * self.offset)
        self._sign = -1 if side is Side.BUY else 1
        self._jittered = 0.0

    def is_stale(self, fair: float) -> bool:
        """Tell whether the order is gone, or too far from where it should be."""
        order = self.order
        if order is None or not order.lots:
            return True
        away = (order.ticks - fair) * self._sign - self._jittered
        return away > self.tolerance or away < -self.tolerance

    def aim(self, fair: float, jitter: float) -> int:
        """Return where the next order should be, in ticks; `jitter` from 0 to 1 spreads them."""
        self._jittered = self.offset * (0.8 + 0.4 * jitter)
        ticks = fair + self._sign * self._jittered
        return int(ticks) if self._sign < 0 else int(ticks) + 1


def _lots_per_quote(instrument: Instrument, price: float) -> float:
    return 1.0 / (price * float(instrument.lot_size))


def _past(prng: Prng) -> list[tuple[int, float]]:
    """Return moments before the start, oldest first, and how far in bps the price was from its start."""
    moments = []
    ago_s, bps = 0, 0.0
    for step_s, count in reversed(_HISTORY):
        deviation = _STEP_BPS * sqrt(step_s * _S / _PULSE_NS)
        for _ in range(count):
            ago_s += step_s
            bps += deviation * prng.normal()
            moments.append((ago_s * _S, bps))
    moments.reverse()
    return moments
