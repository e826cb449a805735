"""When a command that runs until it is stopped, stops: a signal, or the end of its time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Final

__all__ = ["stopping"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stopping(after_s: float | None = None) -> Iterator[asyncio.Event]:
    """Yield an event that Ctrl-C, SIGTERM, or the end of `after_s` seconds sets.

    A second Ctrl-C is Python's own again: for whoever does not want to wait.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        release()

    def release() -> None:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)

    for each in _SIGNALS:
        loop.add_signal_handler(each, ask)
    timer = None if after_s is None else loop.call_later(after_s, stop.set)
    try:
        yield stop
    finally:
        release()
        if timer is not None:
            timer.cancel()
