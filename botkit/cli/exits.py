"""How a command ends: its exit code, and what it says about a failure.

| code | meaning |
|---|---|
| 0 | clean |
| 1 | unexpected: a bug |
| 2 | usage or configuration |
| 3 | key scope refused |
| 4 | venue unreachable or authentication refused |
| 5 | stopped with something left: orders, an unexplained difference |
| 6 | stopped by the risk kill switch |

Other programs rely on the codes and on the JSON; the text is for people.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec
import typer

from botkit.errors import (
    BotkitError,
    ConfigError,
    InvalidSettings,
    InvariantError,
    JournalError,
    KeyScopeError,
    LoginRefused,
    ProtocolError,
    StillKilled,
    VenueError,
    VenueUnreachable,
)

__all__ = ["ExitCode", "Failure", "failure_of", "print_failure", "printable"]


class ExitCode(IntEnum):
    """How a command ended, for the program that started it."""

    CLEAN = 0
    UNEXPECTED = 1
    CONFIGURATION = 2
    KEY_SCOPE = 3
    VENUE = 4
    LEFTOVERS = 5
    KILLED = 6


# The first that fits; an error without a row is a bug.
_CODES: Final[tuple[tuple[type[BaseException], ExitCode, str], ...]] = (
    (typer.TyperException, ExitCode.CONFIGURATION, "usage"),
    (KeyScopeError, ExitCode.KEY_SCOPE, "key_scope"),
    (StillKilled, ExitCode.KILLED, "killed"),
    (ConfigError, ExitCode.CONFIGURATION, "configuration"),
    (JournalError, ExitCode.CONFIGURATION, "journal"),
    (LoginRefused, ExitCode.VENUE, "login_refused"),
    (VenueUnreachable, ExitCode.VENUE, "venue_unreachable"),
    (VenueError, ExitCode.VENUE, "venue"),
    (ProtocolError, ExitCode.VENUE, "protocol"),
    (InvariantError, ExitCode.UNEXPECTED, "invariant"),
)
_UNREACHABLE: Final = "venue.address says where it is looked for; check that, and the network"
_BUG: Final = "this is a bug in botkit; the same command with --debug before the verb shows where"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong, where, and what to do about it."""

    problem: str
    remedy: str = ""
    where: str = ""


class Failure(msgspec.Struct, frozen=True):
    """Why a command failed, as `--json` prints it.

    Attributes:
        error: The kind, a word of a fixed set.
        message: What happened and what to do, for people.
        exit_code: As the process will return it.
        problems: The same, one by one.

    """

    error: str
    message: str
    exit_code: ExitCode
    problems: tuple[Problem, ...]


def failure_of(error: BaseException) -> Failure:
    """Return what is to be said about an error; what nobody expected is written to a file."""
    cause = _first_cause(error)
    code, kind = next(
        ((code, kind) for expected, code, kind in _CODES if isinstance(cause, expected)),
        (ExitCode.UNEXPECTED, "unexpected"),
    )
    problems = _problems(cause) if code is not ExitCode.UNEXPECTED else (_bug(cause),)
    return Failure(kind, "\n".join(map(_sentence, problems)), code, problems)


def print_failure(failure: Failure) -> None:
    """Print a failure on stderr as people like to read it."""
    from rich.console import Console
    from rich.text import Text

    count = len(failure.problems)
    text = Text("error: " if count == 1 else f"{count} errors:\n", "bold red")
    for problem in failure.problems:
        text.append(f"{problem.where}: " if problem.where else "", "default")
        text.append(f"{printable(problem.problem)}\n", "not bold default")
        text.append(f"  {printable(problem.remedy)}\n" if problem.remedy else "", "not bold dim default")
    console = Console(stderr=True, highlight=False)
    # Logs and pipes have no width to fold at.
    console.print(text, end="", soft_wrap=not console.is_terminal)


def printable(text: str) -> str:
    """Return `text` without what would move the cursor or draw: some of it is a venue's."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)


def _problems(error: BaseException) -> tuple[Problem, ...]:
    match error:
        case InvalidSettings():
            return tuple(Problem(each.problem, each.remedy, each.where) for each in error.problems)
        case ConfigError():
            return (Problem(error.problem, error.remedy, error.where),)
        case LoginRefused():
            return (
                Problem(
                    f"{error.message} (code {error.code})" if error.code else error.message, error.remedy
                ),
            )
        case VenueUnreachable():
            return (Problem(str(error), _UNREACHABLE),)
        case typer.TyperException():
            context: typer.Context | None = getattr(error, "ctx", None)
            asked = context.command_path if context else "botkit"
            return (Problem(error.format_message(), f"{asked} --help shows what can be written"),)
        case _:
            return (Problem(str(error)),)


def _bug(error: BaseException) -> Problem:
    said = str(error) if isinstance(error, BotkitError) else f"{type(error).__name__}: {error}"
    return Problem(said.rstrip(": "), f"{_BUG}\n  details: {_keep_traceback(error)}")


def _keep_traceback(error: BaseException) -> str:
    from botkit.config.runfile import local_folder

    title = f"--- {datetime.now(UTC).isoformat()} pid {os.getpid()}\n"
    text = title + "".join(traceback.format_exception(error))
    for folder in (local_folder(), Path(tempfile.gettempdir())):
        path = folder / "botkit-crash.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "a"
            ) as file:
                file.write(text)
        except OSError:
            continue
        return str(path)
    return "could not be written anywhere"


def _sentence(problem: Problem) -> str:
    text = f"{problem.where}: {problem.problem}" if problem.where else problem.problem
    return f"{text}\n  {problem.remedy}" if problem.remedy else text


def _first_cause(error: BaseException) -> BaseException:
    """Return what is behind a group: a bug before anything expected, for it explains the rest."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [_first_cause(each) for each in error.exceptions]
    return next((each for each in causes if not isinstance(each, BotkitError)), causes[0])
