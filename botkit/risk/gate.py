"""The one door that orders leave through.

    NewOrder, AmendOrder ──► RiskGate.review ──► Approved   goes to a broker
                                            └──► Refused    goes to the log, with its reason

A review is a list of rules, asked in order; the first that objects refuses. A
rule that lacks a fact objects. There is no switch that leaves a rule out, and
cancels do not come here: they always pass.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from botkit.model.duration import NS_PER_S
from botkit.model.order import NewOrder
from botkit.risk.approval import _SEAL, Approved, Refused
from botkit.risk.rules import RULES, Facts, Proposal

if TYPE_CHECKING:
    from botkit.model.order import AmendOrder, Order
    from botkit.risk.limits import RiskLimits

__all__ = ["RiskGate"]


class RiskGate:
    """Reviews orders against limits; remembers only how fast they come."""

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits
        self._approved_ns: dict[str, deque[int]] = {}

    def review(self, request: NewOrder, facts: Facts) -> Approved | Refused:
        """Judge a new order."""
        return self._judge(
            request,
            Proposal(
                symbol=request.symbol,
                side=request.side,
                size=request.size,
                open_size=request.size,
                limit_price=request.limit_price,
                is_amendment=False,
            ),
            facts,
        )

    def review_amendment(self, request: AmendOrder, order: Order, facts: Facts) -> Approved | Refused:
        """Judge new terms as if they were a new order; `facts` must not count the old ones."""
        return self._judge(
            request,
            Proposal(
                symbol=request.symbol,
                side=order.side,
                size=request.size,
                # Until the venue confirms, the larger of the old and the new size may fill.
                open_size=max(request.size - order.filled_size, order.remaining),
                limit_price=request.limit_price,
                is_amendment=True,
            ),
            facts,
        )

    def _judge(self, request: NewOrder | AmendOrder, proposal: Proposal, facts: Facts) -> Approved | Refused:
        for name, rule in RULES:
            objection = rule(proposal, facts, self._limits)
            if objection is not None:
                return _refusal(request, name, *objection)
        recent = self._recent(request.strategy, facts.now_ns)
        if len(recent) >= self._limits.max_orders_per_s:
            limit = f"{self._limits.max_orders_per_s} per s"
            return _refusal(request, "order_rate", f"{len(recent)} in the last s", limit, "wait a second")
        recent.append(facts.now_ns)
        return Approved(request, seal=_SEAL)

    def _recent(self, strategy: str, now_ns: int) -> deque[int]:
        recent = self._approved_ns.setdefault(strategy, deque())
        while recent and recent[0] <= now_ns - NS_PER_S:
            recent.popleft()
        return recent


def _refusal(request: NewOrder | AmendOrder, rule: str, measured: str, limit: str, remedy: str) -> Refused:
    return Refused(
        client_order_id=request.client_order_id,
        strategy=request.strategy,
        symbol=request.symbol,
        rule=rule,
        measured=measured,
        limit=limit,
        remedy=remedy,
    )
