"""The gate's two answers: a sealed approval, or a refusal that explains itself."""

from __future__ import annotations

from typing import Final

import msgspec

from botkit.model.order import AmendOrder, NewOrder

__all__ = ["Approved", "Refused"]

_SEAL: Final = object()


class Approved:
    """An order or amendment that passed the gate. Only `RiskGate` can make one."""

    __slots__ = ("_request",)

    _request: NewOrder | AmendOrder

    def __init__(self, request: NewOrder | AmendOrder, *, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only RiskGate.review() approves orders")
        object.__setattr__(self, "_request", request)

    def __init_subclass__(cls) -> None:
        raise TypeError("Approved is sealed: it has no subclasses")

    def __repr__(self) -> str:
        return f"<Approved {self._request}>"

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("Approved is sealed: it does not change")

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("Approved is sealed: it is not copied or stored")

    @property
    def request(self) -> NewOrder | AmendOrder:
        """Return what was approved, exactly as it was reviewed."""
        return self._request


class Refused(msgspec.Struct, frozen=True, tag_field="type", tag="refused", kw_only=True):
    """An order or amendment that did not pass.

    Attributes:
        client_order_id: Ours.
        rule: Which rule refused, such as `price_collar`.
        measured: What the rule saw, as text with its unit.
        limit: What it allows, as text with its unit.
        remedy: What would have passed.

    """

    client_order_id: str
    strategy: str
    symbol: str
    rule: str
    measured: str
    limit: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.rule}: {self.measured}, limit {self.limit}"
        return f"{text}; {self.remedy}" if self.remedy else text
