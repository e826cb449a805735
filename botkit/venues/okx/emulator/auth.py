"""Who is calling, and may they: the checks of a signed request and of a WebSocket login.

They are made over the target and the body exactly as they came in, in the order
in which the exchange shows its codes: headers, timestamp, key, environment,
address, passphrase, signature, permission.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from botkit.model.duration import NS_PER_MS, NS_PER_S
from botkit.venues.okx.emulator.accounts import Accounts, Key, User
from botkit.venues.okx.emulator.answers import Refused

__all__ = ["Caller", "SignedRequest", "authenticate", "log_in", "sign"]

_TOLERANCE_NS: Final = 30 * NS_PER_S
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_HEADERS: Final = (
    ("OK-ACCESS-KEY", "50103"),
    ("OK-ACCESS-PASSPHRASE", "50104"),
    ("OK-ACCESS-SIGN", "50106"),
    ("OK-ACCESS-TIMESTAMP", "50107"),
)


class Caller(msgspec.Struct, frozen=True):
    """Somebody who has shown who he is."""

    user: User
    key: Key


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A REST request as it came off the wire.

    Attributes:
        target: Path and query, not decoded.
        headers: Found whatever their case.
        address: Where it came from.

    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    address: str


def sign(secret: str, prehash: bytes) -> str:
    """Return the base64 HMAC-SHA256 of `prehash`."""
    return base64.b64encode(hmac.digest(secret.encode(), prehash, "sha256")).decode()


def authenticate(request: SignedRequest, accounts: Accounts, now_ns: int) -> Caller:
    """Return who signed a request.

    Raises:
        Refused: With one of the codes 501xx.

    """
    headers = request.headers
    for name, code in _HEADERS:
        if not headers.get(name):
            raise Refused(code)
    timestamp = headers["OK-ACCESS-TIMESTAMP"]
    _check_age(_iso_ns(timestamp), now_ns, "50102")
    found = accounts.find(headers["OK-ACCESS-KEY"])
    if found is None:
        raise Refused("50119")
    user, key = found
    # All keys are of the live environment; 1 asks for the demo one.
    if headers.get("x-simulated-trading", "0") != "0":
        raise Refused("50101")
    if not key.allows_from(request.address):
        raise Refused("50110", request.address)
    if not hmac.compare_digest(headers["OK-ACCESS-PASSPHRASE"].encode(), key.passphrase.encode()):
        raise Refused("50105")
    prehash = f"{timestamp}{request.method}{request.target}".encode() + request.body
    if not hmac.compare_digest(headers["OK-ACCESS-SIGN"].encode(), sign(key.secret, prehash).encode()):
        raise Refused("50113")
    return Caller(user, key)


def log_in(args: object, accounts: Accounts, address: str, now_ns: int) -> Caller:
    """Return who logs in with the `args` of a WebSocket `login`.

    Raises:
        Refused: With one of the codes 600xx, or 50110.

    """
    match args:
        # Clients send the timestamp as text or as a number; it is signed as text.
        case [
            {
                "apiKey": str(api_key),
                "passphrase": str(phrase),
                "timestamp": str() | int() as at,
                "sign": str(mac),
            }
        ]:
            timestamp = str(at)
        case _:
            raise Refused("60009")
    if not api_key:
        raise Refused("60005")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) == 10):
        raise Refused("60004")
    _check_age(int(timestamp) * NS_PER_S, now_ns, "60006")
    found = accounts.find(api_key)
    if found is None:
        raise Refused("60032")
    user, key = found
    if not key.allows_from(address):
        raise Refused("50110", address)
    if not hmac.compare_digest(phrase.encode(), key.passphrase.encode()):
        raise Refused("60024")
    prehash = f"{timestamp}GET/users/self/verify".encode()
    if not hmac.compare_digest(mac.encode(), sign(key.secret, prehash).encode()):
        raise Refused("60007")
    return Caller(user, key)


def _iso_ns(timestamp: str) -> int:
    if not _ISO.fullmatch(timestamp):
        raise Refused("50112")
    try:
        moment = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:  # the thirtieth of February
        raise Refused("50112") from None
    return (moment - _EPOCH) // timedelta(milliseconds=1) * NS_PER_MS


def _check_age(stamp_ns: int, now_ns: int, code: str) -> None:
    if abs(now_ns - stamp_ns) > _TOLERANCE_NS:
        raise Refused(code)
