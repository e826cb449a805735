"""Tick to trade: three clients do the same job on the same loopback venue, turn about, in one run."""

from __future__ import annotations

import asyncio
import statistics
import sys
from pathlib import Path

import msgspec

from benchmarks.loopback import Loopback

__all__ = ["Measured", "Turns", "measure", "median", "ratio"]

_ROUNDS = 800
_WARM = 200
_TURNS = 7
_PATIENCE_S = 90.0


class Measured(msgspec.Struct, frozen=True):
    """What one client took in one turn.

    Attributes:
        p50_us: From trade to order, the median.
        p99_us: The same for the slowest of a hundred.
        rss_mb: Memory at the end.

    """

    p50_us: float
    p99_us: float
    rss_mb: float


Turns = dict[str, list[Measured]]


def measure(clients: tuple[str, ...]) -> Turns:
    """Let the clients take turns; return what they took, the n-th of each side by side in time."""
    turns: Turns = {client: [] for client in clients}
    for _ in range(_TURNS):
        for client in clients:
            turns[client].append(asyncio.run(_turn(client)))
    return turns


def median(turns: Turns, client: str) -> Measured:
    """Return the median of each figure over a client's turns."""
    rows = zip(*map(msgspec.structs.astuple, turns[client]), strict=True)
    return Measured(*(statistics.median(row) for row in rows))


def ratio(turns: Turns, client: str, to: str) -> float:
    """Return how many times longer a client took than another, the median over their turns.

    A shared machine is fast in one minute and slow in the next, so each turn is
    compared with the turn beside it.
    """
    pairs = zip(turns[client], turns[to], strict=True)
    return statistics.median(one.p50_us / other.p50_us for one, other in pairs)


async def _turn(client: str) -> Measured:
    venue = Loopback(_ROUNDS)
    rest, ws = await venue.start()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", f"benchmarks.{client}", rest, ws)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await venue.finished()
        memory_mb = _memory_mb(process.pid)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    times_us = sorted(time_ns / 1_000 for time_ns in venue.times_ns[_WARM:])
    return Measured(times_us[len(times_us) // 2], times_us[len(times_us) * 99 // 100], memory_mb)


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
