from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from botkit.clock import Clock, SimClock, WallClock
from botkit.errors import LoginRefused, ProtocolError, VenueUnreachable
from botkit.model.duration import NS_PER_S
from botkit.model.events import AnyEvent, ConnectionChanged, Timer
from botkit.venues.address import Address
from botkit.venues.dialer import Dialer
from botkit.venues.link import Link


class Script:
    """A session that says `hello`, is ready at the first frame, and tells frames on as timers."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.outbox: list[bytes] = []
        self.fails_on: dict[bytes, Exception] = {}
        self.ticks = 0

    def start(self, now_ns: int) -> None:
        if b"start" in self.fails_on:
            raise self.fails_on[b"start"]
        self.outbox.append(b"hello")

    def receive(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        assert type(frame) is bytes
        self.frames.append(frame)
        if frame in self.fails_on:
            raise self.fails_on[frame]
        return [_told(frame.decode(), now_ns)]

    def tick(self, now_ns: int) -> Sequence[AnyEvent]:
        self.ticks += 1
        if b"tick" in self.fails_on:
            raise self.fails_on[b"tick"]
        return [_told("tick", now_ns)] if b"tell ticks" in self.frames else []

    def end(self, now_ns: int) -> Sequence[AnyEvent]:
        return [_told("end", now_ns)]

    def frames_to_send(self) -> list[bytes]:
        frames, self.outbox = self.outbox, []
        return frames

    def is_ready(self) -> bool:
        return bool(self.frames)


def _told(name: str, now_ns: int) -> Timer:
    return Timer(recv_ns=now_ns, strategy="", name=name, due_ns=0)


class Sink:
    """Takes events down as words, and lets a test wait for one."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.reasons: list[str] = []
        self.then: Callable[[str], None] = lambda word: None
        self._heard = asyncio.Event()

    def __call__(self, event: AnyEvent) -> None:
        if isinstance(event, ConnectionChanged):
            word = f"{event.feed} {'up' if event.is_up else 'down'}"
            self.reasons.append(event.reason)
        else:
            assert isinstance(event, Timer)
            word = event.name
        self.words.append(word)
        self._heard.set()
        self.then(word)

    async def hear(self, word: str, times: int = 1) -> None:
        while self.words.count(word) < times:
            self._heard.clear()
            await self._heard.wait()


