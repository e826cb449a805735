"""An engine built from the journal is the engine that wrote it, whenever it was killed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botkit.engine.engine import Engine
from botkit.engine.recovery import recover
from botkit.journal.journal import Journal
from botkit.model.events import AnyEvent, OrderUpdate, Reconciled, Started, StateChanged, TradingState
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.market import Quote
from botkit.model.order import TRANSITIONS, Order, OrderChange, OrderStatus
from botkit.model.portfolio import Fill
from botkit.model.side import Side
from botkit.risk.gate import RiskGate
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.strategy.strategy import Strategy
from tests.journal.samples import BTC

INSTRUMENT = Instrument(
    symbol=BTC,
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
    min_size=Decimal("0.001"),
)
LIMITS = RiskLimits(
    instruments={
        BTC: InstrumentLimits(
            max_order_size=Decimal(1), max_order_value=Decimal(500), max_position_value=Decimal(2000)
        )
    },
    max_orders_per_s=1000,
)


class Puppet(Strategy):
    """Does at the next quote what the test has put in `next`."""

    def on_start(self) -> None:
        self.next: Callable[[Puppet], object] = lambda _: None
        self.subscribe_quotes(BTC)

    def on_quote(self, quote: Quote) -> None:
        self.next(self)
        self.next = lambda _: None


class Bot:
    """An engine, its one strategy and its journal; every step is journaled as the runtime does it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal.open(path, 0)
        self.engine = new_engine(self.journal.epoch)
        self.now_ns = 0
        self.tell(Started(recv_ns=0, epoch=self.journal.epoch))
        self.tell(Reconciled(recv_ns=0, fills=0, orders=0))

    def tell(self, event: AnyEvent) -> None:
        self.journal.record(self.engine.process(event))
        assert not self.engine.desks["puppet"].is_paused

    def act(self, verb: Callable[[Puppet], object]) -> None:
        self.now_ns += 1_000_000
        puppet = self.engine.desks["puppet"].strategy
        assert isinstance(puppet, Puppet)
        puppet.next = verb
        self.tell(
            Quote(recv_ns=self.now_ns, symbol=BTC, bid=100.0, bid_size=1.0, ask=100.2, ask_size=1.0),
        )

    def change(self, order: Order, change: OrderChange) -> None:
        if (order.status, change) in TRANSITIONS and change is not OrderChange.LAST_FILL:
            self.now_ns += 1_000_000
            self.tell(
                OrderUpdate(
                    recv_ns=self.now_ns,
                    symbol=BTC,
                    client_order_id=order.id,
                    change=change,
                    venue_order_id=f"v{order.id}",
                    amend_id=order.amending.amend_id if order.amending else "",
                    size=order.amending.size if order.amending else None,
                    limit_price=order.amending.limit_price if order.amending else None,
                    reason="the venue says so",
                )
            )

    def fill(self, order: Order, lots: int, trade_id: str) -> None:
        fillable = {OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.UNKNOWN, OrderStatus.CANCELED}
        size = min(order.remaining, lots * INSTRUMENT.lot_size)
        if size and order.status in fillable:
            self.now_ns += 1_000_000
            self.tell(
                Fill(
                    recv_ns=self.now_ns,
                    symbol=BTC,
                    client_order_id=order.id,
                    venue_order_id=f"v{order.id}",
                    trade_id=trade_id,
                    side=order.side,
                    price=order.limit_price or Decimal("100.2"),
                    size=size,
                    fee=-size / 1000,
                    fee_currency="BTC" if order.side is Side.BUY else "USDT",
                )
            )

    def restarted(self) -> Engine:
        self.journal.close()
        self.journal = Journal.open(self.path, 0)
        engine = new_engine(self.journal.epoch)
        recover(engine, self.journal.replay(), self.now_ns)
        return engine


def new_engine(epoch: int) -> Engine:
    engine = Engine(instruments={BTC: INSTRUMENT}, gate=RiskGate(LIMITS), epoch=epoch)
    engine.add_strategy("puppet", lambda desk: Puppet("puppet", Puppet.Params(), desk))
    return engine


def books(engine: Engine) -> dict[str, object]:
    """Return all that a restart must find again; an order that was on its way is not known of."""
    return {
        order.id: (
            OrderStatus.UNKNOWN if order.status is OrderStatus.PENDING else order.status,
            *(order.side, order.size, order.limit_price, order.filled_size, order.average_price),
            *(order.fees, order.venue_order_id, order.amending, order.request),
        )
        for order in orders(engine)
        if order.status is not OrderStatus.REFUSED  # it never left, so nothing is owed or owned
    } | {
        name: (position.size, position.average_price, position.realized_pnl, position.fees)
        for name, position in (("position", engine.accounts.position("puppet", BTC)),)
    }


