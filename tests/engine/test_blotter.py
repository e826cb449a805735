from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from botkit.engine.blotter import Blotter
from botkit.errors import InvariantError
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.side import Side
from tests.market import BTC, BTC_SWAP, NOON, S, amend_order, fill, order, order_update

_C, _S = OrderChange, OrderStatus


@pytest.fixture
def blotter() -> Blotter:
    return Blotter()


@pytest.fixture
def mine(blotter: Blotter) -> Order:
    """An order to buy one coin at 100, not answered yet."""
    made = order()
    blotter.add(made)
    return made


def add(blotter: Blotter, number: int, *changes: OrderChange, **terms: object) -> Order:
    made = order(client_order_id=f"bk{number}", **terms)
    blotter.add(made)
    for change in changes:
        blotter.change(made, change, NOON)
    return made


def status_of(each: Order) -> OrderStatus:
    return each.status


# ---- who is open, and how much of them


def test_an_order_is_found_by_our_id(blotter: Blotter, mine: Order) -> None:
    assert blotter.get("bk000001") is mine
    assert blotter.get("bk000002") is None


def test_open_orders_are_told_oldest_first_of_one_instrument_or_of_all(blotter: Blotter) -> None:
    first = add(blotter, 1)
    other = add(blotter, 2, symbol=BTC_SWAP)
    add(blotter, 3, _C.CANCEL)
    last = add(blotter, 4, _C.LOSE)

    assert blotter.open_orders() == [first, other, last]
    assert blotter.open_orders(BTC) == [first, last]
    assert blotter.open_orders("ETH-USDT") == []
    assert blotter.open_count == 3


def test_an_order_that_is_over_before_it_is_added_is_not_open(blotter: Blotter) -> None:
    blotter.add(order(_C.REFUSE))

    assert blotter.open_count == 0
    assert blotter.get("bk000001") is not None


def test_an_order_that_traded_whatever_the_answer_said_is_open_again(blotter: Blotter, mine: Order) -> None:
    blotter.change(mine, _C.REJECT, NOON)
    assert blotter.open_count == 0

    blotter.book(fill("0.4"))

    assert status_of(mine) is _S.OPEN
    assert blotter.working(BTC, Side.BUY) == Decimal("0.6")


def test_what_works_is_counted_by_side_and_instrument(blotter: Blotter) -> None:
    add(blotter, 1, size="1")
    add(blotter, 2, _C.LOSE, size="2")
    add(blotter, 3, _C.ACCEPT, size="4", side=Side.SELL)
    add(blotter, 4, _C.ACCEPT, size="8", symbol=BTC_SWAP)
    add(blotter, 5, _C.CANCEL, size="16")

    assert blotter.working(BTC, Side.BUY) == 3
    assert blotter.working(BTC, Side.SELL) == 4
    assert blotter.working(BTC_SWAP, Side.BUY) == 8
    assert blotter.working("ETH-USDT", Side.BUY) == 0


def test_of_a_working_order_what_is_not_filled_counts(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("0.3"))

    assert blotter.working(BTC, Side.BUY) == Decimal("0.7")


def test_an_order_may_be_left_out_of_the_count(blotter: Blotter, mine: Order) -> None:
    add(blotter, 2, size="2")

    assert blotter.working(BTC, Side.BUY, excluding=mine.id) == 2


def test_an_unknown_order_counts_until_its_absence_is_proved(blotter: Blotter, mine: Order) -> None:
    blotter.apply(mine, order_update(_C.LOSE))
    assert blotter.working(BTC, Side.BUY) == 1
    assert blotter.open_count == 1

    blotter.apply(mine, order_update(_C.CANCEL_FAIL))
    assert blotter.working(BTC, Side.BUY) == 1

    blotter.apply(mine, order_update(_C.ABSENT))
    assert blotter.working(BTC, Side.BUY) == 0
    assert blotter.open_count == 0


# ---- fills


def test_fills_add_up_to_a_size_an_average_price_and_fees_by_currency(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("0.25", "100", trade_id="t1", fee=Decimal("-0.02"), fee_currency="USDT"))
    blotter.book(fill("0.25", "98", trade_id="t2", fee=Decimal("-0.03"), fee_currency="USDT"))
    blotter.book(fill("0.5", "97", trade_id="t3", fee=Decimal("-0.0005"), fee_currency="BTC"))

    assert mine.filled_size == 1
    assert mine.average_price == 98
    assert mine.fees == {"USDT": Decimal("-0.05"), "BTC": Decimal("-0.0005")}
    assert status_of(mine) is _S.FILLED


