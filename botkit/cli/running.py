"""`botkit run` and `botkit demo`: a bot, until it is stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import msgspec
import typer

from botkit.cli.exits import ExitCode
from botkit.cli.log import logging_as, logging_to_stderr
from botkit.cli.loop import run_in_loop, stopping
from botkit.cli.options import Config, For, Json, Resume, Seed
from botkit.clock import WallClock

if TYPE_CHECKING:
    from botkit.runtime.display import DisplayMaker
    from botkit.runtime.live import Outcome

__all__ = ["register"]

_LOG: Final = "botkit.log"
_LEFT: Final = (
    "\nOrders may still be working: {orders}\nCancel them at the venue, or start again: they are found then."
)
_AFTER_DEMO: Final = "botkit exchange, and in another terminal: botkit run configs/demo.toml"


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("demo")(demo)
    app.command("run")(run)


def demo(*, stop_after_s: For = None, seed: Seed = 1, json: Json = False) -> int:
    """Watch two strategies trade on an invented market: no account, no key, no network."""
    from botkit.runtime.demo import run_demo
    from botkit.runtime.display import lines, nothing

    started_ns = WallClock().now_ns()
    display = nothing() if json else _screen() or lines(sys.stdout)

    async def work() -> Outcome:
        with stopping(stop_after_s) as stop:
            return await run_demo(seed, stop, display=display, started_ns=started_ns)

    # What happens is shown anyway.
    with logging_to_stderr("error"):
        return _end(run_in_loop(work()), _AFTER_DEMO, json=json)


def run(config: Config, *, stop_after_s: For = None, resume: Resume = "", json: Json = False) -> int:
    """Run the bot that CONFIG describes, until Ctrl-C, SIGTERM or the end of its time.

    Exits with 0 when it stopped cleanly, 3 if the key was refused, 4 if the venue could not be
    reached, 5 if orders were left working, 6 if the kill switch stopped it.
    """
    from botkit.config.load import load_settings
    from botkit.runtime.display import nothing
    from botkit.runtime.live import run_live

    started_ns = WallClock().now_ns()
    settings = load_settings(config)
    screen = None if json or settings.log.console != "text" else _screen()

    async def work() -> Outcome:
        with stopping(stop_after_s) as stop:
            return await run_live(
                settings, stop, display=screen or nothing(), started_ns=started_ns, resume=resume
            )

    file = settings.bot.folder / _LOG if settings.log.file else None
    console = settings.log.console if screen is None else "none"
    with logging_as(settings.log.level, console=console, file=file):
        return _end(run_in_loop(work()), json=json)


def _screen() -> DisplayMaker | None:
    """Return what draws on the terminal, None if there is none."""
    from rich.console import Console

    from botkit.runtime.display import screen

    return screen(Console()) if sys.stdout.isatty() else None


def _end(outcome: Outcome, next_command: str = "", *, json: bool) -> ExitCode:
    from rich.console import Console

    from botkit.runtime.bot import Ending

    code = {
        Ending.CLEAN: ExitCode.CLEAN,
        Ending.ORDERS_LEFT: ExitCode.LEFTOVERS,
        Ending.KILLED: ExitCode.KILLED,
    }[outcome.ending]
    if json:
        how = {"ending": outcome.ending.value, "exit_code": code, "orders_left": outcome.left}
        ended = {**how, **outcome.summary.as_json()}
        typer.echo(msgspec.json.encode(ended))
    else:
        console = Console(highlight=False)
        console.print(outcome.summary.render(next_command))
        if outcome.left:
            console.print(_LEFT.format(orders=", ".join(outcome.left)), style="bold red")
    return code
