"""`botkit`, in a process that kills itself at a chosen instruction.

    python dies_at.py MOMENT NTH run bot.toml

MOMENT is one of `MOMENTS`; the process ends as by `kill -9` when it comes for the NTH time.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from botkit.cli.app import run
from botkit.journal.journal import Journal
from botkit.model.order import NewOrder
from botkit.model.portfolio import Fill
from botkit.venues.okx.private_session import PrivateSession
from botkit.venues.okx.venue import OkxVenue

Moment = tuple[type, str, Callable[[Any], bool]]

MOMENTS: Final[dict[str, Moment]] = {
    # An order is in the journal and has not been handed to the socket.
    "before an order is sent": (OkxVenue, "submit", lambda approved: isinstance(approved.request, NewOrder)),
    # The exchange has taken an order, and its answer is here but was not looked at.
    "before an answer is read": (PrivateSession, "receive", lambda frame: b'"op":"order"' in frame),
    # A fill is in memory and not in the journal.
    "before a fill is written": (Journal, "record", lambda step: isinstance(step.event, Fill)),
    # A cancel is in the journal and has not been handed to the socket.
    "before a cancel is sent": (OkxVenue, "cancel", lambda _: True),
}


def die_at(moment: str, nth: int) -> None:
    """Arrange for this process to be killed at a moment."""
    owner, name, is_it = MOMENTS[moment]
    instruction = getattr(owner, name)
    left = nth

    @functools.wraps(instruction)
    def deadly(self: object, about: object, *more: object) -> object:
        nonlocal left
        if is_it(about):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return instruction(self, about, *more)

    setattr(owner, name, deadly)


if __name__ == "__main__":
    die_at(sys.argv[1], int(sys.argv[2]))
    sys.exit(run(sys.argv[3:]))
