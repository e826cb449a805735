"""How logging in to OKX has gone so far, over all connections of one account."""

from __future__ import annotations

from typing import Final

from botkit.errors import BotkitError, LoginRefused, ProtocolError
from botkit.venues.okx.errors import CLOCK_CODES, LOGIN_AGAIN_CODES, remedy

__all__ = ["Logins"]

# How often in a row a login may fail with a code before it is taken to be final.
_PATIENCE: Final = {**dict.fromkeys(CLOCK_CODES, 3), "60009": 2}


class Logins:
    """Tells a login that may yet succeed from one that never will.

    Attributes:
        needs_time: OKX says that our clock is wrong: ask for its time before the next login.

    """

    def __init__(self) -> None:
        self.needs_time = False
        self._failures: dict[str, int] = {}

    def accept(self) -> None:
        """Take in that a login succeeded."""
        self.needs_time = False
        self._failures.clear()

    def refuse(self, code: str, message: str) -> BotkitError:
        """Take in that a login failed; return what to raise: `LoginRefused` if trying again is of no use."""
        failures = self._failures[code] = self._failures.get(code, 0) + 1
        self.needs_time = code in CLOCK_CODES
        if code not in LOGIN_AGAIN_CODES or failures >= _PATIENCE.get(code, failures + 1):
            return LoginRefused(message, code=code, remedy=remedy(code))
        return ProtocolError(f"the login failed: {message} ({code})")
