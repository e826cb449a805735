"""An event loop that skips the time it would have waited, so that minutes of a bot take milliseconds of a test.

Whatever is ready runs first; then time jumps to the next timer. `asyncio.sleep`, timeouts and
`call_later` all follow, in the same order every time. When nothing is ready and no timer is set, nothing
will ever happen, and the test fails at once instead of hanging.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from tests.market import NOON, S

__all__ = ["LoopClock", "in_skipped_time", "pass_time"]

P = ParamSpec("P")


class _SkippingSelector(selectors.DefaultSelector):
    """Waits for nothing, and notes for how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("nothing will ever happen: what the test waits for does not come")
        self.skipped_s += max(timeout, 0.0)
        return super().select(0)


class _SkippingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped_s


class LoopClock:
    """The running loop's time, noon when it began; implements `botkit.clock.Clock`."""

    def now_ns(self) -> int:
        return NOON + round(asyncio.get_running_loop().time() * S)


def in_skipped_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test in a loop of its own, which skips the time it would have waited."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


async def pass_time(seconds: float = 0.001) -> None:
    """Let so much time pass, and everything that is due in it happen."""
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    loop.call_later(seconds, passed.set_result, None)
    await passed
