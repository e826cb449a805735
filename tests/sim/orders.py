"""Small instruments, accounts and orders to trade in tests of the simulated exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.types import OrderReport, OrderRequest, ReportKind, SelfTradePrevention

SPOT: Final = Instrument(
    symbol="BTC-USDT",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
    min_size=Decimal("0.01"),
    max_limit_size=Decimal(50),
    max_market_size=Decimal(5),
)
SWAP: Final = Instrument(
    symbol="BTC-USDT-SWAP",
    kind=InstrumentKind.SWAP,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.0001"),
    min_size=Decimal("0.0001"),
    contract_value=Decimal("0.01"),
)

BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


def request(
    account: str,
    side: Side,
    size: str,
    price: str | None = None,
    *,
    symbol: str = SPOT.symbol,
    time_in_force: TimeInForce = GTC,
    post_only: bool = False,
    reduce_only: bool = False,
    size_in_quote: bool = False,
    client_order_id: str = "",
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_MAKER,
) -> OrderRequest:
    return OrderRequest(
        account=account,
        symbol=symbol,
        side=side,
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        size=Decimal(size),
        limit_price=None if price is None else Decimal(price),
        time_in_force=time_in_force,
        post_only=post_only,
        reduce_only=reduce_only,
        size_in_quote=size_in_quote,
        client_order_id=client_order_id,
        stp=stp,
    )


def exchange(*accounts: str, usdt: str = "100000", btc: str = "100", band: str = "0.05") -> SimExchange:
    """Return an exchange that lists both instruments, with accounts of equal wealth and nobody's flow."""
    opened = SimExchange([SPOT, SWAP], price_band=Decimal(band))
    for name in accounts:
        opened.open_account(name, {"USDT": Decimal(usdt), "BTC": Decimal(btc)})
    return opened


def order_reports(sim: SimExchange, account: str) -> list[tuple[ReportKind, OrderReport]]:
    """Drain, and return what was said about one account's orders."""
    reports = [report for report in sim.drain() if isinstance(report, OrderReport)]
    return [(report.kind, report) for report in reports if report.order.request.account == account]


def kinds(sim: SimExchange, account: str) -> list[ReportKind]:
    return [kind for kind, _ in order_reports(sim, account)]
