"""Exchanges for commands to meet: each in a thread of its own, found by its note in a folder."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botkit.config.runfile import announced
from botkit.venues.okx.emulator import Emulator, synthetic

__all__ = ["deaf_exchange", "running_exchange"]


@contextlib.contextmanager
def running_exchange(folder: Path, **changes: str) -> Iterator[None]:
    """Run an emulator, and leave a note in which the fields `changes` of every account are something else."""
    with _in_a_thread() as loop:
        emulator = synthetic(7)
        asyncio.run_coroutine_threadsafe(emulator.start(), loop).result()
        try:
            with announced(_changed(emulator, changes), folder):
                yield
        finally:
            asyncio.run_coroutine_threadsafe(emulator.stop(), loop).result()


@contextlib.contextmanager
def deaf_exchange(folder: Path) -> Iterator[None]:
    """Run something that takes every connection and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        account = {"label": "trader", "key": "fake-key", "secret": "FAKE-SECRET", "passphrase": "Fake-1"}
        sockets = {f"ws_{name}": f"ws://{place}" for name in ("public", "private", "business")}
        hanging_up = threading.Thread(target=_hang_up_on_all, args=(server,))
        hanging_up.start()
        with announced({"rest": f"http://{place}", **sockets, "accounts": [account]}, folder):
            yield
        server.shutdown(socket.SHUT_RDWR)
        hanging_up.join()


def _changed(emulator: Emulator, changes: dict[str, str]) -> dict[str, Any]:
    description: dict[str, Any] = emulator.describe()
    return {**description, "accounts": [{**account, **changes} for account in description["accounts"]]}


def _hang_up_on_all(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


@contextlib.contextmanager
def _in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
