"""The heartbeat: a small file that the trading loop touches, and the check that looks at it.

    python -m botkit.observe.health [--file FILE] [--max-age SECONDS]

exits with 0 if the file is young enough, else with 1 and the reason. Without
`--file` it looks for the youngest `heartbeat.json` in `BOTKIT_STATE` and the
folders of bots in it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from botkit.clock import WallClock
from botkit.model.duration import NS_PER_S

__all__ = ["FILE_NAME", "Heartbeat", "main"]

FILE_NAME: Final = "heartbeat.json"
_MAX_AGE_S: Final = 30.0


class _Beat(msgspec.Struct, frozen=True):
    ns: int
    state: str


class Heartbeat:
    """Says that the loop turns and in which state; to be beaten every few seconds by that loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = path.with_name(path.name + ".new")

    def beat(self, now_ns: int, state: str) -> None:
        """Write the file anew, whole or not at all."""
        # A beat that cannot be written is a missed one, which is what the check looks for; it is
        # no reason to stop a bot whose disk is full and whose cancels still go out.
        with suppress(OSError):
            self._new.write_bytes(msgspec.json.encode(_Beat(now_ns, state)))
            self._new.replace(self._path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a heartbeat; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m botkit.observe.health", description="Judge a heartbeat.")
    parser.add_argument("--file", type=Path, help=f"the heartbeat; else {FILE_NAME} in BOTKIT_STATE")
    parser.add_argument("--max-age", type=float, default=_MAX_AGE_S, metavar="SECONDS")
    given = parser.parse_args(arguments)
    path = given.file or _youngest(Path(os.environ.get("BOTKIT_STATE") or "state"))
    problem = _problem(path, given.max_age)
    print(problem or f"{path} is fresh", file=sys.stderr if problem else sys.stdout)
    return 1 if problem else 0


def _youngest(folder: Path) -> Path:
    found = [*folder.glob(FILE_NAME), *folder.glob(f"*/{FILE_NAME}")]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=folder / FILE_NAME)


def _problem(path: Path, max_age_s: float) -> str:
    try:
        beat = msgspec.json.decode(path.read_bytes(), type=_Beat)
        # The file system's time, not the beat's: the bot's clock is kept from stepping, so after
        # a suspended machine wakes up it is late by as much as it slept.
        age_s = (WallClock().now_ns() - path.stat().st_mtime_ns) / NS_PER_S
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except msgspec.DecodeError:
        return f"{path} is no heartbeat"
    return f"the last beat is {age_s:.0f} s old ({beat.state}): {path}" if age_s > max_age_s else ""


if __name__ == "__main__":
    sys.exit(main())
