from __future__ import annotations

import asyncio
import io
import threading

import pytest
from rich.console import Console

from botkit.clock import WallClock
from botkit.risk.scope import KeyScope, ScopePolicy
from botkit.runtime.display import lines, nothing, screen
from tests.market import fill
from tests.observe.steps import ledger, sent, step
from tests.scripted_venue import TRADE_ONLY
from tests.skipped_time import LoopClock, in_skipped_time

SCOPE = KeyScope.judge(TRADE_ONLY, ScopePolicy())


class Terminal(io.StringIO):
    """Tells when it shows a text."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.shows_it = threading.Event()
        self._awaited = awaited

    def write(self, text: str, /) -> int:
        count = super().write(text)
        if self._awaited in self.getvalue():
            self.shows_it.set()
        return count


@pytest.mark.asyncio
async def test_a_screen_shows_what_happens_until_it_is_cancelled() -> None:
    terminal = Terminal(awaited="BTC-USDT")
    known = ledger()
    make = screen(Console(file=terminal, force_terminal=True, width=100, height=30))
    display = make(known, SCOPE, "OKX emulator", WallClock())
    for event in (sent(), step(fill())):
        known.observe(event)
        display.observe(event)

    showing = asyncio.create_task(display.run())
    # It is drawn by a thread of its own, a few times a second.
    assert await asyncio.to_thread(terminal.shows_it.wait, 10)
    showing.cancel()
    await asyncio.wait([showing])

    assert "OKX emulator" in terminal.getvalue()
    assert showing.cancelled()


@in_skipped_time
async def test_lines_are_written_as_steps_come() -> None:
    stream = io.StringIO()
    known = ledger()
    display = lines(stream)(known, SCOPE, "OKX emulator", LoopClock())
    assert stream.getvalue() == ""

    for event in (sent(), step(fill())):
        known.observe(event)
        display.observe(event)

    assert len(stream.getvalue().splitlines()) == 2
    await display.run()


@in_skipped_time
async def test_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    display = nothing()(ledger(), SCOPE, "OKX emulator", LoopClock())

    display.observe(step(fill()))
    await display.run()

    assert capsys.readouterr() == ("", "")
