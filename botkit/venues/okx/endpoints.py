"""The closed table of what this client may ask OKX: the second of three locks.

OKX's Trade permission alone opens some hundred endpoints that move money, mint
keys or change the account. None of them is here, and what is not here cannot be
signed: an `Endpoint` is a member of an enumeration, which nobody can add to,
and a WebSocket request needs an `Op`.

Source: https://www.okx.com/docs-v5/en/, limits and permissions as of 2026-08-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, unique
from typing import Final
from urllib.parse import quote

from botkit.errors import InvariantError
from botkit.venues.ratelimit import Quota

__all__ = ["Endpoint", "Op", "Permission", "Scope", "check_target", "quota_key", "target"]


class Permission(Enum):
    """What a key needs to be allowed to ask."""

    PUBLIC = "public"
    READ = "read"
    TRADE = "trade"


class Scope(Enum):
    """Whose requests are counted together."""

    IP = "ip"
    IP_INSTRUMENT = "ip and instrument"
    USER = "user"
    USER_INSTRUMENT = "user and instrument"


_P, _S = Permission, Scope


@unique
class Endpoint(Enum):
    """A REST request that this client may make; everything else cannot be built.

    Attributes:
        method: GET or POST.
        path: From the root, without a query.
        permission: What the key must be allowed to do.
        quota: How often it may be asked, by the venue's count.
        scope: Whose requests that counts together.
        is_by_instrument: Each instrument is counted by itself.

    """

    SERVER_TIME = ("GET", "/api/v5/public/time", _P.PUBLIC, Quota(10, 2), _S.IP)
    PUBLIC_INSTRUMENTS = ("GET", "/api/v5/public/instruments", _P.PUBLIC, Quota(20, 2), _S.IP_INSTRUMENT)
    BOOK = ("GET", "/api/v5/market/books", _P.PUBLIC, Quota(40, 2), _S.IP)
    CANDLES = ("GET", "/api/v5/market/candles", _P.PUBLIC, Quota(40, 2), _S.IP)
    HISTORY_CANDLES = ("GET", "/api/v5/market/history-candles", _P.PUBLIC, Quota(20, 2), _S.IP)

    ACCOUNT_CONFIG = ("GET", "/api/v5/account/config", _P.READ, Quota(5, 2), _S.USER)
    ACCOUNT_INSTRUMENTS = ("GET", "/api/v5/account/instruments", _P.READ, Quota(20, 2), _S.USER_INSTRUMENT)
    BALANCE = ("GET", "/api/v5/account/balance", _P.READ, Quota(10, 2), _S.USER)
    POSITIONS = ("GET", "/api/v5/account/positions", _P.READ, Quota(10, 2), _S.USER)

    ORDER = ("GET", "/api/v5/trade/order", _P.READ, Quota(60, 2), _S.USER_INSTRUMENT)
    OPEN_ORDERS = ("GET", "/api/v5/trade/orders-pending", _P.READ, Quota(60, 2), _S.USER)
    PAST_ORDERS = ("GET", "/api/v5/trade/orders-history", _P.READ, Quota(40, 2), _S.USER)
    FILLS = ("GET", "/api/v5/trade/fills", _P.READ, Quota(60, 2), _S.USER)

    PLACE = ("POST", "/api/v5/trade/order", _P.TRADE, Quota(60, 2), _S.USER_INSTRUMENT)
    AMEND = ("POST", "/api/v5/trade/amend-order", _P.TRADE, Quota(60, 2), _S.USER_INSTRUMENT)
    CANCEL = ("POST", "/api/v5/trade/cancel-order", _P.TRADE, Quota(60, 2), _S.USER_INSTRUMENT)
    CANCEL_BATCH = ("POST", "/api/v5/trade/cancel-batch-orders", _P.TRADE, Quota(300, 2), _S.USER_INSTRUMENT)

    def __init__(self, method: str, path: str, permission: Permission, quota: Quota, scope: Scope) -> None:
        self.method = method
        self.path = path
        self.permission = permission
        self.quota = quota
        self.scope = scope
        self.is_by_instrument = scope is Scope.USER_INSTRUMENT or scope is Scope.IP_INSTRUMENT

    @property
    def is_signed(self) -> bool:
        """Tell whether the request names the key."""
        return self.permission is not Permission.PUBLIC

    @property
    def is_idempotent(self) -> bool:
        """Tell whether asking twice does no more than asking once.

        A cancel is; no order or amendment is.
        """
        return self.permission is not Permission.TRADE or self in {Endpoint.CANCEL, Endpoint.CANCEL_BATCH}


@unique
class Op(Enum):
    """A WebSocket request that this client may make."""

    LOGIN = "login"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    PLACE = "order"
    AMEND = "amend-order"
    CANCEL = "cancel-order"


_NAME: Final = re.compile(r"[A-Za-z]+")
_QUERY: Final = re.compile(r"[A-Za-z]+=[A-Za-z0-9._~,%-]*(&[A-Za-z]+=[A-Za-z0-9._~,%-]*)*")


def target(endpoint: Endpoint, params: Mapping[str, str] | None = None) -> str:
    """Return the request target, byte for byte as it is signed and must be sent.

    Parameters keep their order; everything but letters, digits and `-._~` is
    percent-encoded, so that no value can become another parameter or a path.

    Raises:
        ValueError: If a parameter's name is not a word, or the endpoint takes its
            parameters in the body.

    """
    if not params:
        return endpoint.path
    if endpoint.method != "GET":
        raise ValueError(f"{endpoint.name} takes its parameters in the body")
    for name in params:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not the name of a parameter: {name!r}")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items())
    return f"{endpoint.path}?{query}"


def check_target(endpoint: Endpoint, text: str) -> None:
    """Refuse a request target that is not this endpoint's.

    Raises:
        InvariantError: If it is not: somebody has gone round `target`.

    """
    if endpoint not in _ALL:
        raise InvariantError(f"{text!r} is asked of something that is not an endpoint of the table")
    path, mark, query = text.partition("?")
    if path != endpoint.path or (mark and not (endpoint.method == "GET" and _QUERY.fullmatch(query))):
        raise InvariantError(f"{text!r} is not a target of {endpoint.method} {endpoint.path}")


_ALL: Final = frozenset(Endpoint)


def quota_key(endpoint: Endpoint, symbol: str = "") -> str:
    """Return the key under which requests to this endpoint are counted together.

    Args:
        endpoint: What is asked.
        symbol: The instrument, or the type of instruments, that it is about.

    """
    request = f"{endpoint.method} {endpoint.path}"
    return f"{request} {symbol}" if endpoint.is_by_instrument else request
