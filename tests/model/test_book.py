from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from botkit.model.book import OrderBook
from botkit.model.market import BookUpdate, Level
from tests.market import BTC, NOON, S, book_update

# Few prices, so that changes meet; sizes are often 0, which removes.
LEVELS = st.lists(
    st.tuples(st.integers(1, 12).map(float), st.sampled_from([0.0, 0.5, 1.0, 2.0])), max_size=6
).map(tuple)
UPDATES = st.lists(
    st.builds(book_update, bids=LEVELS, asks=LEVELS, is_snapshot=st.integers(0, 5).map(lambda n: n == 0))
)


def book_of(*updates: BookUpdate) -> OrderBook:
    book = OrderBook(BTC)
    for update in updates:
        book.apply(update)
    return book


@given(UPDATES)
def test_a_book_is_a_dict_of_sizes_by_price_sorted_best_first(updates: list[BookUpdate]) -> None:
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    for update in updates:
        if update.is_snapshot:
            bids, asks = {}, {}
        bids.update(update.bids)
        asks.update(update.asks)
    expected_bids = sorted(((p, s) for p, s in bids.items() if s), reverse=True)
    expected_asks = sorted((p, s) for p, s in asks.items() if s)

    book = book_of(*updates)

    assert book.bids(99) == expected_bids
    assert book.asks(99) == expected_asks
    assert book.best_bid == max((p for p, _ in expected_bids), default=None)
    assert book.best_ask == min((p for p, _ in expected_asks), default=None)
    assert book.is_empty == (not expected_bids or not expected_asks)


def test_depth_counts_the_best_steps() -> None:
    book = book_of(book_update())

    assert book.bids(1) == [(99.9, 1.0)]
    assert book.asks(1) == [(100.1, 1.0)]
    assert len(book.bids()) == len(book.asks()) == 2


def test_the_middle_of_a_book_is_halfway_between_its_best_prices() -> None:
    assert book_of(book_update()).mid == 100.0


def test_without_both_sides_there_is_no_middle() -> None:
    asks: tuple[Level, ...] = ((100.1, 1.0),)

    assert book_of(book_update(bids=(), asks=asks)).mid is None
    assert book_of(book_update(bids=asks, asks=())).mid is None
    assert OrderBook(BTC).mid is None


def test_a_snapshot_without_levels_empties_the_book() -> None:
    book = book_of(book_update(), book_update((), ()))

    assert book.is_empty
    assert book.bids() == book.asks() == []


def test_a_removal_of_what_is_not_there_changes_nothing() -> None:
    book = book_of(book_update(), book_update(((98.0, 0.0),), ((99.0, 0.0),), is_snapshot=False))

    assert book.bids() == [(99.9, 1.0), (99.8, 2.0)]
    assert book.asks() == [(100.1, 1.0), (100.2, 2.0)]


def test_a_book_knows_when_it_was_last_changed() -> None:
    book = book_of(book_update(), book_update((), (), is_snapshot=False, recv_ns=NOON + S))

    assert book.updated_ns == NOON + S
