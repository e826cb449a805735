"""The log: one line for each fact, readable on a terminal, JSON everywhere else.

    structlog, and logging of libraries ──► redaction ──► each sink

`configure` is called once, by whoever composes the process. Libraries are heard
from `info` upwards only: at `debug` some of them print headers and frames, and
a login frame carries the passphrase.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, TextIO

import orjson
import structlog

from botkit.observe.redaction import redacted

__all__ = ["LEVELS", "Sink", "configure", "json_lines", "open_log", "readable"]

Fields = structlog.typing.EventDict
Sink = Callable[[Fields], None]
"""Takes a finished record, already redacted; must not keep or change it."""

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_JSON: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS


def configure(level: str, sinks: Sequence[Sink]) -> None:
    """Send every record of `level` and above, from here and from libraries, to every sink."""
    threshold = LEVELS[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # As plain text: the richer kinds of traceback print local variables.
            structlog.processors.format_exc_info,
            _redact,
            _Fan(sinks),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _FromLibraries)]
    root.addHandler(_FromLibraries())
    root.setLevel(max(threshold, logging.INFO))


def json_lines(stream: BinaryIO) -> Sink:
    """Return a sink that writes one JSON object a line."""

    def write(fields: Fields) -> None:
        stream.write(_as_json(fields))
        stream.flush()

    return write


def open_log(path: Path) -> BinaryIO:
    """Open a file for `json_lines`, to append to; only its owner may read it. The caller closes it.

    Raises:
        OSError: If it cannot be opened.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    # Unbuffered, so that a line is there when the process is killed after writing it.
    return os.fdopen(file, "ab", buffering=0)


def readable(stream: TextIO) -> Sink:
    """Return a sink that writes lines for people, in color if `stream` is a terminal."""
    render = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )

    def write(fields: Fields) -> None:
        stream.write(f"{render(None, '', dict(fields))}\n")
        stream.flush()

    return write


class _Fan:
    """The last processor: hands the record to each sink."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def __call__(self, _: object, __: str, fields: Fields) -> NoReturn:
        for write in self._sinks:
            try:
                write(fields)
            except (OSError, ValueError):  # the latter is what a closed stream raises
                # A full disk or a closed terminal must not keep cancels from going out; what
                # matters for money is in the journal, whose failures do stop orders.
                continue
        raise structlog.DropEvent


class _FromLibraries(logging.Handler):
    """Passes on what libraries say by the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record as ours, under the name of the library."""
        log = structlog.get_logger()
        level = min(record.levelno, logging.ERROR)
        log.log(level, record.getMessage(), library=record.name, exc_info=record.exc_info or None)


def _redact(_: object, __: str, fields: Fields) -> Fields:
    return {name: redacted(value, name) for name, value in fields.items()}


def _as_json(fields: Fields) -> bytes:
    try:
        return orjson.dumps(fields, default=_plain, option=_JSON)
    except TypeError:
        # A number beyond 64 bits, half a surrogate: losing the type is better than the line.
        return orjson.dumps({name: ascii(value) for name, value in fields.items()}, option=_JSON)


def _plain(value: object) -> str:
    return str(value) if isinstance(value, Decimal | Path | Exception) else repr(value)
