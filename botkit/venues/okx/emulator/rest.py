"""REST: from the bytes of a request to the bytes of an answer, by a table of routes.

What a route needs is in its row: the permission, the rate, the function. A
request passes the same doors in the same order: route, signature, permission,
rate, parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

import msgspec
import orjson

from botkit.errors import InvariantError
from botkit.venues.okx.emulator.accounts import READ
from botkit.venues.okx.emulator.answers import Answer, Refused, refusal, unauthorized
from botkit.venues.okx.emulator.auth import Caller, SignedRequest, authenticate
from botkit.venues.okx.emulator.entry import OrderEntry
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.params import Params
from botkit.venues.okx.emulator.rates import READS, Rate

__all__ = ["Call", "Handler", "Rest", "Route"]

PREFIX: Final = "/api/v5/"
_NO_SUCH_PATH: Final = Answer(
    {
        "code": "404",
        "data": {},
        "detailMsg": "",
        "error_code": "404",
        "error_message": "Not Found",
        "msg": "Not Found",
    },
    404,
)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that has passed the doors.

    Attributes:
        floor: The exchange.
        entry: Its order entry.
        params: Of the query, or of the body if that is an object.
        items: The objects of the body, one unless it is an array.
        now_ns: When it came in, after the signature was checked.
        deadline: The header `expTime`, milliseconds; empty if it is not there.

    """

    floor: Floor
    entry: OrderEntry
    params: Params
    items: tuple[Params, ...]
    now_ns: int
    deadline: str
    caller_or_none: Caller | None

    @property
    def caller(self) -> Caller:
        """Return who calls; routes without a permission have nobody."""
        if self.caller_or_none is None:
            raise InvariantError("a public route asks who calls")
        return self.caller_or_none

    @property
    def uid(self) -> str:
        """Return the user who calls."""
        return self.caller.user.uid


Handler = Callable[[Call], Answer]


class Route(msgspec.Struct, frozen=True):
    """One endpoint.

    Attributes:
        method: `GET` or `POST`.
        path: After `/api/v5/`.
        handler: What answers it.
        permission: Of the key; empty for public endpoints.
        rate: Per user, or per address if it is public; None if the handler counts.

    """

    method: str
    path: str
    handler: Handler
    permission: str = READ
    rate: Rate | None = READS


class Rest:
    """All endpoints."""

    def __init__(self, floor: Floor, entry: OrderEntry, routes: tuple[Route, ...]) -> None:
        self._floor = floor
        self._entry = entry
        self._routes = {(route.method, PREFIX + route.path): route for route in routes}
        self._paths = {path for _, path in self._routes}

    def answer(self, request: SignedRequest) -> Answer:
        """Answer a request; everything that follows from it has happened when this returns."""
        path, _, query = request.target.partition("?")
        route = self._routes.get((request.method, path))
        if route is None:
            return refusal(Refused("50115")) if path in self._paths else _NO_SUCH_PATH
        try:
            caller = self._caller(route, request)
        except Refused as refused:
            return unauthorized(refused)
        try:
            return self._serve(route, request, query, caller)
        except Refused as refused:
            return refusal(refused)

    def _caller(self, route: Route, request: SignedRequest) -> Caller | None:
        if not route.permission:
            return None
        caller = authenticate(request, self._floor.accounts, self._floor.now_ns())
        if not caller.key.may(route.permission):
            raise Refused("50120")
        return caller

    def _serve(self, route: Route, request: SignedRequest, query: str, caller: Caller | None) -> Answer:
        now_ns = self._floor.now_ns()
        if route.rate is not None:
            who = request.address if caller is None else caller.user.uid
            self._floor.rates.take(route.rate, (route.method, route.path, who), now_ns)
        if route.method == "GET":
            items: tuple[Params, ...] = (Params(dict(parse_qsl(query, keep_blank_values=True))),)
        else:
            items = _parse_body(request)
        params = items[0] if len(items) == 1 else Params({})
        call = Call(
            floor=self._floor,
            entry=self._entry,
            params=params,
            items=items,
            now_ns=now_ns,
            deadline=request.headers.get("expTime", ""),
            caller_or_none=caller,
        )
        return route.handler(call)


def _parse_body(request: SignedRequest) -> tuple[Params, ...]:
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
    if content_type != "application/json":
        raise Refused("50006")
    if not request.body:
        raise Refused("50000")
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Refused("50002") from None
    items = body if isinstance(body, list) else [body]
    if not all(isinstance(item, dict) for item in items):
        raise Refused("50002")
    return tuple(Params(item) for item in items)
