"""The parameters of a request, read the way the exchange reads them.

Numbers and booleans come as text or as themselves; an empty text, a `null` and
an absent key are the same. Unknown keys are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from botkit.venues.okx.emulator.answers import Refused

__all__ = ["Params"]

_NUMBER: Final = re.compile(r"-?\d{1,32}(\.\d{1,32})?")
_FLAGS: Final = {"": None, "true": True, "false": False}


class Params:
    """A flat object of parameters."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """Return a parameter as text, empty if it is not given."""
        value = self._values.get(name)
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case str() | int() | float():
                return str(value)
            case _:
                raise Refused("51000", name)

    def echo(self, name: str) -> str:
        """Return a parameter as text if it is any, empty text otherwise: for answers that repeat it."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def value(self, name: str) -> object:
        """Return a parameter as it came, None if it did not."""
        return self._values.get(name)

    def is_given(self, name: str) -> bool:
        """Tell whether a parameter says anything."""
        return self._values.get(name) not in (None, "", [], {})

    def needed(self, name: str) -> str:
        """Return a parameter that must be given.

        Raises:
            Refused: 50014 if it is not.

        """
        text = self.text(name)
        if not text:
            raise Refused("50014", name)
        return text

    def one_of(self, name: str, words: Collection[str], *, default: str | None = None) -> str:
        """Return a parameter that must be one of `words`.

        Raises:
            Refused: 51000 if it is another; 50014 if it is not given and there is no default.

        """
        text = self.text(name) or default
        if text is None:
            raise Refused("50014", name)
        if text not in words:
            raise Refused("51000", name)
        return text

    def number(self, name: str) -> Decimal | None:
        """Return a parameter as a number, None if it is not given.

        Raises:
            Refused: 51000 if it is no plain decimal number.

        """
        text = self.text(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise Refused("51000", name)
        return Decimal(text)

    def positive(self, name: str) -> Decimal:
        """Return a number that must be given and be more than zero.

        Raises:
            Refused: 50014 if it is not given, 51000 if it is not positive.

        """
        self.needed(name)
        number = self.number(name)
        if number is None or number <= 0:
            raise Refused("51000", name)
        return number

    def integer(self, name: str, *, default: int, most: int) -> int:
        """Return a positive whole parameter, `most` if it is more than that.

        Raises:
            Refused: 51000 if it is no whole number, or less than one.

        """
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and int(text[:20]) > 0):
            raise Refused("51000", name)
        return min(int(text[:20]), most)

    def flag(self, name: str) -> bool:
        """Return a boolean parameter, False if it is not given.

        Raises:
            Refused: 51000 if it is neither true nor false.

        """
        text = self.text(name)
        if text not in _FLAGS:
            raise Refused("51000", name)
        return bool(_FLAGS[text])

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """Return a parameter that must look like `pattern`, or empty text if it is not given.

        Raises:
            Refused: 51000 if it looks otherwise.

        """
        text = self.text(name)
        if text and not pattern.fullmatch(text):
            raise Refused("51000", name)
        return text
