"""Where OKX is: by the site an account was opened at, and whether its money is real.

An account, its keys and its hosts belong together; a key is not known elsewhere.
No other host is ever talked to, except an emulator on this machine.

Source: https://www.okx.com/docs-v5/en/#overview-production-trading-services, port-less since 2026-10-31.
"""

from __future__ import annotations

from typing import Final

import msgspec

from botkit.errors import ConfigError
from botkit.venues.address import Address

__all__ = ["Hosts"]

# REST, WebSocket, WebSocket of demo trading; REST is the same for both.
_REGIONS: Final = {
    "global": ("openapi.okx.com", "ws.okx.com", "wspap.okx.com"),
    "eea": ("eea.okx.com", "wseea.okx.com", "wseeapap.okx.com"),
    "us": ("us.okx.com", "wsus.okx.com", "wsuspap.okx.com"),
}
_ENVIRONMENTS: Final = ("live", "demo")


class Hosts(msgspec.Struct, frozen=True, kw_only=True):
    """The four addresses of one OKX.

    Attributes:
        rest: Of requests.
        public: Of market data.
        private: Of the account and of order entry.
        business: Of bars.
        headers: What every request must carry to be taken for this environment.

    """

    rest: Address
    public: Address
    private: Address
    business: Address
    headers: dict[str, str] = {}

    @classmethod
    def of(cls, region: str, environment: str) -> Hosts:
        """Return the hosts of OKX.

        Args:
            region: The site where the account was opened: `global`, `eea` or `us`.
            environment: `live` or `demo`.

        Raises:
            ConfigError: If there is no such place.

        """
        if region not in _REGIONS or environment not in _ENVIRONMENTS:
            raise ConfigError(
                f"OKX has no {environment!r} environment in {region!r}",
                remedy=f"Choose one of {', '.join(_REGIONS)}, and {' or '.join(_ENVIRONMENTS)}.",
            )
        rest, live, demo = _REGIONS[region]
        socket = f"wss://{demo if environment == 'demo' else live}/ws/v5"
        return cls(
            rest=Address.parse(f"https://{rest}"),
            public=Address.parse(f"{socket}/public"),
            private=Address.parse(f"{socket}/private"),
            business=Address.parse(f"{socket}/business"),
            headers={"x-simulated-trading": "1"} if environment == "demo" else {},
        )

    @classmethod
    def emulated(cls, *, rest: str, public: str, private: str, business: str) -> Hosts:
        """Return the hosts of an emulator, from its URLs.

        Raises:
            ConfigError: If one of them is not on this machine.

        """
        rest_at, *sockets = [Address.parse(url) for url in (rest, public, private, business)]
        for address in (rest_at, *sockets):
            if not address.is_loopback:
                raise ConfigError(f"{address} is not on this machine; of OKX name the region instead")
        return cls(rest=rest_at, public=sockets[0], private=sockets[1], business=sockets[2])
