from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from botkit.model.side import Side
from botkit.sim.matching import BACKGROUND, MAX_MATCHES, Incoming, MatchingBook, Resting
from botkit.sim.types import CancelCause, SelfTradePrevention

BUY, SELL = Side.BUY, Side.SELL
MAKER, TAKER, BOTH = SelfTradePrevention


def book(*orders: tuple[int, str, Side, int, int]) -> MatchingBook:
    made = MatchingBook()
    for order in orders:
        made.add(Resting(*order))
    return made


def matches(made: MatchingBook, taker: Incoming) -> list[tuple[int, int]]:
    return [(maker.id, lots) for maker, lots in made.plan(taker).steps]


def test_the_best_price_comes_first_and_then_the_oldest() -> None:
    made = book((1, "a", SELL, 101, 5), (2, "a", SELL, 100, 5), (3, "b", SELL, 100, 5))

    assert matches(made, Incoming(9, "c", BUY, 101, 12)) == [(2, 5), (3, 5), (1, 2)]


def test_what_does_not_match_waits_at_its_limit() -> None:
    made = book((1, "a", SELL, 100, 5))
    taker = Incoming(9, "c", BUY, 100, 8)

    rest = made.execute(taker, made.plan(taker))

    assert rest is not None
    assert (rest.ticks, rest.lots) == (100, 3)
    assert (made.best_bid, made.best_ask) == (100, None)


def test_a_plan_changes_nothing() -> None:
    made = book((1, "a", SELL, 100, 5), (2, "a", BUY, 99, 5))

    made.plan(Incoming(9, "c", BUY, None, 8, remainder=CancelCause.MARKET_REMAINDER))

    assert made.depth(SELL, 5) == [(100, 5, 1)]
    assert made.depth(BUY, 5) == [(99, 5, 1)]


@pytest.mark.parametrize("price", [100, 101], ids=["at the best offer", "through it"])
def test_a_post_only_order_that_would_trade_does_nothing(price: int) -> None:
    made = book((1, "a", SELL, 100, 5))

    plan = made.plan(Incoming(9, "c", BUY, price, 8, post_only=True))

    assert (plan.steps, plan.rests, plan.ending) == ([], False, CancelCause.POST_ONLY)


def test_a_post_only_order_that_would_not_trade_waits() -> None:
    assert book((1, "a", SELL, 100, 5)).plan(Incoming(9, "c", BUY, 99, 8, post_only=True)).rests


def test_what_is_immediate_or_cancel_does_not_wait() -> None:
    plan = book((1, "a", SELL, 100, 5)).plan(Incoming(9, "c", BUY, 100, 8, remainder=CancelCause.IOC))

    assert (plan.lots, plan.left, plan.rests, plan.ending) == (5, 3, False, CancelCause.IOC)


def test_what_is_fill_or_kill_does_nothing_by_halves() -> None:
    made = book((1, "a", SELL, 100, 5), (2, "a", SELL, 101, 5))

    short = made.plan(Incoming(9, "c", BUY, 100, 6, remainder=CancelCause.FOK))
    enough = made.plan(Incoming(9, "c", BUY, 101, 6, remainder=CancelCause.FOK))

    assert (short.steps, short.left, short.ending) == ([], 6, CancelCause.FOK)
    assert (enough.lots, enough.left, enough.ending) == (6, 0, None)


def test_fill_or_kill_does_not_count_on_orders_of_its_own_account() -> None:
    made = book((1, "c", SELL, 100, 5), (2, "a", SELL, 100, 5))

    assert made.plan(Incoming(9, "c", BUY, 100, 6, remainder=CancelCause.FOK)).ending is CancelCause.FOK


