from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import trustme
from aiohttp import web

from botkit.clock import SimClock
from botkit.errors import ConfigError, VenueBusy, VenueError, VenueRejected, VenueUnreachable
from botkit.model.duration import NS_PER_S
from botkit.venues.address import Address
from botkit.venues.api import Answer, Request, Turn
from botkit.venues.http import Http, RestClient
from botkit.venues.ratelimit import Quota, RateLimiter

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def serving(answer: Answering, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield Address("http" if tls is None else "https", "127.0.0.1", runner.addresses[0][1])
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def asking(
    address: Address, *, tls: ssl.SSLContext | None = None, deadline_s: float = 5, max_bytes: int = 1000
) -> AsyncIterator[Http]:
    http = Http(address, tls=tls, deadline_s=deadline_s, max_bytes=max_bytes)
    try:
        yield http
    finally:
        await http.close()


def _get(target: str = "/time") -> Request:
    return Request("GET", target, {})


@pytest.mark.asyncio
async def test_what_was_signed_is_what_is_sent() -> None:
    seen: list[tuple[str, str, str, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.raw_path, request.headers["X-Sign"], await request.read()))
        return web.Response(body=b"{}", status=401)

    async with serving(answer) as address, asking(address) as http:
        got = await http.send(Request("GET", "/api?ccy=BTC%2CUSDT&a=b%20c", {"X-Sign": "1"}))
        await http.send(
            Request("POST", "/api", {"X-Sign": "2", "Content-Type": "application/json"}, b'{"a": 1}')
        )

    assert got == Answer(401, b"{}")
    assert seen == [
        ("GET", "/api?ccy=BTC%2CUSDT&a=b%20c", "1", b""),
        ("POST", "/api", "2", b'{"a": 1}'),
    ]


@pytest.mark.asyncio
async def test_a_connection_is_kept_for_the_next_request_and_cookies_are_not() -> None:
    ports: list[int] = []
    cookies: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        cookies.append(request.headers.get("Cookie"))
        response = web.Response()
        response.set_cookie("session", "tracked")
        return response

    async with serving(answer) as address, asking(address) as http:
        await http.send(_get())
        await http.send(_get())

    assert ports[0] == ports[1]
    assert cookies == [None, None]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.asyncio
async def test_a_redirect_is_an_error_and_not_followed(status: int) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(answer) as address, asking(address) as http:
        with pytest.raises(VenueUnreachable, match="elsewhere"):
            await http.send(_get())

    assert asked == ["/time"]


@pytest.mark.asyncio
async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="direct")

    async with serving(answer) as address, asking(address) as http:
        assert (await http.send(_get())).body == b"direct"


@pytest.mark.asyncio
async def test_a_server_that_accepts_and_never_answers_is_unreachable() -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(answer) as address, asking(address, deadline_s=0.02) as http:
        with pytest.raises(VenueUnreachable, match="no answer in time"):
            await http.send(_get())


@pytest.mark.asyncio
async def test_an_answer_that_trickles_in_for_ever_meets_the_deadline_too() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.Event().wait()
        return response

    async with serving(answer) as address, asking(address, deadline_s=0.05) as http:
        with pytest.raises(VenueUnreachable, match="no answer in time"):
            await http.send(_get())


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "packed"])
@pytest.mark.asyncio
async def test_an_answer_too_large_is_not_taken_in(*, is_packed: bool) -> None:
    async def answer(request: web.Request) -> web.Response:
        response = web.Response(body=b"0" * 1001)
        if is_packed:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async with serving(answer) as address:
        async with asking(address) as http:
            with pytest.raises(VenueUnreachable, match="more than 1000 bytes"):
                await http.send(_get())
        async with asking(address, max_bytes=1001) as http:
            assert len((await http.send(_get())).body) == 1001


@pytest.mark.asyncio
async def test_nobody_there_is_said_in_words(nobody: Address) -> None:
    async with asking(nobody) as http:
        with pytest.raises(VenueUnreachable) as caught:
            await http.send(_get())

    assert str(caught.value) == f"cannot reach {nobody}: connection refused; is the emulator running?"


@pytest.mark.asyncio
async def test_a_connection_cut_before_the_answer_is_unreachable() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(answer) as address, asking(address) as http:
        with pytest.raises(VenueUnreachable, match="cannot reach"):
            await http.send(Request("POST", "/order", {}, b"{}"))


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.2"], ids=["its own", "another's"])
@pytest.mark.asyncio
async def test_a_certificate_must_be_the_venues(name: str) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="private")

    async with serving(answer, tls=server) as address, asking(address, tls=trust) as http:
        if name == "127.0.0.1":
            assert (await http.send(_get())).body == b"private"
        else:
            with pytest.raises(VenueUnreachable, match="certificate is refused"):
                await http.send(_get())


def test_checking_certificates_cannot_be_turned_off() -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False

    with pytest.raises(ConfigError):
        Http(Address.parse("https://openapi.okx.com"), tls=trusting)


