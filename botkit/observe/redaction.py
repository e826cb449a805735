"""What must not be written down is taken out of a record before it is.

A `Secret` prints `Secret(***)` by itself and needs no help. This is the second
line, for secrets that are plain text by the time they get here, in a header, a
frame or the text of somebody else's exception.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["REDACTED", "redacted"]

REDACTED: Final = "***"

_NAMES: Final = frozenset(
    {
        "apikey",
        "api_key",
        "authorization",
        "password",
        "passphrase",
        "secret",
        "secret_key",
        "sign",
        "signature",
    }
)
_HEADERS: Final = "ok-access-"
_IN_TEXT: Final = re.compile(
    r"""(?ix)
    (?P<name>
        ["']? \b
        (?: ok-access-(?:key|sign|passphrase) | api_?key | passphrase | secret(?:_key)? | sign )
        ["']? \s* [:=] \s*
    )
    (?: "[^"]*" | '[^']*' | [^\s,;&}"')]+ )
    """
)


def redacted(value: object, name: str = "") -> object:
    """Return the value without what its name, or the text itself, says is secret."""
    if _is_secret(name):
        return REDACTED
    match value:
        case str():
            return _IN_TEXT.sub(rf"\g<name>{REDACTED}", value)
        case Mapping():
            return {key: redacted(item, str(key)) for key, item in value.items()}
        case list() | tuple():
            return [redacted(item) for item in value]
        case msgspec.Struct():
            return {field: redacted(getattr(value, field), field) for field in value.__struct_fields__}
        case _:
            return value


def _is_secret(name: str) -> bool:
    name = name.lower()
    return name in _NAMES or name.startswith(_HEADERS)
