"""How OKX's REST interface is spoken: signed requests out, an envelope with a code back.

The code counts before the HTTP status, which OKX uses loosely. Answers to writes
hold a code for each item, and are for whoever sent the items to judge: 1 and 2
at the top say no more than that some of them failed.

Source: https://www.okx.com/docs-v5/en/#overview-rest-authentication
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from botkit.errors import InvariantError, ProtocolError, VenueBusy, VenueUnreachable
from botkit.venues.api import Answer, Request, Turn
from botkit.venues.okx import wire
from botkit.venues.okx.endpoints import Endpoint, quota_key, target
from botkit.venues.okx.errors import failure
from botkit.venues.okx.signing import Signer, timestamp
from botkit.venues.okx.skew import Skew

__all__ = ["Call", "OkxDialect"]

_ITEMS: Final = frozenset({"1", "2"})
_NO_ROWS: Final = b"[]"


class Call(msgspec.Struct, frozen=True):
    """A question to OKX, or an instruction.

    Attributes:
        endpoint: Which one.
        params: Of the query, in order.
        body: Of a POST, as it will be sent.
        about: The instrument or the type of instruments, where OKX counts by it.

    """

    endpoint: Endpoint
    params: Mapping[str, str] = {}
    body: bytes = b""
    about: str = ""


class OkxDialect:
    """Speaks for one key, or for nobody."""

    def __init__(self, signer: Signer | None, skew: Skew, headers: Mapping[str, str]) -> None:
        """Store what it works with.

        Args:
            signer: Of the key; None to ask public questions only.
            skew: Signatures carry the venue's time.
            headers: Of every request, from `Hosts`.

        """
        self._signer = signer
        self._skew = skew
        self._headers = headers

    def turn(self, call: Call) -> Turn:
        """Return what the call counts against."""
        return Turn(quota_key(call.endpoint, call.about), call.endpoint.quota)

    def is_repeatable(self, call: Call) -> bool:
        """Tell whether asking twice does no more than asking once."""
        return call.endpoint.is_idempotent

    def request(self, call: Call, now_ns: int) -> Request:
        """Return the request, signed for this moment of our clock.

        Raises:
            InvariantError: If it needs a key and there is none.

        """
        endpoint = call.endpoint
        text = target(endpoint, call.params)
        headers = dict(self._headers)
        if call.body:
            headers["Content-Type"] = "application/json"
        if endpoint.is_signed:
            if self._signer is None:
                raise InvariantError(f"{endpoint.name} asks for a key, and there is none")
            moment = timestamp(self._skew.venue_ns(now_ns))
            headers |= self._signer.rest_headers(endpoint, text, call.body, moment)
        return Request(endpoint.method, text, headers, call.body)

    def result(self, answer: Answer) -> bytes:
        """Return the rows of an answer.

        Raises:
            VenueRejected: OKX refused.
            VenueBusy: OKX said later.
            VenueUnreachable: OKX said nothing that could be understood, or that it does not know.
            LoginRefused: OKX does not accept the key, or our clock.

        """
        try:
            reply = wire.decode(answer.body, _REPLY)
        except ProtocolError as error:
            if answer.status == 429:
                raise VenueBusy("too many requests (HTTP 429)") from error
            raise VenueUnreachable(f"an answer that is not OKX's (HTTP {answer.status})") from error
        code, rows = str(reply.code), bytes(reply.data)
        if code == "0" or (code in _ITEMS and rows != _NO_ROWS):
            return rows
        raise failure(code, reply.msg or f"HTTP {answer.status}, without a word")


_REPLY: Final = wire.decoder(wire.Reply)