@pytest.fixture
def nobody() -> Iterator[Address]:
    """An address that is taken, so that nobody else can begin to listen there."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield Address("http", "127.0.0.1", sock.getsockname()[1])


class Plain:
    """A dialect: a call is a path, writes begin with `/write`, the status is the code."""

    def __init__(self) -> None:
        self.signed_ns: list[int] = []

    def turn(self, call: str) -> Turn:
        return Turn(call, Quota(2, 1))

    def is_repeatable(self, call: str) -> bool:
        return not call.startswith("/write")

    def request(self, call: str, now_ns: int) -> Request:
        self.signed_ns.append(now_ns)
        return Request("GET" if self.is_repeatable(call) else "POST", call, {})

    def result(self, answer: Answer) -> bytes:
        failures: dict[int, VenueError] = {
            400: VenueRejected("no"),
            429: VenueBusy("later", retry_after_s=3.0),
            500: VenueUnreachable("?"),
        }
        if answer.status in failures:
            raise failures[answer.status]
        return answer.body


class Bench:
    """A client over a server that answers with one status after the other."""

    def __init__(self) -> None:
        self.clock = SimClock(NS_PER_S)
        self.dialect = Plain()
        self.waits: list[float] = []
        self.asked = 0

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance_to(self.clock.now_ns() + int(seconds * NS_PER_S))

    @contextlib.asynccontextmanager
    async def client(self, *statuses: int) -> AsyncIterator[RestClient[str]]:
        async def answer(request: web.Request) -> web.Response:
            status = statuses[min(self.asked, len(statuses) - 1)]
            self.asked += 1
            return web.Response(status=status, body=b"done")

        async with serving(answer) as address, asking(address) as http:
            limiter = RateLimiter(share=1)
            yield RestClient(http, self.dialect, limiter, self.clock, sleep=self.sleep)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.asyncio
async def test_an_answer_is_given_in_the_dialect(bench: Bench) -> None:
    async with bench.client(200) as client:
        assert await client.ask("/read") == b"done"

    assert bench.waits == []


@pytest.mark.parametrize("status", [429, 500], ids=["busy", "unreachable"])
@pytest.mark.asyncio
async def test_a_read_is_asked_again_until_it_is_answered(bench: Bench, status: int) -> None:
    async with bench.client(status, status, 200) as client:
        assert await client.ask("/read") == b"done"

    assert bench.asked == 3
    assert bench.waits[:2] == ([3.0, 3.0] if status == 429 else [0.5, 1.0])


@pytest.mark.asyncio
async def test_a_read_is_given_up_after_three_tries(bench: Bench) -> None:
    async with bench.client(500) as client:
        with pytest.raises(VenueUnreachable):
            await client.ask("/read")

    assert bench.asked == 3


@pytest.mark.asyncio
async def test_a_refusal_is_final(bench: Bench) -> None:
    async with bench.client(400) as client:
        with pytest.raises(VenueRejected):
            await client.ask("/read")

    assert bench.asked == 1


@pytest.mark.parametrize(
    ("status", "error"), [(429, VenueBusy), (500, VenueUnreachable)], ids=["busy", "unreachable"]
)
@pytest.mark.asyncio
async def test_a_write_is_never_sent_twice(bench: Bench, status: int, error: type[VenueError]) -> None:
    async with bench.client(status, 200) as client:
        with pytest.raises(error):
            await client.ask("/write")

    assert bench.asked == 1


@pytest.mark.asyncio
async def test_a_write_to_nobody_is_not_sent_twice(bench: Bench, nobody: Address) -> None:
    async with asking(nobody) as http:
        client = RestClient(http, bench.dialect, RateLimiter(), bench.clock, sleep=bench.sleep)
        with pytest.raises(VenueUnreachable):
            await client.ask("/write")

    assert bench.waits == []


@pytest.mark.asyncio
async def test_signing_comes_after_waiting_for_the_turn(bench: Bench) -> None:
    async with bench.client(200) as client:
        for _ in range(3):
            await client.ask("/read")

    assert bench.waits == [1.0]
    assert bench.dialect.signed_ns == [NS_PER_S, NS_PER_S, 2 * NS_PER_S]


@pytest.mark.asyncio
async def test_when_the_venue_says_later_nobody_else_asks_meanwhile(bench: Bench) -> None:
    async with bench.client(429, 200) as client:
        with pytest.raises(VenueBusy):
            await client.ask("/write")
        with pytest.raises(VenueBusy, match="too many requests for /write"):
            await client.ask("/write")

    assert bench.asked == 1


@pytest.mark.asyncio
async def test_other_questions_do_not_wait_for_it(bench: Bench) -> None:
    async with bench.client(429, 200) as client:
        with pytest.raises(VenueBusy):
            await client.ask("/write/order")
        await client.ask("/write/cancel")

    assert bench.asked == 2
