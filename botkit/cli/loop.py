"""The event loop of a command: which one it is, and what ends it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine, Iterator
from typing import Any, Final, TypeVar

__all__ = ["run_in_loop", "stopping"]

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run_in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Do the work in a new event loop, the fastest there is for this system."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


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
