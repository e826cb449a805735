"""`botkit keys`: what the API key may do, and what botkit can do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer

from botkit.cli.exits import printable
from botkit.cli.log import logging_to_stderr
from botkit.cli.options import Config, Json
from botkit.errors import KeyScopeError

if TYPE_CHECKING:
    from rich.table import Table

    from botkit.config.settings import Settings
    from botkit.risk.scope import KeyReport, KeyScope

__all__ = ["app"]

app = typer.Typer(help="Look after API keys.")


class _Checked(msgspec.Struct, frozen=True):
    """The verdict as `--json` prints it."""

    accepted: bool
    uid: str
    label: str
    permissions: tuple[str, ...]
    ips: tuple[str, ...] | None
    findings: tuple[str, ...]
    warnings: tuple[str, ...]
    endpoints: int
    operations: int


@app.callback()
def _group() -> None:
    """Look after API keys."""


@app.command()
def check(
    config: Config,
    *,
    json: Json = False,
) -> None:
    """Ask the venue what the key may do, and explain what keeps the money in.

    Exits with 3 if the key may do more or less than a bot needs, and with 4 if the venue
    cannot be reached or does not accept it.
    """
    from botkit.config.load import load_settings
    from botkit.risk.scope import KeyScope
    from botkit.runtime.compose import ask_about_key

    settings = load_settings(config)
    with logging_to_stderr():
        report = ask_about_key(settings)
    scope = KeyScope.judge(report, settings.key.policy())
    if json:
        typer.echo(msgspec.json.encode(_checked(report, scope)))
    else:
        _print(report, scope, settings)
    if not scope.is_trade_only:
        raise KeyScopeError(scope.findings)


def _checked(report: KeyReport, scope: KeyScope) -> _Checked:
    from botkit.venues.okx.endpoints import Endpoint, Op

    return _Checked(
        accepted=scope.is_trade_only,
        uid=report.uid,
        label=report.label,
        permissions=scope.permissions,
        ips=report.ips,
        findings=scope.findings,
        warnings=scope.warnings,
        endpoints=len(Endpoint),
        operations=len(Op),
    )


def _print(report: KeyReport, scope: KeyScope, settings: Settings) -> None:
    from rich.console import Console
    from rich.text import Text

    # What a venue says is text, never markup.
    console = Console(highlight=False, markup=False)
    who = f" of account {report.uid or '?'} at {settings.venue.address}"
    console.print(Text.assemble("Key ", (printable(report.label) or "?", "bold"), who))
    console.print()
    console.print(_locks(report, scope, settings))
    console.print()
    if scope.is_trade_only:
        console.print(Text.assemble(("accepted", "bold green"), ": a bot may use this key"))


def _locks(report: KeyReport, scope: KeyScope, settings: Settings) -> Table:
    from rich.table import Table
    from rich.text import Text

    from botkit.venues.okx.endpoints import Endpoint, Op

    verdict = Text("passed", "green") if scope.is_trade_only else Text("refused", "bold red")
    table = Table.grid(padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row("1 scope", verdict, _scope(report, scope))
    table.add_row(
        "2 endpoints",
        Text("closed", "green"),
        f"Of OKX's requests botkit can sign {len(Endpoint)} by REST and {len(Op)} by WebSocket: market data, "
        "the account's state, orders. Withdrawals, transfers, conversions, loans, earn products and "
        "API keys are not among them, so no code path and no strategy can ask for one.",
    )
    table.add_row(
        "3 approval",
        Text("sealed", "green"),
        "Only the risk gate can make what the order entry takes, within the limits of "
        f"{', '.join(settings.risk.instruments)}. There is no switch that goes round it.",
    )
    return table


def _scope(report: KeyReport, scope: KeyScope) -> str:
    may = ", ".join(scope.permissions) or "nothing that the venue would tell"
    bound = "it did not say which addresses" if report.ips is None else ", ".join(report.ips) or "any address"
    lines = [f"OKX says that it may: {may}; from: {bound}."]
    lines += [f"Excused by the configuration: {warning}." for warning in scope.warnings]
    return "\n".join(lines)
