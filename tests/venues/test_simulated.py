from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.model.events import AnyEvent, OrderUpdate
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, OrderChange, OrderType, TimeInForce
from botkit.model.portfolio import Balance, Fill, Liquidity, PositionReport
from botkit.model.side import Side
from botkit.risk.approval import _SEAL, Approved
from botkit.sim.exchange import SimExchange
from botkit.sim.types import OrderRequest
from botkit.venues.simulated import SimulatedBroker

C = OrderChange


def instrument(symbol: str, kind: InstrumentKind) -> Instrument:
    return Instrument(
        symbol=symbol,
        kind=kind,
        base="BTC",
        quote="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.001"),
        min_size=Decimal("0.001"),
    )


SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"


class Setting:
    """An exchange with a bid of 99 and an offer of 101, size 5 each, and what its broker says."""

    def __init__(self) -> None:
        self.exchange = SimExchange(
            [instrument(SPOT, InstrumentKind.SPOT), instrument(SWAP, InstrumentKind.SWAP)], start_ns=1_000
        )
        for account in ("ours", "theirs"):
            self.exchange.open_account(account, {"USDT": Decimal(1000), "BTC": Decimal(10)})
        for symbol in (SPOT, SWAP):
            self.exchange.market(symbol).quote(Side.BUY, 990, 5_000, 1_000)
            self.exchange.market(symbol).quote(Side.SELL, 1010, 5_000, 1_000)
        self.said: list[AnyEvent] = []
        self.broker = SimulatedBroker(self.exchange, "ours", self.said.append)
        self.broker.report()
        self.said.clear()

    def place(
        self,
        client_order_id: str = "a",
        *,
        symbol: str = SPOT,
        side: Side = Side.BUY,
        size: str = "1",
        price: str | None = "98",
        post_only: bool = False,
    ) -> None:
        request = NewOrder(
            client_order_id=client_order_id,
            strategy="test",
            symbol=symbol,
            side=side,
            size=Decimal(size),
            limit_price=None if price is None else Decimal(price),
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            time_in_force=TimeInForce.IOC if price is None else TimeInForce.GTC,
            post_only=post_only,
        )
        self.broker.submit(Approved(request, seal=_SEAL))

    def amend(self, client_order_id: str = "a", *, size: str = "1", price: str = "98") -> None:
        request = AmendOrder(
            client_order_id=client_order_id,
            amend_id="m",
            strategy="test",
            symbol=SPOT,
            size=Decimal(size),
            limit_price=Decimal(price),
        )
        self.broker.submit(Approved(request, seal=_SEAL))

    def cancel(self, client_order_id: str = "a") -> None:
        self.broker.cancel(CancelOrder(client_order_id=client_order_id, strategy="test", symbol=SPOT))

    def updates(self) -> list[OrderUpdate]:
        return [event for event in self.said if isinstance(event, OrderUpdate)]

    def fills(self) -> list[Fill]:
        return [event for event in self.said if isinstance(event, Fill)]


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_an_order_that_waits_is_accepted_and_its_funds_are_held(setting: Setting) -> None:
    setting.place(price="98")

    (update,) = setting.updates()
    (balance,) = (event for event in setting.said if isinstance(event, Balance))
    assert (update.client_order_id, update.change, update.symbol) == ("a", C.ACCEPT, SPOT)
    assert update.venue_order_id
    assert (balance.currency, balance.total, balance.available) == ("USDT", Decimal(1000), Decimal(902))


def test_a_market_order_is_accepted_and_filled(setting: Setting) -> None:
    setting.place(price=None, size="2")

    (fill,) = setting.fills()
    assert [update.change for update in setting.updates()] == [C.ACCEPT]
    assert (fill.client_order_id, fill.side, fill.price, fill.size) == (
        "a",
        Side.BUY,
        Decimal(101),
        Decimal(2),
    )
    assert (fill.fee, fill.fee_currency) == (Decimal("-0.002"), "BTC")
    assert fill.liquidity is Liquidity.TAKER
    assert fill.cumulative_size == 2
    assert setting.said.index(fill) > setting.said.index(setting.updates()[0])


