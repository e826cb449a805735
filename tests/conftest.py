"""What holds for every test: numbers may not cross worlds unseen, and nothing leaves this machine."""

from __future__ import annotations

import decimal
import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

REPOSITORY = Path(__file__).resolve().parents[1]

# `Decimal("0.1") < 0.1` is True and no type checker minds, so comparing across the border between
# money and market raises: in this thread, and by the default context in those started later.
decimal.DefaultContext.traps[decimal.FloatOperation] = True
decimal.setcontext(decimal.DefaultContext.copy())


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the work tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded market data beside the work tree, or skip where there is none."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder of shared data beside this work tree")
    return folder


@pytest.fixture(autouse=True)
def _unconfigured_log() -> None:
    """Let no test hear less because another one has told the log to be quiet."""
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _nothing_but_loopback() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _to_loopback(getattr(socket.socket, name)))
        if sys.platform != "win32":
            import uvloop

            # libuv resolves and connects by itself, past the socket module.
            patch.setattr(uvloop.Loop, "create_connection", _named_loopback(uvloop.Loop.create_connection))
        yield


def _to_loopback(call: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(sock: socket.socket, *args: Any) -> Any:
        if sock.family in {socket.AF_INET, socket.AF_INET6}:
            _refuse_unless_loopback(args[-1][0])
        return call(sock, *args)

    return guarded


def _named_loopback(call: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(loop: Any, protocol_factory: Any, host: str | None = None, *args: Any, **options: Any) -> Any:
        if host is not None:
            _refuse_unless_loopback(host)
        return call(loop, protocol_factory, host, *args, **options)

    return guarded


def _refuse_unless_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which only a resolver outside could answer for
        is_loopback = False
    if not is_loopback:
        raise PermissionError(f"a test may talk to this machine only, not to {host}")
