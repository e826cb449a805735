"""Options that several verbs share: `--for`, `--json`, `--seed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botkit.model.duration import NS_PER_S, duration_ns

__all__ = ["Config", "For", "Json", "Resume", "Seed"]


def _seconds(text: str) -> float:
    try:
        return duration_ns(text) / NS_PER_S
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no length of time; write 30s, 5m or 1h") from error


Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A TOML file; configs/ has some.", show_default=False)
]
For = Annotated[
    float | None,
    typer.Option("--for", parser=_seconds, metavar="DURATION", help="Stop after 30s, 5m, 1h ..."),
]
Resume = Annotated[
    str,
    typer.Option("--resume", metavar="WHY", help="Let a bot that was killed trade again, and say why."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="The same seed makes the same market.")]
