"""What a command logs while it runs, and where to: stdout is for its results."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from botkit.errors import ConfigError

if TYPE_CHECKING:
    from botkit.observe.logging import Sink

__all__ = ["logging_as", "logging_to_stderr"]


@contextlib.contextmanager
def logging_as(level: str, *, console: Literal["text", "json", "none"], file: Path | None) -> Iterator[None]:
    """Log as `[log]` says, until the end of the block.

    Raises:
        ConfigError: If the file cannot be written.

    """
    from botkit.observe.logging import json_lines, open_log, readable

    sinks: list[Sink] = []
    match console:
        case "json":
            sinks.append(json_lines(sys.stderr.buffer))
        case "text":
            sinks.append(readable(sys.stderr))
        case "none":
            pass
    with contextlib.ExitStack() as files:
        if file is not None:
            try:
                sinks.append(json_lines(files.enter_context(open_log(file))))
            except OSError as error:
                raise ConfigError(
                    f"the log {file} cannot be written: {error.strerror}",
                    remedy="set bot.state to a folder that you may write to",
                ) from error
        with _configured(level, sinks):
            yield


@contextlib.contextmanager
def logging_to_stderr(level: str = "warning") -> Iterator[None]:
    """Log what is at least so serious to stderr, for people, until the end of the block."""
    with logging_as(level, console="text", file=None):
        yield


@contextlib.contextmanager
def _configured(level: str, sinks: Sequence[Sink]) -> Iterator[None]:
    from botkit.observe.logging import configure

    configure(level, sinks)
    try:
        yield
    finally:
        # Their files are about to be closed.
        configure(level, [])
