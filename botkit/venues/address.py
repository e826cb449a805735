"""Where a venue is reached: encrypted anywhere, in plain text on this machine only. Pure."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from botkit.errors import ConfigError

__all__ = ["Address"]

_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_ENCRYPTED: Final = frozenset({"https", "wss"})


class Address(msgspec.Struct, frozen=True):
    """A host that may be talked to, and how.

    Attributes:
        scheme: `https`, `wss`, or on loopback `http` and `ws`.
        host: Name or number.
        port: TCP port.
        path: What comes before the path of every request; empty or begins with a slash.

    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Return the address that `url` names.

        Raises:
            ConfigError: If it is none, or not encrypted and not on this machine.

        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"{url!r} is not an address: {error}") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ConfigError(f"{url!r} is not an address", remedy="write https://host or wss://host")
        if parts.username is not None or parts.query or parts.fragment:
            raise ConfigError(f"the address of {parts.hostname} holds more than a host, a port and a path")
        if parts.scheme not in _ENCRYPTED and not _is_loopback(parts.hostname):
            raise ConfigError(
                f"{url!r} is not encrypted",
                remedy="http and ws are for an emulator on this machine; anywhere else needs https and wss",
            )
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def is_encrypted(self) -> bool:
        """Tell whether TLS is spoken there."""
        return self.scheme in _ENCRYPTED

    @property
    def is_loopback(self) -> bool:
        """Tell whether it is on this machine."""
        return _is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