def test_what_a_market_order_cannot_get_is_canceled(setting: Setting) -> None:
    setting.place(price=None, size="7")

    last = setting.updates()[-1]
    assert (last.change, last.cumulative_size) == (C.CANCEL, Decimal(5))
    assert (last.code, last.reason) == ("market_remainder", "market remainder")


def test_a_waiting_order_is_filled_as_maker_when_the_market_comes_to_it(setting: Setting) -> None:
    setting.place(price="100", size="2")
    setting.said.clear()

    setting.exchange.market(SPOT).take(Side.SELL, 500, 1_000, 2_000)
    setting.broker.report()

    (fill,) = setting.fills()
    assert (fill.price, fill.size, fill.liquidity, fill.recv_ns) == (
        Decimal(100),
        Decimal("0.5"),
        Liquidity.MAKER,
        2_000,
    )


def test_a_post_only_order_that_would_trade_is_canceled(setting: Setting) -> None:
    setting.place(price="101", post_only=True)

    assert [(update.change, update.code) for update in setting.updates()] == [(C.CANCEL, "post_only")]


def test_what_the_exchange_does_not_take_is_rejected_with_its_reason(setting: Setting) -> None:
    setting.place(price="98", size="10.5")

    (update,) = setting.said
    assert isinstance(update, OrderUpdate)
    assert (update.change, update.code) == (C.REJECT, "insufficient_balance")
    assert update.reason == "insufficient balance: 1029.0000 USDT needed, 1000 available"


def test_an_amendment_is_confirmed_with_the_new_terms(setting: Setting) -> None:
    setting.place(price="98")
    setting.said.clear()

    setting.amend(size="2", price="97")

    (update,) = setting.updates()
    assert (update.change, update.size, update.limit_price) == (C.AMEND, Decimal(2), Decimal(97))


def test_an_amendment_that_crosses_trades(setting: Setting) -> None:
    setting.place(price="98")
    setting.said.clear()

    setting.amend(price="101")

    assert [update.change for update in setting.updates()] == [C.AMEND]
    assert [fill.price for fill in setting.fills()] == [101]


@pytest.mark.parametrize("known", [True, False], ids=["already over", "never placed"])
def test_an_amendment_of_nothing_fails_by_its_id(setting: Setting, *, known: bool) -> None:
    if known:
        setting.place(price="101")
    setting.said.clear()

    setting.amend()

    (update,) = setting.updates()
    assert (update.change, update.amend_id) == (C.AMEND_FAIL, "m")
    assert update.code == ("already_done" if known else "unknown_order")


def test_a_cancel_is_confirmed(setting: Setting) -> None:
    setting.place(price="98")
    setting.said.clear()

    setting.cancel()

    assert [(update.change, update.code) for update in setting.updates()] == [(C.CANCEL, "user")]


def test_a_cancel_of_nothing_fails(setting: Setting) -> None:
    setting.cancel()

    assert [(update.change, update.code) for update in setting.updates()] == [
        (C.CANCEL_FAIL, "unknown_order")
    ]


def test_a_swap_position_is_reported_with_its_sign(setting: Setting) -> None:
    setting.place(symbol=SWAP, side=Side.SELL, price=None, size="2")

    (report,) = (event for event in setting.said if isinstance(event, PositionReport))
    assert (report.symbol, report.size, report.average_price) == (SWAP, Decimal(-2), Decimal(99))


def test_what_others_do_is_not_told(setting: Setting) -> None:
    setting.exchange.submit(
        OrderRequest(
            account="theirs",
            symbol=SPOT,
            side=Side.BUY,
            type=OrderType.MARKET,
            size=Decimal(1),
        ),
        2_000,
    )

    setting.broker.report()

    assert setting.said == []
