"""Emulators ready to start: the built-in accounts on a synthetic market, or on a recorded one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from botkit.clock import Clock, WallClock
from botkit.model.duration import NS_PER_S
from botkit.sim.exchange import SimExchange
from botkit.sim.flow import SyntheticFlow
from botkit.sim.listing import LISTED
from botkit.sim.tape import Tape
from botkit.venues.okx.emulator.accounts import BUILT_IN, Accounts, User
from botkit.venues.okx.emulator.server import Emulator

__all__ = ["from_tape", "synthetic"]

# So that whoever comes first finds a market that has traded.
_LEAD_NS: Final = 5 * NS_PER_S


def synthetic(
    seed: int = 1,
    *,
    users: Iterable[User] = BUILT_IN,
    clock: Clock | None = None,
    clock_offset_s: float = 0.0,
) -> Emulator:
    """Return an exchange whose market is made up from `seed`, and has just begun.

    Args:
        seed: The same seed makes the same market.
        users: Who may trade.
        clock: The time; the machine's unless another is given.
        clock_offset_s: How far the exchange's clock is ahead of that.

    """
    clock = clock or WallClock()
    start_ns = clock.now_ns() + round(clock_offset_s * 1e9) - _LEAD_NS
    exchange = SimExchange(LISTED, start_ns=start_ns)
    exchange.host(SyntheticFlow(seed, start_ns))
    return Emulator(exchange, Accounts(users), clock, clock_offset_s=clock_offset_s)


def from_tape(
    lines: Iterable[str],
    *,
    speed: float = 1.0,
    users: Iterable[User] = BUILT_IN,
    clock: Clock | None = None,
    clock_offset_s: float = 0.0,
) -> Emulator:
    """Return an exchange on which a recorded market plays, beginning now.

    Args:
        lines: Of the recording.
        speed: How many times as fast as it was.
        users: Who may trade.
        clock: The time; the machine's unless another is given.
        clock_offset_s: How far the exchange's clock is ahead of that.

    Raises:
        ProtocolError: If a line cannot be read, or none is about a known instrument.

    """
    clock = clock or WallClock()
    start_ns = clock.now_ns() + round(clock_offset_s * 1e9)
    tape = Tape(lines, start_ns, speed)
    exchange = SimExchange(tape.instruments(), start_ns=start_ns)
    exchange.host(tape)
    return Emulator(exchange, Accounts(users), clock, clock_offset_s=clock_offset_s)