@pytest.mark.parametrize(
    ("stp", "steps", "ending"),
    [
        (MAKER, [(1, 2), (2, 0), (3, 3)], None),
        (TAKER, [(1, 2)], CancelCause.SELF_TRADE),
        (BOTH, [(1, 2), (2, 0)], CancelCause.SELF_TRADE),
    ],
    ids=["the waiting one goes", "the coming one goes", "both go"],
)
def test_nobody_trades_with_himself(
    stp: SelfTradePrevention, steps: list[tuple[int, int]], ending: CancelCause | None
) -> None:
    made = book((1, "a", SELL, 100, 2), (2, "c", SELL, 100, 2), (3, "a", SELL, 101, 9))
    taker = Incoming(9, "c", BUY, 101, 5, stp=stp)

    assert matches(made, taker) == steps
    assert made.plan(taker).ending is ending


def test_the_market_trades_with_itself() -> None:
    made = book((1, BACKGROUND, SELL, 100, 2))

    assert matches(made, Incoming(9, BACKGROUND, BUY, 100, 2)) == [(1, 2)]


@pytest.mark.parametrize("budget", [None, 10**9], ids=["a size", "a budget"])
def test_an_order_meets_at_most_a_thousand_others(budget: int | None) -> None:
    made = book(*((n, "a", SELL, 100, 1) for n in range(MAX_MATCHES + 1)))

    plan = made.plan(Incoming(-1, "c", BUY, 100, MAX_MATCHES + 1, budget=budget))

    assert (plan.lots, plan.ending) == (MAX_MATCHES, CancelCause.TOO_MANY_MATCHES)
    assert not plan.rests


def test_exactly_a_thousand_matches_are_not_too_many() -> None:
    made = book(*((n, "a", SELL, 100, 1) for n in range(MAX_MATCHES + 1)))

    plan = made.plan(Incoming(-1, "c", BUY, 100, MAX_MATCHES))

    assert (plan.lots, plan.ending) == (MAX_MATCHES, None)


def test_fill_or_kill_with_too_many_matches_does_nothing() -> None:
    made = book(*((n, "a", SELL, 100, 1) for n in range(MAX_MATCHES + 1)))

    plan = made.plan(Incoming(-1, "c", BUY, 100, MAX_MATCHES + 1, remainder=CancelCause.FOK))

    assert (plan.steps, plan.ending) == ([], CancelCause.TOO_MANY_MATCHES)


def test_a_budget_is_spent_to_the_last_lot_that_it_buys() -> None:
    made = book((1, "a", SELL, 100, 2), (2, "a", SELL, 110, 9))

    plan = made.plan(Incoming(9, "c", BUY, None, 0, budget=435, remainder=CancelCause.MARKET_REMAINDER))

    assert [(maker.id, lots) for maker, lots in plan.steps] == [(1, 2), (2, 2)]
    assert (plan.value, plan.ending, plan.rests) == (420, None, False)


def test_a_budget_that_the_book_cannot_take_is_canceled() -> None:
    made = book((1, "a", SELL, 100, 2))

    plan = made.plan(Incoming(9, "c", BUY, None, 0, budget=435, remainder=CancelCause.MARKET_REMAINDER))

    assert (plan.value, plan.ending) == (200, CancelCause.MARKET_REMAINDER)


def test_a_budget_that_stops_between_two_prices_is_filled() -> None:
    made = book((1, "a", SELL, 100, 2), (2, "a", SELL, 110, 2))

    plan = made.plan(Incoming(9, "c", BUY, None, 0, budget=300, remainder=CancelCause.MARKET_REMAINDER))

    assert [(maker.id, lots) for maker, lots in plan.steps] == [(1, 2)]
    assert plan.ending is None


def test_a_budget_that_is_fill_or_kill_does_nothing_by_halves() -> None:
    made = book((1, "a", SELL, 100, 2))

    plan = made.plan(Incoming(9, "c", BUY, None, 0, budget=435, remainder=CancelCause.FOK))

    assert (plan.steps, plan.ending) == ([], CancelCause.FOK)


def test_an_order_says_what_it_is() -> None:
    assert repr(Resting(1, BACKGROUND, SELL, 100, 2)) == "<Resting 1 background sell 2 @ 100>"


def test_a_budget_that_is_spent_exactly_is_filled() -> None:
    made = book((1, "a", SELL, 100, 2))

    assert made.plan(Incoming(9, "c", BUY, None, 0, budget=200, remainder=CancelCause.IOC)).ending is None


