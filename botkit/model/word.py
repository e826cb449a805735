"""The enumerations of the model: closed sets of words, quick to look things up by."""

from __future__ import annotations

from enum import Enum

__all__ = ["Word"]


class Word(Enum):
    """One of a closed set of words; its value is how it is written down.

    Tables of this code are keyed by words, and an order looks a dozen of them up.
    `Enum` hashes a member by its name, in Python; a member is what it is, and
    `object` hashes that in a tenth of the time.
    """

    __hash__ = object.__hash__
