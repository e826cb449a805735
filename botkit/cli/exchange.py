"""`botkit exchange`: the exchange emulator alone, for bots, tests and other people's clients."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import zlib
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import msgspec
import typer

from botkit.cli.log import logging_to_stderr
from botkit.cli.loop import run_in_loop, stopping
from botkit.cli.options import For, Json, Seed
from botkit.errors import ConfigError, ProtocolError

if TYPE_CHECKING:
    from botkit.venues.okx.emulator import Emulator
    from botkit.venues.okx.emulator.accounts import User

__all__ = ["register"]

_GZIP = b"\x1f\x8b"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("exchange")(exchange)


def exchange(
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port to listen at; 0 is any.")
    ] = 0,
    seed: Seed = 1,
    tape: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play a recorded market, plain or gzipped.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, metavar="X", help="How fast to play it.")] = 1.0,
    accounts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Accounts in TOML, instead of the built-in ones.")
    ] = None,
    stop_after_s: For = None,
    json: Json = False,
) -> None:
    """Run the OKX emulator: REST and WebSocket, fake accounts, an invented or recorded market.

    With --json the first line of output is one JSON object with its URLs and accounts.
    """
    users = _users(accounts)
    with logging_to_stderr(), _emulator(tape, speed, seed, users) as emulator:
        run_in_loop(_serve(emulator, host, port, stop_after_s, json=json))


async def _serve(emulator: Emulator, host: str, port: int, stop_after_s: float | None, *, json: bool) -> None:
    from botkit.config.runfile import announced

    try:
        await emulator.start(host, port)
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {host}:{port}: {error.strerror}",
            remedy="that port may be taken, or the address not be this machine's; --port 0 takes a free one",
        ) from error
    try:
        description = emulator.describe()
        with announced(description) as note, stopping(stop_after_s) as stop:
            if json:
                typer.echo(msgspec.json.encode(description))
            else:
                _print(description, note)
            await _either(stop.wait(), emulator.wait())
    finally:
        await emulator.stop()


async def _either(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of several, and raise what it raises."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def _users(accounts: Path | None) -> tuple[User, ...]:
    from botkit.venues.okx.emulator.accounts import BUILT_IN, parse_accounts

    if accounts is None:
        return BUILT_IN
    try:
        return parse_accounts(accounts.read_text(encoding="utf-8"), where=str(accounts))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{accounts} cannot be read: {_reason(error)}", remedy="--accounts wants TOML"
        ) from error


@contextlib.contextmanager
def _emulator(tape: Path | None, speed: float, seed: int, users: tuple[User, ...]) -> Iterator[Emulator]:
    from botkit.venues.okx.emulator import synthetic

    if tape is None:
        yield synthetic(seed, users=users)
        return
    try:
        file = tape.open("rb")
    except OSError as error:
        raise _unplayable(tape, error) from error
    with file:
        try:
            yield _recorded(_lines(file), speed, users)
        except ProtocolError as error:  # at any time: a recording is read while it is played
            raise _unplayable(tape, error) from error


def _unplayable(tape: Path, error: Exception) -> ConfigError:
    return ConfigError(
        f"{tape} cannot be played: {_reason(error)}",
        remedy="a tape is a recording of public market data, plain or gzipped; see docs/exchange.md",
    )


def _recorded(lines: Iterator[str], speed: float, users: tuple[User, ...]) -> Emulator:
    from botkit.clock import WallClock
    from botkit.sim.exchange import SimExchange
    from botkit.sim.tape import Tape
    from botkit.venues.okx.emulator import Emulator
    from botkit.venues.okx.emulator.accounts import Accounts

    clock = WallClock()
    start_ns = clock.now_ns()
    played = Tape(lines, start_ns, speed)
    exchange = SimExchange(played.instruments(), start_ns=start_ns)
    exchange.host(played)
    return Emulator(exchange, Accounts(users), clock)


def _lines(file: BinaryIO) -> Iterator[str]:
    is_zipped = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    stream = gzip.GzipFile(fileobj=file) if is_zipped else file
    try:
        with io.TextIOWrapper(stream, encoding="utf-8") as text:
            yield from text
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ProtocolError(_reason(error)) from error


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _print(description: Mapping[str, Any], note: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    console.print("The OKX emulator is running. It stops with Ctrl-C.\n")
    places = Table.grid(padding=(0, 2))
    for name in ("rest", "ws_public", "ws_private", "ws_business"):
        places.add_row(f"  {name.replace('ws_', 'ws ')}", description[name])
    console.print(places, "")
    accounts = Table.grid(padding=(0, 2))
    accounts.add_row("  account", "its key may", "from", style="dim")
    for account in description["accounts"]:
        may, bound = (account[name].replace(",", ", ") for name in ("perm", "ip"))
        accounts.add_row(f"  {account['label']}", may, bound or "anywhere")
    console.print(accounts, "")
    console.print(f"Keys, secrets and passphrases, all of them fake: {note}\n", soft_wrap=True)
    console.print("Next, in another terminal:\n")
    console.print(Text("  botkit run configs/demo.toml", "bold"))
