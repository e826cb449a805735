"""The two shells run on both event loops: the bot's is uvloop, where there is one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping

import pytest

SHELLS = {"test_link.py", "test_http.py"}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.name not in SHELLS or sys.platform == "win32":
        return {"asyncio": asyncio.new_event_loop}

    import uvloop

    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
