"""A strategy's log: facts handed to the desk, which stamps, keeps and prints them."""

from __future__ import annotations

from botkit.strategy.desk import Desk, LogField

__all__ = ["Log"]


class Log:
    """Four levels of the same sentence: what happened, in the past tense, and its numbers."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def debug(self, text: str, /, **fields: LogField) -> None:
        """Record what only somebody who looks for a fault wants to know."""
        self._desk.note("debug", text, fields)

    def info(self, text: str, /, **fields: LogField) -> None:
        """Record a fact."""
        self._desk.note("info", text, fields)

    def warning(self, text: str, /, **fields: LogField) -> None:
        """Record that something is worse than it should be, and will mend itself."""
        self._desk.note("warning", text, fields)

    def error(self, text: str, /, **fields: LogField) -> None:
        """Record that a human must look."""
        self._desk.note("error", text, fields)
