"""`botkit run` and `botkit demo`: a bot, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
import typer

from botkit.cli.exits import ExitCode
from botkit.cli.options import Config, For, Json, Seed
from botkit.cli.stopping import stopping
from botkit.clock import WallClock
from botkit.errors import ConfigError

if TYPE_CHECKING:
    from botkit.config.settings import LogSettings
    from botkit.observe.logging import Sink
    from botkit.runtime.display import DisplayMaker
    from botkit.runtime.live import Outcome

__all__ = ["register"]

T = TypeVar("T")

_LOG: Final = "botkit.log"
_AFTER_DEMO: Final = "botkit exchange, and in another terminal: botkit run configs/demo.toml"


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("demo")(demo)
    app.command("run")(run)


def demo(*, stop_after_s: For = None, seed: Seed = 1, json: Json = False) -> int:
    """Watch two strategies trade on an invented market: no account, no key, no network."""
    from botkit.observe.logging import readable
    from botkit.runtime.demo import run_demo
    from botkit.runtime.display import lines, nothing

    started_ns = WallClock().now_ns()
    display = nothing() if json else _screen() or lines(sys.stdout)

    async def work() -> Outcome:
        with stopping(stop_after_s) as stop:
            return await run_demo(seed, stop, display=display, started_ns=started_ns)

    # What happens is shown anyway; the log is for what went wrong.
    with _logging("error", [readable(sys.stderr)]):
        return _end(_in_loop(work()), _AFTER_DEMO, json=json)


def run(config: Config, *, stop_after_s: For = None, json: Json = False) -> int:
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
            return await run_live(settings, stop, display=screen or nothing(), started_ns=started_ns)

    with contextlib.ExitStack() as files:
        sinks = _console(settings.log) if screen is None else []
        if settings.log.file:
            sinks.append(_log_file(settings.bot.folder / _LOG, files))
        with _logging(settings.log.level, sinks):
            return _end(_in_loop(work()), json=json)


def _screen() -> DisplayMaker | None:
    """Return what draws on the terminal, None if there is none."""
    from rich.console import Console

    from botkit.runtime.display import screen

    return screen(Console()) if sys.stdout.isatty() else None


@contextlib.contextmanager
def _logging(level: str, sinks: Sequence[Sink]) -> Iterator[None]:
    from botkit.observe.logging import configure

    configure(level, sinks)
    try:
        yield
    finally:
        # Their files are about to be closed.
        configure(level, [])


def _console(log: LogSettings) -> list[Sink]:
    from botkit.observe.logging import json_lines, readable

    match log.console:
        case "json":
            return [json_lines(sys.stderr.buffer)]
        case "text":
            return [readable(sys.stderr)]
        case "none":
            return []


def _log_file(path: Path, files: contextlib.ExitStack) -> Sink:
    from botkit.observe.logging import json_lines, open_log

    try:
        return json_lines(files.enter_context(open_log(path)))
    except OSError as error:
        raise ConfigError(
            f"the log {path} cannot be written: {error.strerror}",
            remedy="set bot.state to a folder that you may write to",
        ) from error


def _in_loop(work: Coroutine[Any, Any, T]) -> T:
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _end(outcome: Outcome, next_command: str = "", *, json: bool) -> ExitCode:
    from rich.console import Console

    from botkit.runtime.bot import Ending

    code = {
        Ending.CLEAN: ExitCode.CLEAN,
        Ending.ORDERS_LEFT: ExitCode.LEFTOVERS,
        Ending.KILLED: ExitCode.KILLED,
    }[outcome.ending]
    if json:
        ended = {"ending": outcome.ending.value, "exit_code": code, **outcome.summary.as_json()}
        typer.echo(msgspec.json.encode(ended))
    else:
        Console(highlight=False).print(outcome.summary.render(next_command))
    return code
