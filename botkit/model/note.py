"""What a strategy says for the record: why it did, or did not do, something."""

from __future__ import annotations

import msgspec

__all__ = ["Note"]


class Note(msgspec.Struct, frozen=True, tag_field="type", tag="note", kw_only=True):
    """A fact that a strategy wants kept, in the log and in the journal.

    Attributes:
        strategy: Name of the strategy that says it.
        level: `debug`, `info`, `warning` or `error`.
        text: What happened, constant for its kind, in the past tense.
        fields: What goes with it; numbers as text.

    """

    strategy: str
    level: str
    text: str
    fields: dict[str, str] = {}
