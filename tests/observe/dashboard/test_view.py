from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.model.events import Reconciled, Started, StateChanged, TradingState
from botkit.model.order import OrderChange
from botkit.observe.dashboard.view import MarketRow, StrategyRow, ViewBuilder
from botkit.observe.ledger import Ledger
from botkit.risk.scope import KeyScope
from tests.market import BTC, BTC_SWAP, NOON, S, fill, order_update, quote, spot, trade
from tests.observe.steps import ledger, refused, sent, step


class Watched:
    """A ledger and the view of it, shown the same steps."""

    def __init__(self, books: Ledger) -> None:
        self.books = books
        scope = KeyScope(permissions=("read_only", "trade"))
        self.builder = ViewBuilder(books, venue="OKX emulator", key_scope=scope)

    def observe(self, *steps: object) -> None:
        for turn in steps:
            self.books.observe(turn)  # type: ignore[arg-type]  # steps of any make
            self.builder.observe(turn)  # type: ignore[arg-type]


@pytest.fixture
def watched() -> Watched:
    return Watched(ledger())


def test_before_anything_has_happened_there_is_a_view(watched: Watched) -> None:
    view = watched.builder.view(NOON)

    assert (view.venue, view.key) == ("OKX emulator", "trade only, cannot withdraw")
    assert view.state is TradingState.RECONCILING
    assert (view.uptime_ns, view.markets, view.strategies, view.happenings) == (0, (), (), ())


def test_every_instrument_has_its_row_by_name(watched: Watched) -> None:
    watched.observe(step(trade(100.5, symbol=BTC_SWAP)), step(quote(99.9, 0.0)), step(trade(100.0)))

    assert watched.builder.view(NOON).markets == (
        MarketRow(symbol=BTC, digits=1, bid=99.9, ask=None, last=100.0),
        MarketRow(symbol=BTC_SWAP, digits=1, bid=None, ask=None, last=100.5),
    )


@pytest.mark.parametrize(("tick", "digits"), [("0.1", 1), ("0.00001", 5), ("1", 0), ("1E+1", 0)])
def test_prices_have_the_digits_of_the_tick(tick: str, digits: int) -> None:
    watched = Watched(Ledger({BTC: spot(tick_size=Decimal(tick))}))

    watched.observe(step(quote()))

    assert watched.builder.view(NOON).markets[0].digits == digits


def test_every_strategy_has_its_row_with_what_it_holds(watched: Watched) -> None:
    watched.observe(
        sent(strategy="ema"),
        step(fill("2", "100", fee=Decimal("-0.2"), fee_currency="USDT")),
        step(quote(104.0, 106.0), refused(strategy="grid")),
    )

    assert watched.builder.view(NOON).strategies == (
        StrategyRow(
            name="ema",
            positions={BTC: Decimal(2)},
            pnl={"USDT": Decimal("9.8")},
            orders=1,
            fills=1,
            refused=0,
        ),
        StrategyRow(name="grid", positions={}, pnl={}, orders=0, fills=0, refused=1),
    )


def test_dust_is_not_a_position(watched: Watched) -> None:
    watched.observe(sent(), step(fill("0.005")))

    assert watched.builder.view(NOON).strategies[0].positions == {}


def test_what_happens_is_kept_newest_last_without_the_noise(watched: Watched) -> None:
    watched.observe(sent(), step(order_update(OrderChange.ACCEPT)), step(fill()))

    kinds = [happening.telling.kind for happening in watched.builder.view(NOON).happenings]
    assert kinds == ["order", "fill"]


def test_the_same_thing_in_a_row_is_shown_once_with_its_count(watched: Watched) -> None:
    watched.observe(
        *(step(quote(recv_ns=NOON + n), refused()) for n in range(3)),
        step(quote(), refused(strategy="grid")),
        step(quote(), refused()),
    )

    happenings = watched.builder.view(NOON).happenings
    assert [(h.telling.strategy, h.times) for h in happenings] == [("test", 3), ("grid", 1), ("test", 1)]
    assert happenings[0].telling.ns == NOON + 2


def test_only_so_many_happenings_are_kept(watched: Watched) -> None:
    watched.observe(*(step(quote(), refused(measured=f"{n} bps")) for n in range(500)))

    happenings = watched.builder.view(NOON).happenings
    assert len(happenings) == 200
    assert "499 bps" in happenings[-1].telling.text


def test_the_uptime_counts_from_the_start_of_the_run(watched: Watched) -> None:
    watched.observe(step(Started(recv_ns=NOON, epoch=1)))

    assert watched.builder.view(NOON + 5 * S).uptime_ns == 5 * S


def test_a_state_that_is_not_active_comes_with_its_reason(watched: Watched) -> None:
    watched.observe(step(Reconciled(recv_ns=NOON, fills=0, orders=0)))
    assert (watched.builder.view(NOON).state, watched.builder.view(NOON).reason) == (TradingState.ACTIVE, "")

    watched.observe(step(StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="loss")))

    assert watched.builder.view(NOON).reason == "loss"


def test_a_view_does_not_change_afterwards(watched: Watched) -> None:
    before = watched.builder.view(NOON)

    watched.observe(sent(), step(fill()))

    assert (before.strategies, before.happenings) == ((), ())
