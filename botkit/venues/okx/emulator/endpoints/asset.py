"""`asset/*`: the funding account, which is empty, and the doors that a bot must never open."""

from __future__ import annotations

from typing import Final

from botkit.venues.okx.emulator.accounts import TRADE, WITHDRAW
from botkit.venues.okx.emulator.answers import Answer, Refused, rows
from botkit.venues.okx.emulator.rest import Call, Route

__all__ = ["ROUTES"]


def currencies(_call: Call) -> Answer:
    """List what can be deposited: nothing."""
    return rows([])


def balances(_call: Call) -> Answer:
    """List what the funding account has: nothing."""
    return rows([])


def transfer(call: Call) -> Answer:
    """Move money between accounts: there is none to move."""
    for name in ("ccy", "amt", "from", "to"):
        call.params.needed(name)
    raise Refused("58350")


def withdrawal(call: Call) -> Answer:
    """Withdraw: sub-accounts never can, and the funding account has nothing."""
    raise Refused("58350" if call.caller.user.is_master else "59504")


ROUTES: Final = (
    Route("GET", "asset/currencies", currencies),
    Route("GET", "asset/balances", balances),
    Route("POST", "asset/transfer", transfer, TRADE),
    Route("POST", "asset/withdrawal", withdrawal, WITHDRAW),
)
