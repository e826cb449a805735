"""The dashboard of a terminal, and the plain lines of anything else.

The trading loop makes a `View` a few times a second and leaves it here; a
thread of rich's draws whatever was left last. So drawing never waits for
trading, nor trading for a slow terminal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from rich.console import Group
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from botkit.model.duration import NS_PER_S
from botkit.model.events import TradingState
from botkit.observe.amounts import exact, gain
from botkit.observe.narration import tell

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from rich.console import Console, ConsoleOptions, RenderResult

    from botkit.observe.dashboard.view import Happening, MarketRow, StrategyRow, View
    from botkit.observe.ledger import Ledger
    from botkit.observe.narration import Telling
    from botkit.observe.step import Step

__all__ = ["PlainLines", "Screen", "TerminalDashboard"]

_FRAMES_PER_S: Final = 4
_STATE_STYLES: Final = {
    TradingState.ACTIVE: "bold green",
    TradingState.RECONCILING: "bold yellow",
    TradingState.REDUCE_ONLY: "bold yellow",
    TradingState.CANCEL_ONLY: "bold red",
    TradingState.KILLED: "bold white on red",
}
_KIND_STYLES: Final = {
    "fill": "green",
    "order": "cyan",
    "refused": "yellow",
    "rejected": "red",
    "state": "bold",
}
_LEVEL_STYLES: Final = {"warning": "yellow", "error": "bold red"}
_UNKNOWN: Final = "–"


class TerminalDashboard:
    """Draws the last view it was shown, until it is closed."""

    def __init__(self, console: Console) -> None:
        self._drawn: Screen | Text = Text("starting")
        self._live = Live(
            console=console,
            screen=True,
            refresh_per_second=_FRAMES_PER_S,
            get_renderable=lambda: self._drawn,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, view: View) -> None:
        """Draw this from the next frame on."""
        self._drawn = Screen(view)


class PlainLines:
    """Listens to steps, after the ledger, and writes a line for each thing worth telling."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        self._ledger = ledger
        self._stream = stream

    def observe(self, step: Step) -> None:
        """Write what a step is worth saying about."""
        lines = [_line(telling) for telling in tell(step, self._ledger) if telling.level != "debug"]
        if lines:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()


class Screen:
    """One picture, laid out for the size it is drawn at: the newest happenings get what is left."""

    def __init__(self, view: View) -> None:
        self._view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the parts from top to bottom."""
        view = self._view
        top = Group(
            _header(view),
            Rule(style="dim"),
            _markets(view.markets),
            Text(),
            _strategies(view.strategies),
            Rule(style="dim"),
        )
        yield top
        height = options.height or console.height
        used = len(console.render_lines(top, options.update(height=None), pad=False))
        yield _happenings(view.happenings[-max(height - used, 1) :])


def _header(view: View) -> Table:
    header = Table.grid(expand=True, padding=(0, 1, 0, 0))
    header.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    header.add_column(justify="right", no_wrap=True)
    style = _STATE_STYLES[view.state]
    header.add_row(
        Text.assemble(("botkit", "bold"), "  ", view.venue),
        Text.assemble((f" {view.state.value.replace('_', ' ')} ", style), "  ", _duration(view.uptime_ns)),
    )
    header.add_row(Text.assemble(("key: ", "dim"), view.key), Text("Ctrl-C stops", style="dim"))
    if view.reason:
        header.add_row(Text(_one_line(view.reason), style=style), "")
    return header


def _markets(rows: tuple[MarketRow, ...]) -> Table:
    table = _table("market", "bid", "ask", "last")
    for row in rows:
        table.add_row(
            Text(row.symbol), *(_price(value, row.digits) for value in (row.bid, row.ask, row.last))
        )
    return table


def _strategies(rows: tuple[StrategyRow, ...]) -> Table:
    table = _table("strategy", "position", "PnL after fees", "orders", "fills", "refused")
    for row in rows:
        held = "\n".join(f"{exact(size)} {symbol}" for symbol, size in row.positions.items())
        results = Text("\n").join(
            Text(f"{gain(total)} {currency}", style="green" if total >= 0 else "red")
            for currency, total in row.pnl.items()
        )
        refused = Text(str(row.refused), style="yellow" if row.refused else "dim")
        table.add_row(Text(row.name), Text(held or "flat"), results, str(row.orders), str(row.fills), refused)
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(first, no_wrap=True, min_width=12)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _happenings(happenings: tuple[Happening, ...]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    for width in (8, 8, 12):  # time, kind, strategy: steady while the rows move
        table.add_column(no_wrap=True, min_width=width)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for happening in happenings:
        telling = happening.telling
        style = _LEVEL_STYLES.get(telling.level) or _KIND_STYLES.get(telling.kind, "")
        times = f"  ×{happening.times}" if happening.times > 1 else ""
        table.add_row(
            Text(_time_of_day(telling.ns), style="dim"),
            Text(telling.kind, style=style),
            Text(telling.strategy),
            Text(_one_line(telling.text) + times),
        )
    return table


def _line(telling: Telling) -> str:
    text = _one_line(telling.text)
    return f"{_time_of_day(telling.ns)}  {telling.kind:<9} {telling.strategy:<12} {text}".rstrip()


def _one_line(text: str) -> str:
    # Reasons come from venues, too: a line break or an escape sequence must not draw.
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _price(value: float | None, digits: int) -> str:
    return _UNKNOWN if value is None else f"{value:,.{digits}f}"


def _time_of_day(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // NS_PER_S, UTC):%H:%M:%S}"


def _duration(ns: int) -> str:
    minutes, seconds = divmod(ns // NS_PER_S, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
