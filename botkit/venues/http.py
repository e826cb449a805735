"""The one REST shell: waits for its turn, sends, and says what came back, for any venue.

    RestClient.ask   turn ─► Dialect.request (signs) ─► Http.send ─► Dialect.result
                      ▲                                                   │
                      └────── later, or no answer; only if repeatable ────┘

`Http` knows one host and nothing of venues. A `Dialect` is pure code that knows
how one venue writes requests and reads answers. Signing comes after waiting, so
that no signature grows old in a queue.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import aiohttp
from yarl import URL

from botkit.clock import Clock
from botkit.errors import VenueBusy, VenueUnreachable
from botkit.model.duration import NS_PER_S
from botkit.venues.address import Address
from botkit.venues.api import Answer, Dialect, Request
from botkit.venues.ratelimit import RateLimiter
from botkit.venues.transport import checked_tls, why_unreachable

__all__ = ["Http", "RestClient"]

_DEADLINE_S: Final = 5.0
_MAX_BYTES: Final = 16 * 1024 * 1024
_KEEP_ALIVE_S: Final = 60.0
_TRIES: Final = 3
_BACKOFF_S: Final = 0.25

CallT = TypeVar("CallT")


class Http:
    """One host, and the connections kept open to it.

    Redirects are not followed, proxies of the environment not used, cookies not
    kept, and certificates always checked.
    """

    def __init__(
        self,
        address: Address,
        *,
        tls: ssl.SSLContext | None = None,
        deadline_s: float = _DEADLINE_S,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        """Store what it works with.

        Args:
            address: The only host that is ever asked.
            tls: Whom to trust; None for those the machine trusts.
            deadline_s: For a request as a whole, in seconds.
            max_bytes: Largest body taken in, after decompression.

        Raises:
            ConfigError: If `tls` does not check certificates and host names.

        """
        self.address = address
        self._tls = checked_tls(tls)
        self._deadline = aiohttp.ClientTimeout(total=deadline_s)
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, request: Request) -> Answer:
        """Send a request, once; return what came back.

        Raises:
            VenueUnreachable: If nothing did, or not in time, or too much, or a redirect.

        """
        try:
            return await self._exchange(request)
        except (aiohttp.ClientError, OSError) as error:
            raise VenueUnreachable(why_unreachable(self.address, _cause(error))) from error

    async def _exchange(self, request: Request) -> Answer:
        # What was signed is what is sent: yarl must not encode it once more.
        url = URL(f"{self.address}{request.target}", encoded=True)
        async with self._open().request(
            request.method,
            url,
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            if 300 <= response.status < 400:
                raise VenueUnreachable(
                    f"{self.address} sends us elsewhere (HTTP {response.status}); not followed"
                )
            return Answer(response.status, await self._body(response))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_bytes:
                raise VenueUnreachable(f"{self.address} answered with more than {self._max_bytes} bytes")
        return bytes(body)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, keepalive_timeout=_KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "botkit", "Accept": "application/json"},
                timeout=self._deadline,
                trust_env=False,
            )
        return self._session


class RestClient(Generic[CallT]):
    """Asks a venue in its dialect, no more often than it allows."""

    def __init__(
        self,
        http: Http,
        dialect: Dialect[CallT],
        limiter: RateLimiter,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._dialect = dialect
        self._limiter = limiter
        self._clock = clock
        self._sleep = sleep

    async def ask(self, call: CallT) -> bytes:
        """Return the venue's answer; ask again, a bounded number of times, where that is harmless.

        Raises:
            VenueRejected: It said no.
            VenueBusy: It said later, or our own count of requests did.
            VenueUnreachable: It said nothing that could be understood.
            LoginRefused: It does not accept the key, or our clock.

        """
        tries = _TRIES if self._dialect.is_repeatable(call) else 1
        for failures in range(1, tries):
            try:
                return await self._ask_once(call)
            except VenueBusy as error:
                await self._sleep(error.retry_after_s)
            except VenueUnreachable:
                await self._sleep(_BACKOFF_S * 2**failures)
        return await self._ask_once(call)

    async def _ask_once(self, call: CallT) -> bytes:
        turn = self._dialect.turn(call)
        wait_ns = self._limiter.acquire(turn.key, turn.quota, self._clock.now_ns(), turn.cost)
        if wait_ns:
            await self._sleep(wait_ns / NS_PER_S)
        answer = await self._http.send(self._dialect.request(call, self._clock.now_ns()))
        try:
            return self._dialect.result(answer)
        except VenueBusy as error:
            until_ns = self._clock.now_ns() + int(error.retry_after_s * NS_PER_S)
            self._limiter.hold(turn.key, turn.quota, until_ns)
            raise


def _cause(error: Exception) -> Exception:
    """Return what the operating system said beneath aiohttp's own words."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error
    return error
