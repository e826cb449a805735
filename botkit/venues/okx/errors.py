"""What OKX's codes mean for a client: done, refused, later, unknown, or not with this key.

A code that nobody has documented is taken as unknown: its order is looked up
before anything is concluded.

Source: https://www.okx.com/docs-v5/en/#error-code, as of 2026-08-22.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from botkit.errors import LoginRefused, VenueBusy, VenueError, VenueRejected, VenueUnreachable

__all__ = ["CLOCK_CODES", "LOGIN_AGAIN_CODES", "Verdict", "failure", "remedy", "verdict"]


class Verdict(Enum):
    """What a code says about the request it answers.

    REFUSED, LATER and UNAUTHORIZED all mean that nothing was done. UNKNOWN means
    that something may have been.
    """

    DONE = "done"
    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"
    UNAUTHORIZED = "unauthorized"


CLOCK_CODES: Final = frozenset({"50102", "60004", "60006"})
"""Our clock is not the venue's: ask for its time, then try once more."""

LOGIN_AGAIN_CODES: Final = CLOCK_CODES | {"60009", "60014", "60023", "63999"}
"""A login that failed with one of these may succeed next time; with any other it never will."""

_UNKNOWN: Final = frozenset(
    {
        "50001",  # service unavailable: the answer of a gateway, not of the matching engine
        "50004",  # timed out
        "50013",  # busy; OKX does not say whether before or after
        "50026",  # system error
        "51054",  # timed out
        "51149",  # order timed out
        "51412",  # cancel timed out
        "64007",  # internal error of the socket service
    }
)

_LATER: Final = frozenset(
    {
        "50011", "50017", "50018", "50019", "50020", "50021", "50022", "50023", "50040", "50046", "50061",
        "50064", "51021", "51022", "51025", "51028", "51029", "51030", "51032", "51038", "51102", "51103",
        "51109", "51113", "51117", "51140", "51142", "51174", "51404", "51508", "51513", "54008", "54012",
        "54031", "54047", "54048", "54049", "54094", "60014", "60023", "63999", "64008",
    }
)  # fmt: skip

_UNAUTHORIZED: Final = frozenset(
    {
        "50035", "50100", "50101", "50102", "50103", "50104", "50105", "50106", "50107", "50108", "50109",
        "50110", "50111", "50112", "50113", "50114", "50118", "50119", "50120", "50121", "60004", "60005",
        "60006", "60007", "60009", "60024", "60032",
    }
)  # fmt: skip

_FAMILIES: Final = frozenset({"50", "51", "54", "58", "59", "60", "64"})

_REMEDIES: Final = {
    "50035": "Bind the key to this machine's IP address at OKX.",
    "50100": "OKX has frozen the use of its API for this account; ask its support.",
    "50101": "The key belongs to the other environment: demo keys and live keys open only their own.",
    "50102": "This machine's clock is more than 30 seconds off; set it by NTP.",
    "50105": "The passphrase is wrong: it is the one chosen when the key was made, and its case counts.",
    "50108": "The broker id is not known at OKX.",
    "50109": "This host is not known at OKX; use the one of the site where the account was opened.",
    "50110": "The key is bound to other IP addresses; add this machine's address to the key at OKX.",
    "50111": "The API key is not valid; copy it again from OKX.",
    "50112": "This machine's clock gives a time that OKX cannot read; set it by NTP.",
    "50113": "The signature is wrong: copy the secret again from OKX, without blanks around it.",
    "50114": "The key's authorization is not valid any more; make a new one.",
    "50118": "The broker's app must share its IP addresses with OKX.",
    "50119": (
        "OKX does not know the key: use the host of the site where the account was opened (global, EEA, US), "
        "and check that the key was not deleted; unused ones without an IP binding are, after 14 days."
    ),
    "50120": "The key lacks a permission; make one with Read and Trade, and nothing else.",
    "50121": "OKX does not serve this IP address or country.",
}
_LOGIN_REMEDIES: Final = {
    "60004": _REMEDIES["50112"],
    "60005": _REMEDIES["50111"],
    "60006": _REMEDIES["50102"],
    "60007": _REMEDIES["50113"],
    "60009": "Check key, secret and passphrase, and that the host is the one of the account's own site.",
    "60024": _REMEDIES["50105"],
    "60032": _REMEDIES["50119"],
    "60033": "OKX does not understand the login; report it with the log.",
}


def verdict(code: str) -> Verdict:
    """Return what a code means, at the top of an answer or of one order in it."""
    if code == "0":
        return Verdict.DONE
    if code in _UNKNOWN:
        return Verdict.UNKNOWN
    if code in _LATER:
        return Verdict.LATER
    if code in _UNAUTHORIZED:
        return Verdict.UNAUTHORIZED
    return Verdict.REFUSED if len(code) == 5 and code[:2] in _FAMILIES else Verdict.UNKNOWN


def remedy(code: str) -> str:
    """Return what the operator can do about a code, empty if nothing is known."""
    return _REMEDIES.get(code) or _LOGIN_REMEDIES.get(code, "")


def failure(code: str, message: str) -> VenueError:
    """Return the error that a code other than 0 amounts to, for the caller to raise."""
    match verdict(code):
        case Verdict.UNAUTHORIZED:
            return LoginRefused(message, code=code, remedy=remedy(code))
        case Verdict.LATER:
            return VenueBusy(message, code=code)
        case Verdict.REFUSED:
            return VenueRejected(message, code=code)
        case Verdict.UNKNOWN | Verdict.DONE:
            return VenueUnreachable(message, code=code)