def test_a_fill_without_a_fee_leaves_none(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill())

    assert mine.fees == {}


def test_a_fill_before_the_last_leaves_the_order_open(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("0.999", recv_ns=NOON + S))
    assert status_of(mine) is _S.OPEN
    assert mine.updated_ns == NOON + S

    blotter.book(fill("0.001", trade_id="t2"))
    assert status_of(mine) is _S.FILLED


def test_a_fill_is_booked_once(blotter: Blotter, mine: Order) -> None:
    assert not blotter.is_booked(fill("0.4"))
    assert blotter.book(fill("0.4")) is mine
    assert blotter.is_booked(fill("0.4"))
    assert blotter.book(fill("0.4", recv_ns=NOON + S)) is None

    assert mine.filled_size == Decimal("0.4")


def test_two_orders_may_share_a_trade_and_two_instruments_an_id(blotter: Blotter) -> None:
    buy = add(blotter, 1)
    sale = add(blotter, 2, side=Side.SELL)
    other = add(blotter, 3, symbol=BTC_SWAP)

    for each, venue_order_id in ((buy, "7001"), (sale, "7002"), (other, "7001")):
        told: dict[str, Any] = {"symbol": each.symbol, "side": each.side, "client_order_id": each.id}
        blotter.book(fill("0.4", venue_order_id=venue_order_id, **told))

    assert [each.filled_size for each in (buy, sale, other)] == [Decimal("0.4")] * 3


def test_where_the_venue_gives_orders_no_id_ours_tells_them_apart(blotter: Blotter) -> None:
    buy = add(blotter, 1)
    sale = add(blotter, 2, side=Side.SELL)

    for each in (buy, sale, buy):
        blotter.book(fill("0.4", side=each.side, client_order_id=each.id, venue_order_id=""))

    assert [each.filled_size for each in (buy, sale)] == [Decimal("0.4")] * 2


def test_a_strangers_fill_is_remembered_and_not_booked(blotter: Blotter) -> None:
    strange = fill(client_order_id="")
    assert blotter.book(strange) is None
    assert not blotter.is_booked(strange)

    blotter.remember(strange)

    assert blotter.is_booked(strange)


def test_a_fill_brings_the_venues_id_of_the_order(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("0.1", venue_order_id="7001"))
    blotter.book(fill("0.1", venue_order_id="9999", trade_id="t2"))

    assert mine.venue_order_id == "7001"


def test_more_than_was_asked_for_is_booked_all_the_same(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("1.5"))

    assert mine.filled_size == Decimal("1.5")
    assert mine.remaining == 0


def test_a_fill_of_what_was_proved_absent_is_booked_all_the_same(blotter: Blotter, mine: Order) -> None:
    blotter.apply(mine, order_update(_C.ABSENT))

    blotter.book(fill())

    assert mine.status is _S.FILLED


# ---- what the venue says


def test_an_acceptance_brings_the_venues_id_and_keeps_the_first(blotter: Blotter, mine: Order) -> None:
    assert not blotter.apply(mine, order_update(_C.ACCEPT, venue_order_id="7001"))
    assert not blotter.apply(mine, order_update(_C.ACCEPT, venue_order_id="9999"))

    assert (mine.status, mine.venue_order_id) == (_S.OPEN, "7001")


def test_the_word_that_all_is_filled_waits_for_the_fills(blotter: Blotter, mine: Order) -> None:
    done = order_update(_C.LAST_FILL, cumulative_size=Decimal(1), venue_order_id="7001")

    assert blotter.apply(mine, done)
    assert status_of(mine) is _S.PENDING
    assert mine.venue_order_id == "7001"

    blotter.book(fill())
    assert not blotter.apply(mine, done)
    assert status_of(mine) is _S.FILLED


def test_a_cancel_waits_for_the_fills_that_it_counts(blotter: Blotter, mine: Order) -> None:
    assert blotter.apply(mine, order_update(_C.CANCEL, cumulative_size=Decimal("0.4"), reason="asked for"))
    assert mine.is_open
    assert blotter.working(BTC, Side.BUY) == 1

    blotter.book(fill("0.3"))
    assert mine.is_open
    assert blotter.working(BTC, Side.BUY) == Decimal("0.7")

    blotter.book(fill("0.1", trade_id="t2"))
    assert status_of(mine) is _S.CANCELED
    assert mine.reason == "asked for"
    assert blotter.working(BTC, Side.BUY) == 0


