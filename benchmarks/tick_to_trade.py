"""Tick to trade: three clients do the same job on the same loopback venue, turn about, in one run."""

from __future__ import annotations

import asyncio
import statistics
import sys
from pathlib import Path

import msgspec

from benchmarks.loopback import Loopback

__all__ = ["Measured", "measure"]

_ROUNDS = 1_500
_WARM = 300
_TURNS = 3
_PATIENCE_S = 90.0


class Measured(msgspec.Struct, frozen=True):
    """What one client took.

    Attributes:
        p50_us: From trade to order, the median; the median over its turns.
        p99_us: The same for the slowest of a hundred.
        rss_mb: Memory at the end.

    """

    p50_us: float
    p99_us: float
    rss_mb: float


def measure(clients: tuple[str, ...]) -> dict[str, Measured]:
    """Let each client have its turns; return what they took."""
    turns: dict[str, list[Measured]] = {client: [] for client in clients}
    for _ in range(_TURNS):
        for client in clients:
            turns[client].append(asyncio.run(_turn(client)))
    return {
        client: Measured(
            *(statistics.median(row) for row in zip(*map(msgspec.structs.astuple, taken), strict=True))
        )
        for client, taken in turns.items()
    }


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
