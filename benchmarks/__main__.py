"""`make bench`: every figure as a ratio to a floor or a rival, measured in this run.

Absolute figures drift from hour to hour and from machine to machine; only the
ratios mean something elsewhere.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.engine_events import events_per_s
from benchmarks.signing import microseconds
from benchmarks.tick_to_trade import Turns, measure, median, ratio

_FLOOR, _BOT, _CCXT = "floor", "bot", "rival_ccxt"
_NAMES = {_FLOOR: "floor: sans-I/O, uvloop, msgspec, by hand", _BOT: "botkit", _CCXT: "ccxt.pro"}
_MOST_TO_FLOOR, _LEAST_TO_CCXT, _LEAST_EVENTS_PER_S = 2.5, 3.0, 250_000


def main() -> None:
    """Measure and print."""
    console = Console(highlight=False)
    console.print("[bold]Tick to trade[/], a trade in and an order out over loopback WebSockets\n")
    turns = measure((_FLOOR, _BOT, _CCXT))
    console.print(_tick_table(turns), "")
    to_floor, to_ccxt = ratio(turns, _BOT, _FLOOR), ratio(turns, _CCXT, _BOT)
    floor_met, ccxt_met = to_floor <= _MOST_TO_FLOOR, to_ccxt >= _LEAST_TO_CCXT
    console.print(_line(floor_met, f"{to_floor:.2f} times the floor, aim {_MOST_TO_FLOOR} at most"))
    console.print(
        _line(ccxt_met, f"{to_ccxt:.1f} times faster than ccxt.pro, aim {_LEAST_TO_CCXT:g} at least")
    )
    console.print("\n[bold]Engine[/], quotes a second on one core\n")
    rates = events_per_s()
    for name, rate in rates.items():
        console.print(
            f"  {name:<10} {rate:>12,.0f}   {rates['Idle'] / rate:.2f} times the cost of doing nothing"
        )
    events = rates["Crossing"] / _LEAST_EVENTS_PER_S
    console.print("\n", _line(events >= 1, f"{events:.1f} times the aim of {_LEAST_EVENTS_PER_S:,}"), sep="")
    ours, plain = microseconds()
    console.print("\n[bold]Signature[/] of a REST order\n")
    console.print(f"  botkit {ours:.2f} µs, {ours / plain:.2f} times hmac.new alone")


def _line(met: bool, text: str) -> str:  # noqa: FBT001  # the only thing it is about
    return f"  {'[green]met[/]   ' if met else '[red]missed[/]'} {text}"


def _tick_table(turns: Turns) -> Table:
    table = Table(box=None, padding=(0, 2))
    table.add_column("client")
    for column in ("p50 µs", "to floor", "p99 µs", "memory MB"):
        table.add_column(column, justify="right")
    for client in turns:
        measured = median(turns, client)
        table.add_row(
            _NAMES[client],
            f"{measured.p50_us:.0f}",
            f"{ratio(turns, client, _FLOOR):.2f}",
            f"{measured.p99_us:.0f}",
            f"{measured.rss_mb:.0f}",
        )
    return table


if __name__ == "__main__":
    main()