@pytest.mark.parametrize(
    ("stp", "steps", "ending"),
    [
        (MAKER, [(1, 0), (2, 3)], None),
        (TAKER, [], CancelCause.SELF_TRADE),
        (BOTH, [(1, 0)], CancelCause.SELF_TRADE),
    ],
    ids=["the waiting one goes", "the coming one goes", "both go"],
)
def test_a_budget_is_not_spent_on_ones_own_orders(
    stp: SelfTradePrevention, steps: list[tuple[int, int]], ending: CancelCause | None
) -> None:
    made = book((1, "c", SELL, 100, 2), (2, "a", SELL, 100, 9))
    taker = Incoming(9, "c", BUY, None, 0, budget=300, remainder=CancelCause.MARKET_REMAINDER, stp=stp)

    assert matches(made, taker) == steps
    assert made.plan(taker).ending is ending


def test_a_smaller_order_keeps_its_place_and_a_removed_one_is_gone() -> None:
    made = book((1, "a", SELL, 100, 5), (2, "b", SELL, 100, 5), (3, "b", SELL, 99, 5))
    first, second = made.orders_at(SELL, 100)

    made.shrink(first, 3)
    made.remove(made.orders_at(SELL, 99)[0])

    assert made.orders_at(SELL, 100) == [first, second]
    assert made.depth(SELL, 5) == [(100, 7, 2)]


def test_the_last_of_a_queue_may_grow() -> None:
    made = book((1, "a", BUY, 100, 5))

    made.grow(made.orders_at(BUY, 100)[0], 2)

    assert made.level(BUY, 100) == (7, 1)


def test_changed_levels_are_told_once() -> None:
    made = book((1, "a", SELL, 100, 5), (2, "a", BUY, 98, 5), (3, "a", SELL, 100, 5))

    assert made.changed_levels() == [(BUY, 98), (SELL, 100)]
    assert made.changed_levels() == []


def test_depth_is_the_best_first_and_no_more_than_asked_for() -> None:
    made = book(*((n, "a", BUY, 90 + n, 1) for n in range(5)))

    assert [ticks for ticks, _, _ in made.depth(BUY, 3)] == [94, 93, 92]
    assert made.depth(BUY, 0) == []


class Judged(NamedTuple):
    """An order as the naive matcher keeps it: a row in a list."""

    arrival: int
    id: int
    owner: str
    side: Side
    ticks: int
    lots: int


class NaiveMatcher:
    """The same rules without any structure: one list, sorted anew for every order."""

    def __init__(self) -> None:
        self.rows: list[Judged] = []
        self.arrivals = 0

    def submit(self, taker: Incoming) -> tuple[list[tuple[int, int]], CancelCause | None]:
        before = list(self.rows)
        sign = 1 if taker.side is BUY else -1
        inside = [
            row
            for row in self.rows
            if row.side is not taker.side and (taker.limit is None or sign * (row.ticks - taker.limit) <= 0)
        ]
        inside.sort(key=lambda row: (sign * row.ticks, row.arrival))
        if taker.post_only and inside:
            return [], CancelCause.POST_ONLY
        done, left, ending = [], taker.lots, None
        for row in inside:
            if left == 0:
                break
            if row.owner == taker.owner:
                if taker.stp is not TAKER:
                    self.rows.remove(row)
                    done.append((row.id, 0))
                if taker.stp is not MAKER:
                    ending = CancelCause.SELF_TRADE
                    break
                continue
            lots = min(left, row.lots)
            left -= lots
            done.append((row.id, lots))
            place = self.rows.index(row)
            self.rows[place : place + 1] = [row._replace(lots=row.lots - lots)] if row.lots > lots else []
        if left and ending is None:
            ending = taker.remainder
        if left and taker.remainder is CancelCause.FOK:
            self.rows = before
            return [], ending
        if left and ending is None:
            assert taker.limit is not None
            self.rows.append(Judged(self.arrivals, taker.id, taker.owner, taker.side, taker.limit, left))
            self.arrivals += 1
        return done, ending if left else None

    def cancel(self, order_id: int) -> None:
        self.rows = [row for row in self.rows if row.id != order_id]

    def depth(self, side: Side) -> list[tuple[int, int, int]]:
        prices = sorted({row.ticks for row in self.rows if row.side is side}, reverse=side is BUY)
        return [
            (ticks, sum(r.lots for r in here), len(here))
            for ticks in prices
            for here in [[r for r in self.rows if r.side is side and r.ticks == ticks]]
        ]


