"""What a strategy remembers over a restart."""

from __future__ import annotations

import msgspec

__all__ = ["State"]


class State(msgspec.Struct):
    """A strategy's memory; a strategy nests its own, with a default for every field.

    It is written to the journal with the step that changed it, and given back
    after a restart. Fields are whatever JSON can carry and bring back by its
    type: numbers, text, Decimals, lists, dicts, other Structs.
    """
