"""Rows of an account in futures mode: configuration, balances, positions, fees, leverage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from botkit.model.instrument import Instrument
from botkit.sim.types import BalanceReport, PositionReport
from botkit.venues.okx.emulator.answers import Row
from botkit.venues.okx.emulator.auth import Caller
from botkit.venues.okx.emulator.wire import blank, milliseconds, plain, rounded

__all__ = [
    "MAINTENANCE_RATE",
    "balance_row",
    "config_row",
    "currency_row",
    "fee_row",
    "leverage_row",
    "position_row",
]

# Of the first tier of the major swaps.
MAINTENANCE_RATE: Final = Decimal("0.004")

_ACCOUNT: Final = blank(
    """
    uTime totalEq isoEq adjEq availEq ordFroz imr mmr borrowFroz mgnRatio notionalUsd
    notionalUsdForBorrow notionalUsdForSwap notionalUsdForFutures notionalUsdForOption upl delta
    deltaLever deltaNeutralStatus
    """
)
_CURRENCY: Final = blank(
    """
    ccy eq cashBal uTime isoEq availEq disEq fixedBal availBal frozenBal ordFrozen liab upl uplLiab
    crossLiab rewardBal isoLiab mgnRatio imr mmr interest twap frpType maxLoan eqUsd borrowFroz
    notionalLever stgyEq isoUpl spotInUseAmt clSpotInUseAmt maxSpotInUse spotIsoBal smtSyncEq
    spotCopyTradingEq spotBal openAvgPx accAvgPx spotUpl spotUplRatio totalPnl totalPnlRatio colRes
    colBorrAutoConversion autoLendStatus autoLendMtAmt autoLendAmt autoStakingStatus coinUsdPrice
    maxSpotInUseAmt
    """
)
_POSITION: Final = blank(
    """
    instType mgnMode posId posSide pos hedgedPos baseBal quoteBal baseBorrowed baseInterest
    quoteBorrowed quoteInterest posCcy availPos avgPx nonSettleAvgPx markPx upl uplRatio uplLastPx
    uplRatioLastPx instId lever liqPx imr margin mgnRatio mmr liab liabCcy interest tradeId optVal
    pendingCloseOrdLiabVal notionalUsd adl ccy last idxPx usdPx bePx deltaBS deltaPA gammaBS gammaPA
    thetaBS thetaPA vegaBS vegaPA spotInUseAmt spotInUseCcy clSpotInUseAmt maxSpotInUseAmt bizRefId
    bizRefType realizedPnl settledPnl pnl fee fundingFee liqPenalty closeOrderAlgo cTime uTime
    """
)
_CONFIG: Final = {
    "acctLv": "2",
    "acctStpMode": "cancel_maker",
    "autoLoan": False,
    "ctIsoMode": "automatic",
    "enableSpotBorrow": False,
    "greeksType": "PA",
    "feeType": "0",
    "kycLv": "3",
    "level": "Lv1",
    "levelTmp": "",
    "liquidationGear": "-1",
    "mgnIsoMode": "automatic",
    "opAuth": "0",
    "posMode": "net_mode",
    "spotBorrowAutoRepay": False,
    "spotOffsetType": "",
    "spotRoleType": "0",
    "spotTraderInsts": [],
    "stgyType": "0",
    "traderInsts": [],
    "settleCcy": "USDC",
    "settleCcyList": ["USD", "USDC", "USDG"],
}


def config_row(caller: Caller) -> Row:
    """Return what an account is set to, and what the key that asks may do."""
    user, key = caller.user, caller.key
    return {
        **_CONFIG,
        "uid": user.uid,
        "mainUid": user.main_uid,
        "type": "0" if user.is_master else "1",
        "roleType": user.role_type,
        "label": key.label,
        "perm": ",".join(key.perm),
        "ip": ",".join(key.ip),
    }


def balance_row(
    balances: Sequence[BalanceReport], usd_price: Callable[[str], Decimal | None], now_ns: int
) -> Row:
    """Return an account with those of its currencies."""
    details = [currency_row(balance, usd_price(balance.currency)) for balance in balances]
    worth = [
        (balance.cash + balance.unrealized_pnl) * (usd_price(balance.currency) or Decimal(0))
        for balance in balances
    ]
    changed_ns = max((balance.ns for balance in balances), default=now_ns)
    return {
        **_ACCOUNT,
        "uTime": milliseconds(changed_ns),
        "totalEq": plain(sum(worth, Decimal(0))),
        "isoEq": "0",
        "details": details,
    }


def currency_row(balance: BalanceReport, usd_price: Decimal | None) -> Row:
    """Return what an account has of one currency."""
    equity = balance.cash + balance.unrealized_pnl
    row: Row = {
        **_CURRENCY,
        "ccy": balance.currency,
        "eq": plain(equity),
        "cashBal": plain(balance.cash),
        "uTime": milliseconds(balance.ns),
        "isoEq": "0",
        "availEq": rounded(balance.available),
        "fixedBal": "0",
        "availBal": rounded(balance.available),
        "frozenBal": rounded(balance.frozen + balance.margin),
        "ordFrozen": rounded(balance.frozen),
        "upl": plain(balance.unrealized_pnl),
        "rewardBal": "0",
        "frpType": "0",
        "eqUsd": "" if usd_price is None else plain(equity * usd_price),
        "coinUsdPrice": "" if usd_price is None else plain(usd_price),
        "notionalLever": "0",
        "stgyEq": "0",
        "isoUpl": "0",
        "spotIsoBal": "0",
        "smtSyncEq": "0",
        "spotCopyTradingEq": "0",
        "colRes": "0",
        "colBorrAutoConversion": "0",
        "autoLendStatus": "unsupported",
        "autoLendMtAmt": "0",
        "autoLendAmt": "0",
        "autoStakingStatus": "unsupported",
        "collateralRestrict": False,
        "collateralEnabled": False,
    }
    if balance.margin:
        row["imr"] = rounded(balance.margin)
    return row


def position_row(instrument: Instrument, position: PositionReport, last_price: Decimal | None) -> Row:
    """Return a swap position in net mode, cross margin."""
    notional = abs(position.size) * position.mark_price
    upl = plain(position.unrealized_pnl)
    ratio = rounded(position.unrealized_pnl / position.margin) if position.margin else "0"
    last = "" if last_price is None else plain(last_price)
    at_last = (last_price - position.average_price) * position.size if last_price is not None else Decimal(0)
    return {
        **_POSITION,
        "instType": "SWAP",
        "mgnMode": "cross",
        "posId": str(position.position_id),
        "posSide": "net",
        "pos": plain(instrument.contracts(position.size)),
        "avgPx": rounded(position.average_price) if position.size else "",
        "markPx": plain(position.mark_price),
        "upl": upl,
        "uplRatio": ratio,
        "uplLastPx": plain(at_last),
        "uplRatioLastPx": rounded(at_last / position.margin) if position.margin else "0",
        "instId": position.symbol,
        "lever": plain(position.leverage),
        "imr": rounded(position.margin),
        "mmr": plain(notional * MAINTENANCE_RATE),
        "interest": "0",
        "tradeId": str(position.last_trade_id) if position.last_trade_id else "",
        "notionalUsd": plain(notional),
        "adl": "1",
        "ccy": instrument.quote,
        "last": last,
        "idxPx": plain(position.mark_price),
        "realizedPnl": plain(position.realized_pnl + position.fees),
        "settledPnl": "0",
        "pnl": plain(position.realized_pnl),
        "fee": plain(position.fees),
        "fundingFee": "0",
        "liqPenalty": "0",
        "closeOrderAlgo": [],
        "cTime": milliseconds(position.created_ns),
        "uTime": milliseconds(position.ns),
    }


def leverage_row(symbol: str, leverage: Decimal) -> Row:
    """Return the leverage an account uses for an instrument."""
    return {"instId": symbol, "ccy": "", "mgnMode": "cross", "posSide": "net", "lever": plain(leverage)}


def fee_row(inst_type: str, maker: Decimal, taker: Decimal, now_ns: int) -> Row:
    """Return what trading one type of instrument costs; negative is paid."""
    is_spot = inst_type in {"SPOT", "MARGIN"}
    group = {"taker": plain(taker), "maker": plain(maker), "groupId": "1" if is_spot else "4"}
    return {
        "level": "Lv1",
        "feeGroup": [{**group, "elpMaker": plain(maker), "rpiMaker": plain(maker)}],
        "delivery": "",
        "exercise": "",
        "instType": inst_type,
        "ts": milliseconds(now_ns),
        "taker": plain(taker) if is_spot else "",
        "maker": plain(maker) if is_spot else "",
        "takerU": "" if is_spot else plain(taker),
        "makerU": "" if is_spot else plain(maker),
        "takerUSDC": "",
        "makerUSDC": "",
        "ruleType": "normal",
        "category": "1",
        "fiat": [],
        "settle": "",
    }
