"""What ends a command that runs until it is stopped."""

from __future__ import annotations

import asyncio
import signal

import pytest

from botkit.cli.loop import run_in_loop, stopping


async def wait(after_s: float | None, *signals: signal.Signals) -> bool:
    with stopping(after_s) as stop:
        for each in signals:
            signal.raise_signal(each)
        await asyncio.wait_for(stop.wait(), 10)
        return stop.is_set()


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops(asked: signal.Signals) -> None:
    assert run_in_loop(wait(None, asked))


def test_the_end_of_its_time_stops() -> None:
    assert run_in_loop(wait(0.01))


def test_signals_are_python_s_again_afterwards() -> None:
    run_in_loop(wait(0.01))

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_second_signal_does_not_wait() -> None:
    async def insist() -> None:
        with stopping() as stop:
            signal.raise_signal(signal.SIGINT)
            await stop.wait()
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run_in_loop(insist())


def test_the_time_does_not_outlive_the_command() -> None:
    async def leave() -> asyncio.Event:
        with stopping(0.001) as stop:
            pass
        for _ in range(5):
            await asyncio.sleep(0)
        return stop

    assert not run_in_loop(leave()).is_set()
