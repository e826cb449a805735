"""`botkit list`: what there is to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from botkit.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Group

    from botkit.strategy.discovery import KnownStrategy

__all__ = ["app"]

app = typer.Typer(help="Show what there is to run.")

_USUAL = Path("strategies")


class _Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter as JSON Schema describes it; a bound that is absent is no bound."""

    name: str
    type: str = ""
    default: object = None
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = msgspec.field(default=None, name="exclusiveMinimum")
    exclusive_maximum: float | None = msgspec.field(default=None, name="exclusiveMaximum")
    choices: list[object] = msgspec.field(default_factory=list, name="enum")

    @property
    def range(self) -> str:
        """Return what it may be, in the words of a trader."""
        if self.choices:
            return " or ".join(map(str, self.choices))
        low = _bound(self.minimum, "") or _bound(self.exclusive_minimum, "> ")
        high = _bound(self.maximum, "") or _bound(self.exclusive_maximum, "< ")
        return f"{low} … {high}".strip() if low or high else ""


def _bound(bound: float | None, sign: str) -> str:
    return "" if bound is None else f"{sign}{bound:g}"


class _Listed(msgspec.Struct, frozen=True):
    """A strategy as `--json` prints it."""

    name: str
    reference: str
    summary: str
    problem: str
    params: list[_Parameter]


@app.callback()
def _group() -> None:
    """Show what there is to run."""


@app.command("strategies")
def list_strategies(
    folder: Annotated[Path, typer.Argument(help="Where their files are.", metavar="FOLDER")] = _USUAL,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead.")] = False,
) -> None:
    """List strategies and their parameters: of a folder, and of installed packages."""
    from botkit.strategy.discovery import known_strategies

    if folder != _USUAL and not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", remedy="the usual one is strategies")
    listed = [_listed(known) for known in known_strategies(folder)]
    if json:
        typer.echo(msgspec.json.encode(listed))
    else:
        _print(listed, folder)


def _listed(known: KnownStrategy) -> _Listed:
    from botkit.strategy.discovery import find_strategy

    params: list[_Parameter] = []
    if not known.problem:
        schema = find_strategy(known.reference).Params.model_json_schema()
        shared = schema.get("$defs", {})
        for name, described in schema.get("properties", {}).items():
            # An enumeration stands beside the parameters that it is the type of, and what may
            # be absent is the first of two alternatives.
            kind = shared.get(described.get("$ref", "").rpartition("/")[2], {})
            either = described.get("anyOf", [{}])[0]
            params.append(msgspec.convert({**kind, **either, **described, "name": name}, _Parameter))
    return _Listed(known.name, known.reference, known.summary, known.problem, params)


def _print(listed: list[_Listed], folder: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not listed:
        console.print(f"There are no strategies in {folder}, and no installed package has any.")
    for strategy in listed:
        console.print(_described(strategy), "")


def _described(strategy: _Listed) -> Group:
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    title = Text.assemble((strategy.name, "bold"), "  ", (strategy.reference, "dim"))
    if strategy.problem:
        return Group(title, Padding(Text(f"cannot be loaded: {strategy.problem}", "red"), (0, 2)))
    table = Table.grid(padding=(0, 2))
    for parameter in strategy.params:
        default = "" if parameter.default is None else str(parameter.default)
        table.add_row(
            parameter.name, parameter.type, default, parameter.range, Text(parameter.description, "dim")
        )
    return Group(title, Padding(Text(strategy.summary), (0, 2)), Padding(table, (0, 2)))
