"""A ping every 20 s, and no patience with silence."""

from __future__ import annotations

import pytest

from botkit.errors import ProtocolError
from botkit.venues.okx.heartbeat import Heartbeat
from tests.venues.okx.frames import S


@pytest.fixture
def heartbeat() -> Heartbeat:
    heartbeat = Heartbeat()
    heartbeat.start(100 * S)
    return heartbeat


def test_a_ping_is_due_every_twenty_seconds(heartbeat: Heartbeat) -> None:
    assert not heartbeat.is_ping_due(119 * S)
    assert heartbeat.is_ping_due(120 * S)
    assert not heartbeat.is_ping_due(121 * S)


def test_any_frame_answers_a_ping(heartbeat: Heartbeat) -> None:
    heartbeat.is_ping_due(120 * S)
    heartbeat.heard_ns = 121 * S

    assert heartbeat.is_ping_due(140 * S)


def test_pings_go_on_while_frames_come(heartbeat: Heartbeat) -> None:
    heartbeat.heard_ns = 119 * S

    assert heartbeat.is_ping_due(120 * S)


def test_ten_seconds_without_an_answer_are_the_end(heartbeat: Heartbeat) -> None:
    heartbeat.is_ping_due(120 * S)

    assert not heartbeat.is_ping_due(130 * S)
    with pytest.raises(ProtocolError, match="not answered a ping"):
        heartbeat.is_ping_due(131 * S)


def test_a_frame_from_before_the_ping_is_no_answer(heartbeat: Heartbeat) -> None:
    heartbeat.heard_ns = 119 * S
    heartbeat.is_ping_due(120 * S)

    with pytest.raises(ProtocolError):
        heartbeat.is_ping_due(131 * S)


def test_a_connection_is_not_dead_before_it_was_asked(heartbeat: Heartbeat) -> None:
    assert heartbeat.is_ping_due(500 * S)
