"""The command `botkit`: its verbs, and the one place where errors become exit codes."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
import typer
from typer.main import get_command

import botkit
from botkit.cli import exchange, keys, running, strategies
from botkit.cli.exits import ExitCode, failure_of, print_failure

__all__ = ["run"]

_JSON: Final = "--json"
_DEBUG: Final = "--debug"

app: Final = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run(arguments: Sequence[str]) -> int:
    """Run what was typed after `botkit`, and return the exit code."""
    # No verb is a question, not a mistake.
    typed = list(arguments) or ["--help"]
    try:
        code = get_command(app).main(typed, prog_name="botkit", standalone_mode=False)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  # nobody is left who could handle it
        code = _fail(error, typed)
    return code or ExitCode.CLEAN


def _fail(error: BaseException, typed: list[str]) -> ExitCode:
    failure = failure_of(error)
    if _DEBUG in typed:
        traceback.print_exception(error)
    print_failure(failure)
    if _JSON in typed:
        typer.echo(msgspec.json.encode(failure))
    return failure.exit_code


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"botkit {botkit.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(_DEBUG, help="Show where an unexpected error came from.")] = False,
) -> None:
    """Trade on OKX with a key that cannot withdraw, or on the exchange emulator with no key at all."""
    # Both act outside: the version as it is parsed, `--debug` in `_fail`, also when parsing fails.
    del version, debug


running.register(app)
exchange.register(app)
app.add_typer(keys.app, name="keys")
app.add_typer(strategies.app, name="list")