class MatchingAgainstAJudge(RuleBasedStateMachine):
    """Whatever comes, the book does what the naive matcher does."""

    @initialize()
    def start(self) -> None:
        self.book = MatchingBook()
        self.judge = NaiveMatcher()
        self.resting: dict[int, Resting] = {}
        self.last_id = 0
        self.sent = self.traded_twice = self.gone = 0

    @rule(
        owner=st.sampled_from("abc"),
        side=st.sampled_from(Side),
        ticks=st.integers(95, 105),
        lots=st.integers(1, 12),
        remainder=st.sampled_from([None, None, None, CancelCause.IOC, CancelCause.FOK]),
        is_market=st.booleans(),
        post_only=st.booleans(),
        stp=st.sampled_from(SelfTradePrevention),
    )
    def submit(
        self,
        *,
        owner: str,
        side: Side,
        ticks: int,
        lots: int,
        remainder: CancelCause | None,
        is_market: bool,
        post_only: bool,
        stp: SelfTradePrevention,
    ) -> None:
        self.last_id += 1
        limit = None if is_market and remainder else ticks
        post_only = post_only and remainder is None
        taker = Incoming(
            self.last_id, owner, side, limit, lots, remainder=remainder, post_only=post_only, stp=stp
        )
        sizes = {order.id: order.lots for order in self.resting.values()}

        plan = self.book.plan(taker)
        rest = self.book.execute(taker, plan)
        judged, ending = self.judge.submit(taker)

        assert [(maker.id, lots) for maker, lots in plan.steps] == judged
        assert plan.ending is ending
        if remainder is CancelCause.FOK:
            assert plan.lots in {0, lots}
        self.sent += lots
        self.traded_twice += 2 * plan.lots
        self.gone += sum(sizes[maker.id] for maker, n in plan.steps if not n)
        self.gone += 0 if plan.rests else plan.left
        self.resting = {key: order for key, order in self.resting.items() if order.lots}
        if rest is not None:
            self.resting[rest.id] = rest

    @precondition(lambda self: self.resting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = self.resting.pop(data.draw(st.sampled_from(sorted(self.resting))))
        self.gone += order.lots
        self.judge.cancel(order.id)
        self.book.remove(order)

    @invariant()
    def the_book_is_the_judges(self) -> None:
        assert self.book.depth(BUY, 99) == self.judge.depth(BUY)
        assert self.book.depth(SELL, 99) == self.judge.depth(SELL)

    @invariant()
    def it_is_not_crossed(self) -> None:
        if self.book.best_bid is not None and self.book.best_ask is not None:
            assert self.book.best_bid < self.book.best_ask

    @invariant()
    def no_lot_is_lost_or_made(self) -> None:
        waiting = sum(order.lots for order in self.resting.values())
        assert self.sent == self.traded_twice + self.gone + waiting


TestMatchingAgainstAJudge = MatchingAgainstAJudge.TestCase
TestMatchingAgainstAJudge.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(Side), st.integers(98, 102), st.integers(1, 5)),
        max_size=30,
    )
)
def test_the_same_orders_make_the_same_book(orders: list[tuple[str, Side, int, int]]) -> None:
    def run() -> list[object]:
        made = MatchingBook()
        seen: list[object] = []
        for n, (owner, side, ticks, lots) in enumerate(orders):
            taker = Incoming(n, owner, side, ticks, lots)
            plan = made.plan(taker)
            made.execute(taker, plan)
            seen.append(([(maker.id, lots) for maker, lots in plan.steps], plan.left))
        return [*seen, made.depth(BUY, 9), made.depth(SELL, 9), made.changed_levels()]

    assert run() == run()
