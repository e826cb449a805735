from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from botkit import Order, Side, TradingState
from botkit.model.events import StateChanged
from botkit.model.market import Quote
from botkit.strategy.discovery import find_strategy
from botkit.testing import Market

Quoter = find_strategy(str(Path(__file__).resolve().parents[2] / "strategies" / "quoter.py"))
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"


def started(symbol: str = SWAP, **params: object) -> Market:
    market = Market(symbol)
    chosen = {"half_spread_bps": 100.0, "skew_bps": 50.0, "size": 1, "max_inventory": 2, "tolerance_bps": 10}
    market.run(Quoter, symbol=symbol, **{**chosen, **params})
    return market


def working(market: Market) -> dict[str, tuple[str, str]]:
    return {
        order.side.value: (f"{order.remaining.normalize():f}", f"{order.limit_price}")
        for order in market.open_orders
    }


def test_it_quotes_at_the_same_distance_on_both_sides_of_the_middle() -> None:
    market = started()

    market.quote(999, 1001)

    assert working(market) == {"buy": ("1", "990.00"), "sell": ("1", "1010.00")}
    assert all(order.request.post_only for order in market.orders)


def test_it_follows_the_market() -> None:
    market = started()
    market.quote(999, 1001)

    market.quote(1004, 1006)

    assert working(market) == {"buy": ("1", "994.95"), "sell": ("1", "1015.05")}
    assert len(market.orders) == 2


def test_it_does_not_move_for_less_than_the_tolerance() -> None:
    market = started()
    market.quote(999, 1001)

    market.quote(999.5, 1001.5)

    assert working(market)["buy"] == ("1", "990.00")


def test_it_earns_its_distance_when_the_market_comes_to_it() -> None:
    market = started()
    market.quote(999, 1001)

    market.quote(988, 989)

    (fill,) = market.fills
    assert (fill.side, fill.price, fill.size) == (Side.BUY, Decimal(990), Decimal(1))
    assert market.position.size == 1


def test_what_it_holds_moves_both_prices_down() -> None:
    market = started()
    market.quote(999, 1001)

    market.quote(979, 981)  # buys 1 of at most 2: half of the skew, 25 bps

    assert working(market) == {"buy": ("1", "967.75"), "sell": ("1", "987.35")}


def test_what_it_owes_moves_both_prices_up() -> None:
    market = started()
    market.quote(999, 1001)

    market.quote(1019.5, 1021.5)  # sells 1

    assert working(market) == {"buy": ("1", "1012.84"), "sell": ("1", "1033.26")}


def test_at_its_limit_it_only_quotes_the_side_that_reduces() -> None:
    market = started(size=2)
    market.quote(999, 1001)

    market.quote(979, 981)

    assert market.position.size == 2
    assert working(market) == {"sell": ("2", "984.90")}


def test_on_the_spot_market_it_offers_no_more_than_it_has() -> None:
    market = started(SPOT)
    market.quote(999, 1001)
    assert list(working(market)) == ["buy"]

    market.quote(979, 981)

    assert market.position.size == Decimal("0.9992")  # the fee is taken out of what was bought
    assert working(market)["sell"][0] == "0.9992"


def test_it_leaves_a_market_that_has_lost_a_side() -> None:
    market = started()
    market.quote(999, 1001)

    market.tell(Quote(recv_ns=market.now_ns, symbol=SWAP, bid=0.0, bid_size=0.0, ask=1001.0, ask_size=1.0))

    assert market.open_orders == []


def halted(market: Market, state: TradingState) -> list[Order]:
    market.tell(StateChanged(recv_ns=market.now_ns, state=state, reason="a human said so"))
    market.quote(999, 1001)
    return market.open_orders


@pytest.mark.parametrize("state", [TradingState.REDUCE_ONLY, TradingState.CANCEL_ONLY, TradingState.KILLED])
def test_it_stops_when_it_may_not_trade_freely_and_asks_for_nothing(state: TradingState) -> None:
    market = started()
    market.quote(999, 1001)

    assert halted(market, state) == []
    assert market.refusals == []


def test_it_quotes_again_when_it_may() -> None:
    market = started()
    halted(market, TradingState.CANCEL_ONLY)

    assert len(halted(market, TradingState.ACTIVE)) == 2


def test_it_leaves_nothing_behind_when_it_stops() -> None:
    market = started()
    market.quote(999, 1001)

    market.stop()
    market.quote(1004, 1006)

    assert market.open_orders == []
