"""What OKX says about the key that asks, and about the account it belongs to.

Source: https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration
"""

from __future__ import annotations

from typing import Final

import msgspec

from botkit.errors import ProtocolError
from botkit.model.instrument import InstrumentKind
from botkit.risk.scope import READ, KeyReport
from botkit.venues.okx import wire
from botkit.venues.okx.wire import ConfigRow

__all__ = ["AccountSettings", "decode_key_report", "decode_settings"]


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the account is set up.

    Attributes:
        level: `1` spot, `2` futures, `3` multi-currency, `4` portfolio margin.
        position_mode: `net_mode`, the only one botkit trades in, or `long_short_mode`.
        trade_modes: The `tdMode` of orders, by kind of instrument; a kind that cannot
            be traded at this level is absent.

    """

    level: str
    position_mode: str
    trade_modes: dict[InstrumentKind, str]


_SPOT, _SWAP = InstrumentKind.SPOT, InstrumentKind.SWAP
_TRADE_MODES: Final = {
    "1": {_SPOT: "cash"},
    "2": {_SPOT: "cash", _SWAP: "cross"},
    "3": {_SPOT: "cross", _SWAP: "cross"},
    "4": {_SPOT: "cross", _SWAP: "cross"},
}


def decode_settings(data: bytes) -> AccountSettings:
    """Return how the account is set up, from the row of `account/config`.

    Raises:
        ProtocolError: If there is no such row.

    """
    row = _config(data)
    if row is None:
        raise ProtocolError("OKX sent no account settings")
    return AccountSettings(
        level=row.acct_lv,
        position_mode=row.pos_mode,
        trade_modes=dict(_TRADE_MODES.get(row.acct_lv, {})),
    )


def decode_key_report(data: bytes) -> KeyReport:
    """Return what the row of `account/config` says about the key that asked, no more than it says.

    Raises:
        ProtocolError: If this is not even an answer.

    """
    row = _config(data) or ConfigRow()
    return KeyReport(
        permissions=_permissions(row.perm),
        ips=None if not isinstance(row.ip, str) else tuple(row.ip.split(",")) if row.ip else (),
        is_master=_is_master(row),
        is_lead_trader=_is_lead_trader(row),
        uid=row.uid if isinstance(row.uid, str) else "",
        label=row.label if isinstance(row.label, str) else "",
    )


def _config(data: bytes) -> ConfigRow | None:
    rows = wire.decode(data, _CONFIGS)
    return rows[0] if len(rows) == 1 else None


def _permissions(perm: object) -> tuple[str, ...] | None:
    if not isinstance(perm, str) or not perm:
        return None
    # OKX has written `read` for `read_only`; any other word is for the judge of the scope to refuse.
    return tuple(READ if word == "read" else word for word in perm.split(","))


def _is_master(row: ConfigRow) -> bool | None:
    said = isinstance(row.uid, str) and isinstance(row.main_uid, str) and row.uid and row.main_uid
    return row.uid == row.main_uid if said else None


def _is_lead_trader(row: ConfigRow) -> bool | None:
    roles = [row.role_type, row.spot_role_type]
    if "1" in roles:
        return True
    return False if all(role in ("0", "2") for role in roles) else None


_CONFIGS: Final = wire.decoder(list[ConfigRow])
