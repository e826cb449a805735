"""The command line. Thin: it reads what was typed, calls `runtime`, and turns errors into exit codes."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that was typed, and exit with its code."""
    from botkit.cli.app import run

    sys.exit(run(sys.argv[1:]))
