"""OKX request signatures. Pure: the caller brings the time.

The signer signs only what `endpoints` lists. It never gives its secret away:
not in its repr, not by being copied or stored.

Source: https://www.okx.com/docs-v5/en/#overview-rest-authentication
"""

from __future__ import annotations

import hmac
from binascii import b2a_base64
from datetime import UTC, datetime

from botkit.errors import InvariantError
from botkit.model.duration import NS_PER_MS
from botkit.venues.okx.endpoints import Endpoint, check_target

__all__ = ["Signer", "timestamp"]


class Signer:
    """Signs for one API key."""

    __slots__ = ("_key", "_keyed", "_passphrase")

    def __init__(self, key: str, secret: bytes, passphrase: str) -> None:
        """Keep the key; of the secret only its keyed hash state stays, copied for each request."""
        self._key = key
        self._keyed = hmac.new(secret, digestmod="sha256")
        self._passphrase = passphrase

    def __repr__(self) -> str:
        return "<Signer ***>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Signer is not copied or stored")

    def rest_headers(self, endpoint: Endpoint, target: str, body: bytes, timestamp: str) -> dict[str, str]:
        """Return the headers that authenticate a request.

        Args:
            endpoint: What is asked.
            target: Path and query, exactly as they will be sent, from `endpoints.target`.
            body: The bytes that will be sent; empty for a GET.
            timestamp: The venue's time, from `timestamp`; valid for 30 seconds.

        Raises:
            InvariantError: If this is not a request of the table.

        """
        check_target(endpoint, target)
        if body and endpoint.method == "GET":
            raise InvariantError(f"GET {endpoint.path} has no body")
        signature = self._sign(f"{timestamp}{endpoint.method}{target}".encode() + body)
        return {
            "OK-ACCESS-KEY": self._key,
            "OK-ACCESS-SIGN": signature,
            "OK-ACCESS-TIMESTAMP": timestamp,
            "OK-ACCESS-PASSPHRASE": self._passphrase,
        }

    def login_args(self, epoch_s: int) -> dict[str, str]:
        """Return the argument of a WebSocket login at this second of the venue's time; valid for 30 s."""
        return {
            "apiKey": self._key,
            "passphrase": self._passphrase,
            "timestamp": str(epoch_s),
            "sign": self._sign(f"{epoch_s}GET/users/self/verify".encode()),
        }

    def _sign(self, prehash: bytes) -> str:
        keyed = self._keyed.copy()
        keyed.update(prehash)
        return b2a_base64(keyed.digest(), newline=False).decode()


def timestamp(now_ns: int) -> str:
    """Return a time as REST requests carry it, such as `2026-11-20T12:34:56.789Z`."""
    seconds, ms = divmod(now_ns // NS_PER_MS, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"
