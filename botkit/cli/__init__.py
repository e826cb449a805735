"""The command line. Thin: it reads what was typed, calls `runtime`, and turns errors into exit codes."""

from __future__ import annotations

import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that was typed, and exit with its code."""
    try:
        from botkit.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # as a shell says it; before there was anything to end in order
        code = 128 + signal.SIGINT
    sys.exit(code)
