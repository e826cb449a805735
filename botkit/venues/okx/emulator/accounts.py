"""Who may call the exchange: users, their keys, and what each key may do.

The built-in ones are constants that look as fake as they are, one for every
way in which a key can be right or wrong for a bot. Others come from a TOML file.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from botkit.errors import ConfigError

__all__ = ["BUILT_IN", "READ", "TRADE", "WITHDRAW", "Accounts", "Key", "User", "parse_accounts"]

READ: Final = "read_only"
TRADE: Final = "trade"
WITHDRAW: Final = "withdraw"

_REMEDY: Final = (
    "Each user is a [[users]] with uid, optionally main_uid, role_type and balances; each of his keys, a "
    "[[users.keys]] below it with label, key, secret, passphrase, and lists of words perm and ip."
)
_MASTER_UID: Final = "447059223436195840"
_FUNDS: Final = {"USDT": Decimal(100_000), "BTC": Decimal(1), "ETH": Decimal(10)}


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An API key.

    Attributes:
        label: What its owner calls it.
        perm: Words in the order in which the exchange shows them.
        ip: Addresses or networks it may be used from; none means any.

    """

    label: str
    key: str
    secret: str
    passphrase: str
    perm: tuple[str, ...] = (READ, TRADE)
    ip: tuple[str, ...] = ()

    def may(self, permission: str) -> bool:
        """Tell whether the key has `permission`; every key may read."""
        return permission == READ or permission in self.perm

    def allows_from(self, address: str) -> bool:
        """Tell whether the key may be used from `address`."""
        caller = ipaddress.ip_address(address)
        # A dual-stack socket shows an IPv4 caller as ::ffff:127.0.0.1.
        mapped = caller.ipv4_mapped if isinstance(caller, ipaddress.IPv6Address) else None
        caller = mapped or caller
        return not self.ip or any(caller in ipaddress.ip_network(network) for network in self.ip)


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trading account and the keys that open it.

    Attributes:
        uid: Its id; the same as `main_uid` if it is a master account.
        role_type: `0` an ordinary trader, `1` a lead trader, `2` a copy trader.
        balances: What it owns at the start, by currency.

    """

    uid: str
    main_uid: str = _MASTER_UID
    role_type: str = "0"
    balances: dict[str, Decimal] = msgspec.field(default_factory=lambda: dict(_FUNDS))
    keys: tuple[Key, ...]

    @property
    def is_master(self) -> bool:
        """Tell whether this is no sub-account."""
        return self.uid == self.main_uid


class Accounts:
    """Every user, found by key."""

    def __init__(self, users: Iterable[User]) -> None:
        self.users = tuple(users)
        self._by_key = {key.key: (user, key) for user in self.users for key in user.keys}

    def find(self, api_key: str) -> tuple[User, Key] | None:
        """Return the owner of an API key and the key itself, None if nobody has it."""
        return self._by_key.get(api_key)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    users: tuple[User, ...]


def parse_accounts(text: str, *, where: str = "") -> tuple[User, ...]:
    """Return the users that a TOML file describes.

    Raises:
        ConfigError: If it is not TOML, not about users, or two share a uid or a key.

    """
    try:
        users = msgspec.convert(tomllib.loads(text), _File).users
        for network in (address for user in users for key in user.keys for address in key.ip):
            ipaddress.ip_network(network)
    except ValueError as error:  # of tomllib, msgspec and ipaddress alike
        raise ConfigError(str(error), where=where, remedy=_REMEDY) from error
    for what, names in (
        ("uid", [user.uid for user in users]),
        ("key", [key.key for user in users for key in user.keys]),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f"two users have the {what} {twice!r}", where=where)
    return users


def _built_in(
    number: int, label: str, *, perm: tuple[str, ...], ip: tuple[str, ...], master: bool = False
) -> User:
    key = Key(
        label=label,
        key=f"fake-key-of-{label}",
        secret=f"FAKE-SECRET-OF-{label.upper()}",
        passphrase=f"Fake-Passphrase-Of-{label}-1",
        perm=perm,
        ip=ip,
    )
    return User(uid=_MASTER_UID if master else str(int(_MASTER_UID) + number), keys=(key,))


_HERE: Final = ("127.0.0.1", "::1")

BUILT_IN: Final = (
    _built_in(1, "trader", perm=(READ, TRADE), ip=_HERE),
    _built_in(2, "trader-2", perm=(READ, TRADE), ip=_HERE),
    _built_in(3, "withdraw", perm=(READ, WITHDRAW, TRADE), ip=_HERE),
    _built_in(4, "readonly", perm=(READ,), ip=_HERE),
    _built_in(5, "unbound", perm=(READ, TRADE), ip=()),
    _built_in(6, "unknown-perm", perm=(READ, TRADE, "teleport"), ip=_HERE),
    _built_in(0, "master", perm=(READ, TRADE), ip=_HERE, master=True),
)
"""One user for each kind of key: only the two traders have one that a bot should have."""
