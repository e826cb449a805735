from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from botkit.venues.frames import FrameCutter

MOST = 100_000

sizes = st.one_of(st.integers(0, 130), st.sampled_from([125, 126, 127, 65_535, 65_536, 70_000]))
payloads = sizes.map(lambda size: b"x" * size)
texts = st.builds(Frame, st.just(Opcode.TEXT), payloads)
controls = st.builds(Frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125))


@st.composite
def messages(draw: st.DrawFn) -> list[Frame]:
    """Return a message: in one frame, or in fragments with control frames between them."""
    first = draw(st.builds(Frame, st.sampled_from([Opcode.TEXT, Opcode.BINARY]), payloads))
    more = draw(st.lists(st.one_of(st.builds(Frame, st.just(Opcode.CONT), payloads), controls), max_size=4))
    fragments = [frame for frame in (first, *more) if frame.opcode not in {Opcode.PING, Opcode.PONG}]
    for frame in fragments[:-1]:
        frame.fin = False
    return [first, *more]


def wire(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=False) for frame in frames)


def cut(data: bytes, *cuts: int, max_size: int = MOST) -> list[tuple[bool, bytes]]:
    """Return what comes out when `data` comes in pieces that end at `cuts`."""
    cutter = FrameCutter(max_size)
    ends = sorted({0, *cuts, len(data)})
    return [found for start, end in pairwise(ends) for found in cutter.cut(data[start:end])]


def understood(found: list[tuple[bool, bytes]]) -> list[Frame]:
    """Return the frames, those that are left to `websockets` as it reads them."""
    judge = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    frames: list[Frame] = []
    for is_text, data in found:
        if is_text:
            frames.append(Frame(Opcode.TEXT, data))
        else:
            judge.receive_data(data)
            frames += [event for event in judge.events_received() if isinstance(event, Frame)]
    assert judge.parser_exc is None
    return frames


@given(
    st.lists(st.one_of(texts.map(lambda frame: [frame]), controls.map(lambda frame: [frame]), messages())),
    st.data(),
)
def test_however_the_bytes_come_the_frames_are_those_that_were_sent(
    sent: list[list[Frame]], data: st.DataObject
) -> None:
    frames = [frame for message in sent for frame in message]
    stream = wire(*frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))

    found = cut(stream, *cuts)

    assert understood(found) == frames
    assert sum(is_text for is_text, _ in found) >= sum(
        len(message) == 1 and message[0].opcode is Opcode.TEXT for message in sent
    )


def test_a_frame_that_comes_byte_by_byte_is_put_together() -> None:
    stream = wire(Frame(Opcode.TEXT, b"y" * 300), Frame(Opcode.TEXT, b""))

    assert cut(stream, *range(len(stream))) == [(True, b"y" * 300), (True, b"")]


def test_a_text_amid_fragments_is_left_to_the_parser_which_refuses_it() -> None:
    stream = wire(Frame(Opcode.TEXT, b"one", fin=False), Frame(Opcode.TEXT, b"two"))

    found = cut(stream)

    assert found == [(False, stream[:5]), (False, stream[5:])]


def test_a_text_with_an_extension_bit_is_left_to_the_parser() -> None:
    stream = b"\xc1\x02ab"

    assert cut(stream) == [(False, stream)]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"\x81\x82\x00\x00\x00\x00ab" + b"rest", id="masked, as only a client may"),
        pytest.param(b"\x81\xfe\x00\xff" + b"rest", id="masked, with a long length"),
        pytest.param(b"\x81\x7e\x03\xe9" + b"rest", id="too large"),
        pytest.param(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff" + b"rest", id="larger than any memory"),
    ],
)
def test_what_may_not_be_is_not_waited_for(stream: bytes) -> None:
    assert cut(stream, max_size=1000) == [(False, stream)]


def test_the_largest_frame_is_waited_for() -> None:
    stream = wire(Frame(Opcode.TEXT, b"z" * 1000))

    assert cut(stream, 4, 500, max_size=1000) == [(True, b"z" * 1000)]


def test_a_caller_who_stops_has_seen_nothing_of_what_follows() -> None:
    frames = FrameCutter(MOST).cut(wire(Frame(Opcode.TEXT, b"one"), Frame(Opcode.TEXT, b"two")))

    assert next(frames) == (True, b"one")