Talk = Callable[[ServerConnection], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    async with serve(talk, "127.0.0.1", 0, ssl=tls) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Address("ws" if tls is None else "wss", "127.0.0.1", port, "/ws/v5/public")


class Bench:
    """A link with what it needs, run beside a test."""

    def __init__(self, **options: Any) -> None:
        self.sink = Sink()
        self.sessions: list[Script] = []
        self.fails_on: dict[bytes, Exception] = {}
        self.not_yet: list[Exception] = []
        self.clock: Clock = WallClock()
        self.dialer = Dialer(self.clock, lambda: 0.0, per_second=1000)
        self.options = options

    async def session(self) -> Script:
        if self.not_yet:
            raise self.not_yet.pop(0)
        session = Script()
        session.fails_on = self.fails_on
        self.sessions.append(session)
        return session

    def link(self, address: Address) -> Link[Script]:
        return Link(
            "public", address, self.session, self.sink, clock=self.clock, dialer=self.dialer, **self.options
        )

    @contextlib.asynccontextmanager
    async def running(self, address: Address) -> AsyncIterator[Link[Script]]:
        link = self.link(address)
        task = asyncio.create_task(link.run())
        try:
            yield link
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def _stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


def _saying(*frames: str | bytes) -> Talk:
    async def talk(connection: ServerConnection) -> None:
        for frame in frames:
            await connection.send(frame)
        await connection.wait_closed()

    return talk


@pytest.mark.asyncio
async def test_the_session_speaks_first_and_is_up_when_it_says_so(bench: Bench) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def talk(connection: ServerConnection) -> None:
        heard.set_result(await connection.recv())
        await connection.send("news")
        await connection.wait_closed()

    async with serving(talk) as address, bench.running(address) as link:
        assert await heard == "hello"
        await bench.sink.hear("public up")
        assert link.ready is bench.sessions[0]

    assert bench.sink.words == ["news", "public up"]
    assert link.ready is None


class Tape(asyncio.Transport):
    """A transport that takes down, beside what the sink hears, what is written."""

    def __init__(self, sink: Sink, *, greets_with: bytes = b"", in_pieces_of: int = 1 << 20) -> None:
        super().__init__()
        self._sink = sink
        self._greeting = greets_with
        self._piece = in_pieces_of
        self._server = ServerProtocol()
        self.protocol: asyncio.Protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing: nothing is ever buffered."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._server.receive_data(bytes(data))
        for event in self._server.events_received():
            if isinstance(event, Request):
                self._server.send_response(self._server.accept(event))
                if self._greeting:
                    self._server.send_text(self._greeting)
                said = b"".join(self._server.data_to_send())
                for start in range(0, len(said), self._piece):
                    self.protocol.data_received(said[start : start + self._piece])
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._sink.words.append(f"wrote {bytes(event.data).decode()}")

    def say(self, *frames: bytes) -> None:
        """Bring several frames with one read."""
        for frame in frames:
            self._server.send_text(frame)
        self.protocol.data_received(b"".join(self._server.data_to_send()))

    def abort(self) -> None:
        self.protocol.connection_lost(None)


class TapeDialer(Dialer):
    def __init__(self, tape: Tape) -> None:
        super().__init__(SimClock(), lambda: 0.0)
        self.done = asyncio.Event()
        self._tape = tape

    async def dial(self, address: Address, protocol: asyncio.Protocol) -> None:
        self._tape.protocol = protocol
        protocol.connection_made(self._tape)
        self.done.set()


@pytest.mark.asyncio
async def test_an_order_is_written_before_the_next_frame_is_looked_at(bench: Bench) -> None:
    tape = Tape(bench.sink)
    bench.dialer = dialer = TapeDialer(tape)
    async with bench.running(Address.parse("ws://127.0.0.1:1")) as link:
        await dialer.done.wait()

        def order(word: str) -> None:
            if word.startswith("news"):
                # What a venue does from within the sink.
                bench.sessions[0].outbox.append(b"order on " + word.encode())
                link.flush()
                bench.sink.words.append("sent")

        bench.sink.then = order
        tape.say(b"news 1", b"news 2")

        assert bench.sink.words == [
            "wrote hello",
            "news 1",
            "wrote order on news 1",
            "sent",
            "public up",
            "news 2",
            "wrote order on news 2",
            "sent",
        ]


@pytest.mark.asyncio
async def test_what_a_session_answers_is_written_before_the_next_frame_is_looked_at(bench: Bench) -> None:
    tape = Tape(bench.sink)
    bench.dialer = dialer = TapeDialer(tape)
    async with bench.running(Address.parse("ws://127.0.0.1:1")):
        await dialer.done.wait()
        bench.sink.then = lambda word: bench.sessions[0].outbox.append(b"answer") if word == "news" else None
        tape.say(b"news", b"more")

        assert bench.sink.words == ["wrote hello", "news", "wrote answer", "public up", "more"]


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 150, 1 << 20])
@pytest.mark.asyncio
async def test_a_handshake_in_pieces_loses_nothing_of_what_comes_behind_it(bench: Bench, piece: int) -> None:
    tape = Tape(bench.sink, greets_with=b"news", in_pieces_of=piece)
    bench.dialer = dialer = TapeDialer(tape)
    async with bench.running(Address.parse("ws://127.0.0.1:1")):
        await dialer.done.wait()

        assert bench.sink.words == ["wrote hello", "news", "public up"]


@pytest.mark.asyncio
async def test_frames_that_come_in_pieces_are_put_together(bench: Bench) -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send(["in ", "three ", "pieces"])
        await connection.send("x" * 2_000_000)
        await connection.send("last")
        await connection.wait_closed()

    async with serving(talk) as address, bench.running(address):
        await bench.sink.hear("last")

    assert [len(frame) for frame in bench.sessions[0].frames] == [15, 2_000_000, 4]
    assert bench.sessions[0].frames[0] == b"in three pieces"