def orders(engine: Engine) -> list[Order]:
    return list(engine.blotter._orders.values())


verbs: st.SearchStrategy[str | OrderChange] = st.one_of(
    st.sampled_from(["buy", "sell", "market", "amend", "fill"]),
    st.sampled_from(["buy", "sell", "market", "amend", "cancel", "fill", "kill", *OrderChange]),
)
moves = st.tuples(verbs, st.integers(0, 7), st.integers(1, 4))


def play(bot: Bot, move: tuple[str | OrderChange, int, int], turn: int) -> None:
    verb, number, lots = move
    known = orders(bot.engine)
    order = known[number % len(known)] if known else None
    size = lots * INSTRUMENT.lot_size
    match verb:
        case "buy":
            bot.act(lambda puppet: puppet.buy(BTC, size, limit_price=100.0))
        case "sell":
            bot.act(lambda puppet: puppet.sell(BTC, size, limit_price=100.2))
        case "market":
            bot.act(lambda puppet: puppet.buy(BTC, size))
        case "kill":
            bot.tell(StateChanged(recv_ns=bot.now_ns, state=TradingState.KILLED, reason="loss"))
        case _ if order is None:
            pass
        case "amend":
            bot.act(lambda puppet: puppet.amend(order, size=size))
        case "cancel":
            bot.act(lambda puppet: puppet.cancel(order))
        case "fill":
            bot.fill(order, lots, f"t{turn % 5}")  # some ids come twice
        case OrderChange():
            bot.change(order, verb)
        case _:
            raise AssertionError(verb)


@settings(deadline=None)  # a disk takes its time
@given(script=st.lists(moves, max_size=40))
def test_a_restarted_engine_owns_what_the_killed_one_did(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str | OrderChange, int, int]]
) -> None:
    bot = Bot(tmp_path_factory.mktemp("bot") / "bot.db")
    for turn, move in enumerate(script):
        play(bot, move, turn)

    restarted = bot.restarted()

    assert books(restarted) == books(bot.engine)
    assert restarted.states == bot.engine.states
    assert books(bot.restarted()) == books(bot.engine)
    bot.journal.close()


def test_a_killed_bot_is_still_killed_after_a_restart(tmp_path: Path) -> None:
    bot = Bot(tmp_path / "bot.db")
    bot.tell(StateChanged(recv_ns=1, state=TradingState.KILLED, reason="loss"))

    assert bot.restarted().state() is TradingState.KILLED
    bot.journal.close()


def test_an_order_whose_sending_was_not_confirmed_is_unknown_and_keeps_its_deadline(tmp_path: Path) -> None:
    bot = Bot(tmp_path / "bot.db")
    bot.act(lambda puppet: puppet.buy(BTC, Decimal("0.002"), limit_price=100.0))
    (sent,) = orders(bot.engine)

    (found,) = bot.restarted().blotter.open_orders()

    assert sent.status is OrderStatus.PENDING
    assert found.status is OrderStatus.UNKNOWN
    assert found.request.deadline_ns == sent.request.deadline_ns > 0
    assert found.created_ns == sent.created_ns
    bot.journal.close()


def test_no_id_of_an_earlier_boot_is_given_out_again(tmp_path: Path) -> None:
    bot = Bot(tmp_path / "bot.db")
    bot.act(lambda puppet: puppet.buy(BTC, Decimal("0.002"), limit_price=100.0))
    (sent,) = orders(bot.engine)

    engine = bot.restarted()

    assert engine.ids.next("puppet") != sent.id
    bot.journal.close()


def test_an_amendment_on_its_way_is_found_again(tmp_path: Path) -> None:
    bot = Bot(tmp_path / "bot.db")
    bot.act(lambda puppet: puppet.buy(BTC, Decimal("0.002"), limit_price=100.0))
    (sent,) = orders(bot.engine)
    bot.change(sent, OrderChange.ACCEPT)
    bot.act(lambda puppet: puppet.amend(sent, size=Decimal("0.003")))

    (found,) = bot.restarted().blotter.open_orders()

    assert found.amending == sent.amending
    assert found.amending is not None
    bot.journal.close()
