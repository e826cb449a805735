from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.engine.merge import RANKS, merge
from botkit.errors import InvariantError
from botkit.model.events import AnyEvent, Reconciled, Started, Stopping, Timer
from tests.market import bar, book_update, fill, quote, trade


def timer(recv_ns: int) -> Timer:
    return Timer(recv_ns=recv_ns, strategy="ema", name="tick", due_ns=recv_ns)


# One event of each rank, so that at the same nanosecond their order is known.
AT_ONCE: list[AnyEvent] = [
    Started(recv_ns=5, epoch=1),
    fill(recv_ns=5),
    Reconciled(recv_ns=5, fills=0, orders=0),
    book_update(recv_ns=5),
    quote(recv_ns=5),
    bar(recv_ns=5),
    timer(5),
    Stopping(recv_ns=5, reason="the end"),
]


def test_every_kind_of_event_has_its_rank() -> None:
    assert set(RANKS) == set(get_args(AnyEvent))


def test_the_account_comes_before_the_market_and_the_end_comes_last() -> None:
    assert [RANKS[type(event)] for event in AT_ONCE] == sorted({RANKS[type(event)] for event in AT_ONCE})
    assert max(RANKS.values()) == RANKS[Stopping]
    assert min(RANKS.values()) == RANKS[Started]


def test_events_come_in_the_order_of_their_time() -> None:
    merged = merge([quote(recv_ns=1), quote(recv_ns=4)], [trade(recv_ns=2), trade(recv_ns=3)])

    assert [event.recv_ns for event in merged] == [1, 2, 3, 4]


def test_at_the_same_time_and_rank_the_source_named_first_wins() -> None:
    quotes, trades = [quote(recv_ns=1), quote(recv_ns=1, bid=1.0)], [trade(recv_ns=1)]

    assert list(merge(quotes, trades)) == [*quotes, *trades]
    assert list(merge(trades, quotes)) == [*trades, *quotes]


@given(st.permutations(AT_ONCE), st.lists(st.integers(0, 3), min_size=len(AT_ONCE), max_size=len(AT_ONCE)))
def test_at_the_same_time_it_does_not_matter_which_source_an_event_came_from(
    dealt: list[AnyEvent], hands: list[int]
) -> None:
    sources: list[list[AnyEvent]] = [[], [], [], []]
    for event, hand in zip(dealt, hands, strict=True):
        sources[hand].append(event)
    for source in sources:
        source.sort(key=AT_ONCE.index)

    assert list(merge(*sources)) == AT_ONCE


TIMES = st.lists(st.integers(0, 6), max_size=8).map(sorted)
MAKERS: st.SearchStrategy[Callable[..., AnyEvent]] = st.sampled_from([quote, trade, fill, bar, timer])


@given(st.lists(TIMES, max_size=4), st.data())
def test_merging_is_taking_the_least_head_again_and_again(
    times: list[list[int]], data: st.DataObject
) -> None:
    sources = [[data.draw(MAKERS)(recv_ns=recv_ns) for recv_ns in each] for each in times]
    heads = [list(source) for source in sources]
    expected: list[AnyEvent] = []
    while any(heads):
        number = min(
            (number for number, head in enumerate(heads) if head),
            key=lambda n: (heads[n][0].recv_ns, RANKS[type(heads[n][0])], n),
        )
        expected.append(heads[number].pop(0))

    assert list(merge(*sources)) == expected


def test_nothing_merged_is_nothing() -> None:
    assert list(merge()) == []
    assert list(merge([], [])) == []


def test_a_source_is_read_no_further_than_needed() -> None:
    read: list[int] = []

    def source() -> Iterator[AnyEvent]:
        for recv_ns in (1, 2, 3):
            read.append(recv_ns)
            yield quote(recv_ns=recv_ns)

    merged = merge(source(), [trade(recv_ns=10)])
    next(merged)

    assert read == [1]


def test_a_source_that_goes_back_in_time_is_our_own_error() -> None:
    merged = merge([trade(recv_ns=1)], [quote(recv_ns=5), quote(recv_ns=4)])

    with pytest.raises(InvariantError, match="source 1 goes back in time, to 4"):
        list(merged)
