"""Secrets as a type that does not print, copy, compare or encode. Pure: `secret_sources` reads them.

A list of words to redact goes stale; a type does not. Wherever a `Secret` ends
up by mistake, in a log line, a traceback, a dump of the configuration, it shows
`Secret(***)`. What only signing may do, `reveal()`, is one word to search for.
"""

from __future__ import annotations

from typing import Final, NoReturn

import msgspec

from botkit.errors import SecretError

__all__ = ["Credentials", "Secret"]

_SHOWN: Final = "Secret(***)"


class Secret:
    """A key, a passphrase: something that leaves this process only as part of a signed request."""

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        if not value:
            raise SecretError("the secret is empty")
        self._value = value.encode() if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        """Return the secret itself. Only what signs or logs in may call this."""
        return self._value

    def __repr__(self) -> str:
        return _SHOWN

    def __format__(self, spec: str) -> str:
        return _SHOWN

    # Comparing tells how much of a guess was right, and hashing compares.
    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a Secret is not compared")

    def __hash__(self) -> NoReturn:
        raise TypeError("a Secret is not hashed")

    # copy, pickle and multiprocessing all come through here.
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not copied or stored")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not copied or stored")

    def __init_subclass__(cls) -> None:
        raise TypeError("Secret is sealed: it has no subclasses")


class Credentials(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a venue needs to know who asks.

    Attributes:
        key: The API key's name at the venue.
        secret: What requests are signed with.
        passphrase: What the key was made with; the venue wants it in the clear with every request.

    """

    key: Secret
    secret: Secret
    passphrase: Secret
