from __future__ import annotations

import asyncio
import ssl

import pytest

from botkit.clock import SimClock
from botkit.errors import ConfigError
from botkit.model.duration import NS_PER_S
from botkit.venues.address import Address
from botkit.venues.dialer import Dialer


@pytest.mark.asyncio
async def test_the_delay_is_random_as_a_whole() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    dialer = Dialer(SimClock(), iter([0.0, 0.5, 0.25]).__next__, sleep=sleep)
    for failures in (2, 2, 6):
        await dialer.back_off(failures)

    assert waits == [0.0, 1.0, 7.5]


@pytest.mark.asyncio
async def test_a_process_opens_three_sockets_a_second_and_no_more(nobody: Address) -> None:
    clock = SimClock()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    dialer = Dialer(clock, lambda: 0.0, sleep=sleep)
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            await dialer.dial(nobody, asyncio.Protocol())
    clock.advance_to(10 * NS_PER_S)
    with pytest.raises(ConnectionRefusedError):
        await dialer.dial(nobody, asyncio.Protocol())

    assert waits == [1.0, 1.0]


def test_a_dialer_that_would_trust_anybody_cannot_be_made() -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False

    with pytest.raises(ConfigError):
        Dialer(SimClock(), lambda: 0.0, tls=trusting)