@pytest.mark.asyncio
async def test_a_control_ping_is_answered_and_told_nobody(bench: Bench) -> None:
    answered = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        await (await connection.ping())
        answered.set()
        await connection.wait_closed()

    async with serving(talk) as address, bench.running(address):
        await answered.wait()

    assert bench.sessions[0].frames == []


@pytest.mark.asyncio
async def test_compression_is_not_offered(bench: Bench) -> None:
    offers: list[str | None] = []

    async def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        offers.append(connection.request.headers.get("Sec-WebSocket-Extensions"))
        assert connection.request.path == "/ws/v5/public"
        await connection.send("news")
        await connection.wait_closed()

    async with serving(talk) as address, bench.running(address):
        await bench.sink.hear("public up")

    assert offers == [None]


@pytest.mark.asyncio
async def test_a_lost_socket_is_told_with_what_was_under_way_and_dialed_again(bench: Bench) -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send("news")
        connection.transport.abort()

    async with serving(talk) as address, bench.running(address):
        await bench.sink.hear("public up", times=2)

    assert bench.sink.words[:6] == ["news", "public up", "public down", "end", "news", "public up"]
    assert len(bench.sessions) >= 2


@pytest.mark.asyncio
async def test_the_venues_close_code_is_in_the_reason(bench: Bench) -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send("news")
        await connection.close(4004, "No data received in 30s.")

    async with serving(talk) as address, bench.running(address):
        await bench.sink.hear("public down")

    assert bench.sink.reasons[1] == "the venue closed the connection with code 4004: No data received in 30s."


@pytest.mark.asyncio
async def test_a_final_close_code_ends_the_link_and_says_what_to_do() -> None:
    bench = Bench(final_codes={4007: "the key was deleted; make a new one"})

    async def talk(connection: ServerConnection) -> None:
        await connection.send("news")
        await connection.close(4007)

    async with serving(talk) as address:
        with pytest.raises(LoginRefused, match="the key was deleted") as caught:
            await bench.link(address).run()

    assert caught.value.code == "4007"
    assert bench.sink.words == ["news", "public up", "public down", "end"]


@pytest.mark.asyncio
async def test_a_session_that_cannot_go_on_gets_a_new_socket_at_once(bench: Bench) -> None:
    bench.fails_on[b"nonsense"] = ProtocolError("not a frame of this protocol")

    async with serving(_saying("nonsense", "never read")) as address, bench.running(address):
        await bench.sink.hear("end", times=2)

    assert bench.sink.words[:3] == ["public down", "end", "end"]
    assert bench.sink.reasons == ["not a frame of this protocol"]
    assert bench.sessions[0].frames == [b"nonsense"]


@pytest.mark.asyncio
async def test_a_refused_login_ends_the_link(bench: Bench) -> None:
    bench.fails_on[b"no"] = LoginRefused("wrong passphrase", code="60024", remedy="check it")

    async with serving(_saying("no")) as address:
        with pytest.raises(LoginRefused, match="wrong passphrase"):
            await bench.link(address).run()

    assert bench.sink.words == ["public down", "end"]
    assert len(bench.sessions) == 1


@pytest.mark.asyncio
async def test_a_session_that_cannot_even_start_gives_way_to_another(bench: Bench) -> None:
    bench.fails_on[b"start"] = ProtocolError("nothing to say")

    async with serving(_stay) as address, bench.running(address):
        await bench.sink.hear("end", times=2)

    assert bench.sink.reasons == ["nothing to say"]


@pytest.mark.asyncio
async def test_a_session_that_cannot_be_made_now_is_made_later(bench: Bench) -> None:
    bench.not_yet.append(VenueUnreachable("no answer to what must be known first"))

    async with serving(_saying("news")) as address, bench.running(address) as link:
        await bench.sink.hear("public up")
        assert link.session is bench.sessions[0]

    assert bench.sink.words == ["public down", "news", "public up"]
    assert bench.sink.reasons[0] == "no answer to what must be known first"


@pytest.mark.asyncio
async def test_a_session_that_can_never_be_made_ends_the_link(bench: Bench) -> None:
    bench.not_yet.append(LoginRefused("the key is gone"))

    async with serving(_stay) as address:
        with pytest.raises(LoginRefused, match="the key is gone"):
            await bench.link(address).run()


