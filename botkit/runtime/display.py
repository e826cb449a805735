"""What a person sees of a run while it runs: a screen, lines, or nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from botkit.observe.dashboard.terminal import PlainLines, TerminalDashboard
from botkit.observe.dashboard.view import ViewBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from botkit.clock import Clock
    from botkit.engine.step import Step
    from botkit.observe.ledger import Ledger
    from botkit.risk.scope import KeyScope

__all__ = ["Display", "DisplayMaker", "lines", "nothing", "screen"]

_REDRAW_S: Final = 0.25


class Display(Protocol):
    """Listens to steps and shows them."""

    def observe(self, step: Step) -> None:
        """Take in a step, after the ledger has."""

    async def run(self) -> None:
        """Show until cancelled."""


if TYPE_CHECKING:
    DisplayMaker = Callable[[Ledger, KeyScope, str, Clock], Display]
    """Makes a display from the run's ledger, the verdict on the key, the venue's name and a clock."""


class _Screen:
    def __init__(self, console: Console, view: ViewBuilder, clock: Clock) -> None:
        self._console = console
        self._view = view
        self._clock = clock

    def observe(self, step: Step) -> None:
        self._view.observe(step)

    async def run(self) -> None:
        with TerminalDashboard(self._console) as dashboard:
            while True:
                dashboard.show(self._view.view(self._clock.now_ns()))
                await asyncio.sleep(_REDRAW_S)


class _Lines:
    def __init__(self, writer: PlainLines) -> None:
        self._writer = writer

    def observe(self, step: Step) -> None:
        self._writer.observe(step)

    async def run(self) -> None:
        """Do nothing: lines are written as steps come."""


class _Nothing:
    def observe(self, step: Step) -> None:
        """Show nothing."""

    async def run(self) -> None:
        """Show nothing."""


def screen(console: Console) -> DisplayMaker:
    """Return what draws a live view on a terminal."""

    def make(ledger: Ledger, scope: KeyScope, venue: str, clock: Clock) -> Display:
        return _Screen(console, ViewBuilder(ledger, venue=venue, key_scope=scope), clock)

    return make


def lines(stream: TextIO) -> DisplayMaker:
    """Return what writes a line for each thing worth telling."""

    def make(ledger: Ledger, _: KeyScope, __: str, ___: Clock) -> Display:
        return _Lines(PlainLines(ledger, stream))

    return make


def nothing() -> DisplayMaker:
    """Return what shows nothing: the log tells enough."""

    def make(_: Ledger, __: KeyScope, ___: str, ____: Clock) -> Display:
        return _Nothing()

    return make