def test_a_cancel_that_counts_no_fills_waits_for_none(blotter: Blotter, mine: Order) -> None:
    assert not blotter.apply(mine, order_update(_C.CANCEL))
    assert status_of(mine) is _S.CANCELED

    blotter.book(fill("0.4"))
    assert status_of(mine) is _S.CANCELED
    assert mine.filled_size == Decimal("0.4")


def test_an_end_is_applied_once(blotter: Blotter, mine: Order) -> None:
    done = order_update(_C.CANCEL, cumulative_size=Decimal("0.4"))
    blotter.apply(mine, done)
    blotter.apply(mine, done)

    blotter.book(fill("0.4"))
    blotter.book(fill("0.6", trade_id="t2"))  # the cancel lost the race after all

    assert status_of(mine) is _S.FILLED


def test_an_order_called_rejected_that_was_canceled_after_trading_is_canceled(
    blotter: Blotter, mine: Order
) -> None:
    blotter.apply(mine, order_update(_C.REJECT))
    blotter.apply(mine, order_update(_C.CANCEL, cumulative_size=Decimal("0.4")))

    blotter.book(fill("0.4"))

    assert status_of(mine) is _S.CANCELED
    assert blotter.open_count == 0


def test_the_venues_word_that_all_is_filled_counts_more_than_the_size_we_know(
    blotter: Blotter, mine: Order
) -> None:
    blotter.book(fill("0.4"))

    blotter.apply(mine, order_update(_C.LAST_FILL, cumulative_size=Decimal("0.4")))

    assert status_of(mine) is _S.FILLED


def test_whoever_counts_no_more_than_we_do_has_no_fills_for_us(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("0.4"))

    assert not blotter.apply(mine, order_update(_C.ACCEPT, cumulative_size=Decimal("0.4")))
    assert not blotter.apply(mine, order_update(_C.ACCEPT))
    assert blotter.apply(mine, order_update(_C.ACCEPT, cumulative_size=Decimal("0.401")))


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_C.REJECT, "balance too low"), (_C.CANCEL, "balance too low"), (_C.AMEND_FAIL, "")],
    ids=lambda value: value.value if isinstance(value, OrderChange) else value,
)
def test_the_reason_of_an_end_is_kept(
    blotter: Blotter, mine: Order, change: OrderChange, reason: str
) -> None:
    blotter.apply(mine, order_update(change, reason="balance too low"))

    assert mine.reason == reason


def test_an_end_without_a_reason_keeps_the_one_that_is_known(blotter: Blotter, mine: Order) -> None:
    blotter.apply(mine, order_update(_C.LOSE, reason="no answer in 5 s"))
    blotter.apply(mine, order_update(_C.CANCEL))

    assert mine.reason == "no answer in 5 s"


def test_a_cancel_refused_is_a_cancel_not_asked_for(blotter: Blotter, mine: Order) -> None:
    blotter.change(mine, _C.ACCEPT, NOON)
    mine.cancel_requested_ns = NOON

    blotter.apply(mine, order_update(_C.CANCEL_FAIL))

    assert not mine.cancel_requested
    assert status_of(mine) is _S.OPEN


@pytest.mark.parametrize("change", [_C.ACCEPT, _C.AMEND_FAIL, _C.LOSE])
def test_other_news_leaves_a_cancel_asked_for(blotter: Blotter, mine: Order, change: OrderChange) -> None:
    mine.cancel_requested_ns = NOON

    blotter.apply(mine, order_update(change))

    assert mine.cancel_requested


# ---- amendments


@pytest.fixture
def amending(blotter: Blotter, mine: Order) -> Order:
    """An open order for one coin at 100, with an amendment to two at 100.5 under way."""
    blotter.change(mine, _C.ACCEPT, NOON)
    blotter.request_amendment(mine, amend_order("2", "100.5"))
    return mine


def amended(**terms: object) -> dict[str, object]:
    return {"size": Decimal(2), "limit_price": Decimal("100.5"), "amend_id": "bk000002"} | terms


@pytest.mark.parametrize(("size", "working"), [("2", "2"), ("0.5", "1")], ids=["up", "down"])
def test_until_an_amendment_is_answered_the_larger_size_works(
    blotter: Blotter, mine: Order, size: str, working: str
) -> None:
    blotter.request_amendment(mine, amend_order(size))

    assert blotter.working(BTC, Side.BUY) == Decimal(working)


def test_an_amendment_accepted_brings_the_new_terms(blotter: Blotter, amending: Order) -> None:
    blotter.apply(amending, order_update(_C.AMEND, **amended()))

    assert (amending.size, amending.limit_price) == (Decimal(2), Decimal("100.5"))
    assert amending.amending is None
    assert status_of(amending) is _S.OPEN