@pytest.mark.asyncio
async def test_what_the_sink_raises_ends_the_link_and_it_is_told_no_more(bench: Bench) -> None:
    def broken(word: str) -> None:
        raise ZeroDivisionError(word)

    bench.sink.then = broken
    async with serving(_saying("news", "more")) as address:
        with pytest.raises(ZeroDivisionError, match="news"):
            await bench.link(address).run()

    assert bench.sink.words == ["news"]


@pytest.mark.asyncio
async def test_a_sink_that_fails_on_the_bad_news_ends_the_link_too(bench: Bench) -> None:
    def broken(word: str) -> None:
        if word == "end":
            raise ZeroDivisionError(word)

    bench.sink.then = broken
    bench.fails_on[b"nonsense"] = ProtocolError("no")
    async with serving(_saying("nonsense")) as address:
        with pytest.raises(ZeroDivisionError):
            await bench.link(address).run()


@pytest.mark.asyncio
async def test_time_is_told_to_the_session_and_its_events_to_the_sink(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botkit.venues.link._TICK_S", 0.001)

    async with serving(_saying("tell ticks")) as address, bench.running(address):
        await bench.sink.hear("tick", times=3)

    assert bench.sessions[0].ticks >= 3


@pytest.mark.parametrize(
    ("error", "expected"),
    [(ProtocolError("silent for 10 s"), None), (LoginRefused("no answer to the login"), LoginRefused)],
    ids=["silence", "login"],
)
@pytest.mark.asyncio
async def test_what_time_reveals_ends_the_conversation(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception] | None
) -> None:
    monkeypatch.setattr("botkit.venues.link._TICK_S", 0.001)
    bench.fails_on[b"tick"] = error

    async with serving(_stay) as address:
        if expected is None:
            async with bench.running(address):
                await bench.sink.hear("end", times=2)
        else:
            with pytest.raises(expected):
                await bench.link(address).run()

    assert bench.sink.reasons == [str(error)]


@pytest.mark.asyncio
async def test_a_sink_that_fails_on_a_tick_ends_the_link(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(word: str) -> None:
        if word == "tick":
            raise ZeroDivisionError

    monkeypatch.setattr("botkit.venues.link._TICK_S", 0.001)
    bench.sink.then = broken
    async with serving(_saying("tell ticks")) as address:
        with pytest.raises(ZeroDivisionError):
            await bench.link(address).run()


@pytest.mark.asyncio
async def test_a_binary_frame_is_not_spoken_here(bench: Bench) -> None:
    async with serving(_saying(b"\x00")) as address, bench.running(address):
        await bench.sink.hear("public down")

    assert bench.sink.reasons == ["a binary frame came; only text is spoken here"]


@pytest.mark.asyncio
async def test_bytes_that_are_no_websocket_frames_end_the_conversation(bench: Bench) -> None:
    async def talk(connection: ServerConnection) -> None:
        connection.transport.write(b"\xff" * 64)
        await connection.wait_closed()

    async with serving(talk) as address, bench.running(address):
        await bench.sink.hear("public down")

    assert "not the WebSocket protocol" in bench.sink.reasons[0]


@contextlib.asynccontextmanager
async def _answering(answer: bytes) -> AsyncIterator[Address]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if not answer:
            await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield Address.parse(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP 503"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "Accept"),
        (b"what?\r\n\r\n", "valid HTTP response"),
    ],
    ids=["unavailable", "forged handshake", "not http"],
)
@pytest.mark.asyncio
async def test_a_handshake_that_fails_is_told_in_words_and_tried_again(
    bench: Bench, answer: bytes, words: str
) -> None:
    async with _answering(answer) as address, bench.running(address):
        await bench.sink.hear("public down")

    assert words in bench.sink.reasons[0]
    assert bench.sink.words == ["public down"]


@pytest.mark.asyncio
async def test_a_server_that_accepts_and_never_answers_is_given_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botkit.venues.link._DIAL_TIMEOUT_S", 0.01)

    async with _answering(b"") as address, bench.running(address):
        await bench.sink.hear("public down")

    assert "no answer in time" in bench.sink.reasons[0]


