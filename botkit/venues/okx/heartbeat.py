"""Knows when a connection has died: OKX answers the text `ping`, and says something within 30 s anyway."""

from __future__ import annotations

from typing import Final

from botkit.errors import ProtocolError
from botkit.model.duration import NS_PER_S

__all__ = ["PING", "PONG", "Heartbeat"]

PING: Final = b"ping"
PONG: Final = b"pong"
_PING_EVERY_NS: Final = 20 * NS_PER_S
_ANSWER_WITHIN_NS: Final = 10 * NS_PER_S


class Heartbeat:
    """Asks every 20 s whether the other side is there; any frame within 10 s is a yes.

    Attributes:
        heard_ns: When the last frame came; whoever receives frames sets it.

    """

    __slots__ = ("_asked_ns", "heard_ns")

    def __init__(self) -> None:
        self.heard_ns = 0
        self._asked_ns = 0

    def start(self, now_ns: int) -> None:
        """Begin: the connection has just been made."""
        self.heard_ns = self._asked_ns = now_ns

    def is_ping_due(self, now_ns: int) -> bool:
        """Tell whether to send a ping now.

        Raises:
            ProtocolError: If the last one was not answered.

        """
        if self.heard_ns < self._asked_ns and now_ns - self._asked_ns > _ANSWER_WITHIN_NS:
            raise ProtocolError("OKX has not answered a ping for 10 s")
        if now_ns - self._asked_ns < _PING_EVERY_NS:
            return False
        self._asked_ns = now_ns
        return True
