"""Whoever listens to feeds."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Member"]


class Member(Protocol):
    """A connection, as feeds see it."""

    def send(self, frame: bytes) -> None:
        """Take a frame; never wait."""