@pytest.mark.asyncio
async def test_nobody_at_the_address_is_told_once_and_tried_for_ever(bench: Bench, nobody: Address) -> None:
    enough = asyncio.Event()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            enough.set()
        await asyncio.sleep(0)

    bench.dialer = Dialer(bench.clock, lambda: 1.0, sleep=sleep, per_second=1000)
    async with bench.running(nobody):
        await enough.wait()

    assert waits[:9] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert bench.sink.words == ["public down"]
    assert "connection refused; is the emulator running?" in bench.sink.reasons[0]


@pytest.mark.parametrize(("stable_s", "second_wait"), [(59, 1.0), (60, 0.5)], ids=["short", "stable"])
@pytest.mark.asyncio
async def test_only_a_minute_of_peace_forgets_earlier_failures(stable_s: int, second_wait: float) -> None:
    bench = Bench()
    clock = SimClock(NS_PER_S)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async def talk(connection: ServerConnection) -> None:
        await connection.send("news")
        await connection.recv()  # hello
        await connection.recv()  # an answer to the news
        clock.advance_to(clock.now_ns() + stable_s * NS_PER_S)
        connection.transport.abort()

    def answer(word: str) -> None:
        if word == "news":
            bench.sessions[-1].outbox.append(b"thanks")

    bench.clock = clock
    bench.dialer = Dialer(clock, lambda: 1.0, sleep=sleep, per_second=1000)
    bench.sink.then = answer
    async with serving(talk) as address, bench.running(address):
        await bench.sink.hear("public up", times=3)

    assert waits[:2] == [0.5, second_wait]


@pytest.mark.asyncio
async def test_stopping_says_goodbye_and_tells_the_sink_nothing(bench: Bench) -> None:
    codes: list[int | None] = []
    gone = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        await connection.send("news")
        await connection.wait_closed()
        codes.append(connection.close_code)
        gone.set()

    async with serving(talk) as address:
        async with bench.running(address):
            await bench.sink.hear("public up")
        await gone.wait()

    assert codes == [1000]
    assert bench.sink.words == ["news", "public up"]


@pytest.mark.parametrize("turns", range(12))
@pytest.mark.asyncio
async def test_it_stops_at_whatever_moment_it_is_told_to(bench: Bench, turns: int) -> None:
    async with serving(_saying("news")) as address:
        task = asyncio.create_task(bench.link(address).run())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)

    assert done == {task}
    assert task.cancelled()


@pytest.mark.asyncio
async def test_flushing_without_a_socket_sends_nothing(bench: Bench) -> None:
    bench.link(Address.parse("ws://127.0.0.1:1")).flush()

    assert bench.sessions == []


@pytest.mark.asyncio
async def test_no_log_level_shows_a_frame(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async with serving(_saying("news")) as address, bench.running(address):
        await bench.sink.hear("public up")

    assert not [
        record for record in caplog.records if "TEXT" in record.getMessage() and "client" in record.name
    ]


class Authority:
    """A certificate authority, and contexts for a server that it vouches for under `name`."""

    def __init__(self, name: str) -> None:
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)


@pytest.mark.asyncio
async def test_a_venue_with_the_right_certificate_is_talked_to(bench: Bench) -> None:
    authority = Authority("127.0.0.1")
    bench.dialer = Dialer(bench.clock, lambda: 0.0, tls=authority.client)

    async with serving(_saying("news"), tls=authority.server) as address, bench.running(address):
        await bench.sink.hear("public up")


@pytest.mark.parametrize("whose", ["stranger", "other name"])
@pytest.mark.asyncio
async def test_a_venue_with_a_wrong_certificate_is_not_talked_to(bench: Bench, whose: str) -> None:
    authority = Authority("127.0.0.2" if whose == "other name" else "127.0.0.1")
    trusted = authority if whose == "other name" else Authority("127.0.0.1")
    bench.dialer = Dialer(bench.clock, lambda: 0.0, tls=trusted.client)

    async with serving(_saying("news"), tls=authority.server) as address, bench.running(address):
        await bench.sink.hear("public down")

    assert "certificate is refused" in bench.sink.reasons[0]
    assert bench.sessions[0].frames == []
