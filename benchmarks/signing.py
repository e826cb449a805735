"""What a signature costs, beside the plainest way to make one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import timeit

from botkit.venues.okx.endpoints import Endpoint, target
from botkit.venues.okx.signing import Signer

__all__ = ["microseconds"]

_SECRET = b"FAKE-SECRET-OF-A-BENCHMARK"
_STAMP = "2026-11-20T12:34:56.789Z"
_BODY = b'{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"1","px":"60000.1"}'
_CALLS = 20_000


def microseconds() -> tuple[float, float]:
    """Return what botkit's REST headers cost, and what `hmac.new` alone costs, in microseconds."""
    signer = Signer("fake-key", _SECRET, "fake-passphrase")
    path = target(Endpoint.PLACE)
    prehash = f"{_STAMP}POST{path}".encode() + _BODY
    ours = min(
        timeit.repeat(
            lambda: signer.rest_headers(Endpoint.PLACE, path, _BODY, _STAMP), number=_CALLS, repeat=5
        )
    )
    plain = min(
        timeit.repeat(
            lambda: base64.b64encode(hmac.new(_SECRET, prehash, hashlib.sha256).digest()),
            number=_CALLS,
            repeat=5,
        )
    )
    return ours / _CALLS * 1e6, plain / _CALLS * 1e6