def test_an_amendment_refused_leaves_the_old_terms(blotter: Blotter, amending: Order) -> None:
    blotter.apply(amending, order_update(_C.AMEND_FAIL, amend_id="bk000002"))

    assert (amending.size, amending.limit_price) == (Decimal(1), Decimal("100.0"))
    assert amending.amending is None
    assert blotter.working(BTC, Side.BUY) == 1


@pytest.mark.parametrize("change", [_C.AMEND, _C.AMEND_FAIL])
def test_the_answer_to_another_amendment_is_no_answer_to_this_one(
    blotter: Blotter, amending: Order, change: OrderChange
) -> None:
    blotter.apply(amending, order_update(change, amend_id="bk000009"))

    assert amending.amending == amend_order("2", "100.5")


def test_an_answer_that_does_not_name_the_amendment_is_known_by_its_terms(
    blotter: Blotter, amending: Order
) -> None:
    blotter.apply(amending, order_update(_C.AMEND, **amended(amend_id="", size=Decimal("1.5"))))
    assert amending.amending is not None

    blotter.apply(amending, order_update(_C.AMEND, **amended(amend_id="")))
    assert amending.amending is None


def test_a_refusal_is_not_known_by_the_terms_that_the_order_has(blotter: Blotter, mine: Order) -> None:
    blotter.request_amendment(mine, amend_order("1", "100.0"))

    blotter.apply(mine, order_update(_C.AMEND_FAIL, amend_id="bk000009"))

    assert mine.amending is not None


@pytest.mark.parametrize("change", [_C.ACCEPT, _C.CANCEL_FAIL])
def test_other_news_is_no_answer_to_an_amendment(
    blotter: Blotter, amending: Order, change: OrderChange
) -> None:
    blotter.apply(amending, order_update(change, amend_id="bk000002"))

    assert amending.amending is not None


def test_terms_that_the_venue_changed_by_itself_count(blotter: Blotter, mine: Order) -> None:
    blotter.apply(mine, order_update(_C.AMEND, limit_price=Decimal("99.0")))

    assert (mine.size, mine.limit_price) == (Decimal(1), Decimal("99.0"))


def test_what_fills_the_old_size_may_not_be_all_of_the_new_one(blotter: Blotter, amending: Order) -> None:
    blotter.book(fill("1"))
    assert status_of(amending) is _S.OPEN
    assert blotter.working(BTC, Side.BUY) == 1

    blotter.apply(amending, order_update(_C.AMEND, **amended()))
    assert status_of(amending) is _S.OPEN

    blotter.book(fill("1", trade_id="t2"))
    assert status_of(amending) is _S.FILLED


def test_what_filled_the_old_size_is_all_when_there_is_no_new_one(blotter: Blotter, amending: Order) -> None:
    blotter.book(fill("1"))

    blotter.apply(amending, order_update(_C.AMEND_FAIL, amend_id="bk000002"))

    assert status_of(amending) is _S.FILLED


def test_an_order_amended_down_to_what_has_filled_is_filled(blotter: Blotter, mine: Order) -> None:
    blotter.book(fill("0.4"))
    blotter.request_amendment(mine, amend_order("0.4"))

    blotter.apply(mine, order_update(_C.AMEND, size=Decimal("0.4"), amend_id="bk000002"))

    assert status_of(mine) is _S.FILLED
    assert blotter.open_count == 0


def test_an_order_that_is_over_is_not_being_amended(blotter: Blotter, amending: Order) -> None:
    blotter.apply(amending, order_update(_C.CANCEL))

    assert amending.amending is None


# ---- after a crash


def test_what_was_not_confirmed_is_lost_and_the_rest_is_left_alone(blotter: Blotter) -> None:
    sent = add(blotter, 1)
    accepted = add(blotter, 2, _C.ACCEPT)
    add(blotter, 3, _C.REJECT)

    assert blotter.lose_pending(NOON + S) == [sent]
    assert (sent.status, sent.updated_ns) == (_S.UNKNOWN, NOON + S)
    assert accepted.status is _S.OPEN
    assert blotter.open_orders() == [sent, accepted]


@pytest.mark.parametrize(
    "terms", [{"side": Side.SELL}, {"symbol": BTC_SWAP}], ids=["the other side", "another instrument"]
)
def test_a_fill_that_is_not_of_its_order_is_our_own_error(
    blotter: Blotter, mine: Order, terms: dict[str, Any]
) -> None:
    with pytest.raises(InvariantError, match="somebody else uses our order ids"):
        blotter.book(fill(**terms))

    assert mine.filled_size == 0
