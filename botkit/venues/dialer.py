"""How a process opens sockets, for every link it has.

A venue counts connections by address, so one dialer serves them all.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from botkit.clock import Clock
from botkit.model.duration import NS_PER_S
from botkit.venues.address import Address
from botkit.venues.transport import checked_tls

__all__ = ["Dialer"]

_BACKOFF_S: Final = 0.5
_MAX_BACKOFF_S: Final = 30.0


class Dialer:
    """How a process opens sockets: encrypted, in time, and not more than a few a second.

    One dialer serves all links of a process, because a venue counts by address.

    Attributes:
        tls: Whom this process trusts.

    """

    def __init__(
        self,
        clock: Clock,
        chance: Callable[[], float],
        *,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        per_second: int = 3,
    ) -> None:
        """Store what it works with.

        Args:
            clock: Tells when sockets were opened.
            chance: Returns a number from 0 up to 1, such as `random.Random().random`.
            tls: Whom to trust; None for those the machine trusts.
            sleep: Waits for so many seconds.
            per_second: Most sockets opened within any second.

        Raises:
            ConfigError: If `tls` does not check certificates and host names.

        """
        self._clock = clock
        self._chance = chance
        self.tls = checked_tls(tls)
        self._sleep = sleep
        self._turns: deque[int] = deque(maxlen=per_second)

    async def dial(self, address: Address, protocol: asyncio.Protocol) -> None:
        """Connect `protocol` to `address` when it is its turn.

        Raises:
            OSError: If that fails.

        """
        await self._take_turn()
        await asyncio.get_running_loop().create_connection(
            lambda: protocol,
            address.host,
            address.port,
            ssl=self.tls if address.is_encrypted else None,
            server_hostname=address.host if address.is_encrypted else None,
        )

    async def back_off(self, failures: int) -> None:
        """Wait a random time before the try that follows `failures` failed ones.

        The whole delay is random, so that clients cut off together do not come back together.
        """
        longest_s = min(_MAX_BACKOFF_S, _BACKOFF_S * 2 ** min(failures, 10))
        await self._sleep(self._chance() * longest_s)

    async def _take_turn(self) -> None:
        now_ns = self._clock.now_ns()
        turn_ns = now_ns
        if len(self._turns) == self._turns.maxlen:
            turn_ns = max(now_ns, self._turns[0] + NS_PER_S)
        self._turns.append(turn_ns)
        if turn_ns > now_ns:
            await self._sleep((turn_ns - now_ns) / NS_PER_S)
