"""Nobody is ever asked more often than agreed, and nobody waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import VenueBusy
from botkit.venues.ratelimit import Quota, RateLimiter

S = 1_000_000_000
FOUR = Quota(count=4, window_s=2)


@pytest.fixture
def limiter() -> RateLimiter:
    return RateLimiter(share=1.0, max_wait_s=2.0)


def test_a_quota_is_free_until_it_is_used_up(limiter: RateLimiter) -> None:
    assert [limiter.acquire("orders", FOUR, 0) for _ in range(4)] == [0, 0, 0, 0]


def test_the_next_turn_comes_when_the_oldest_no_longer_counts(limiter: RateLimiter) -> None:
    for at_ns in (0, 1, 2, 3):
        limiter.acquire("orders", FOUR, at_ns)

    assert limiter.acquire("orders", FOUR, S) == S


def test_two_requests_waiting_do_not_get_the_same_place(limiter: RateLimiter) -> None:
    for at_ns in (0, S, S, S):
        limiter.acquire("orders", FOUR, at_ns)

    assert limiter.acquire("orders", FOUR, S + 1) == S - 1
    assert limiter.acquire("orders", FOUR, S + 1) == 2 * S - 1


def test_a_wait_that_is_too_long_is_refused_and_takes_nothing() -> None:
    limiter = RateLimiter(share=1.0, max_wait_s=0.5)
    for _ in range(4):
        limiter.acquire("orders", FOUR, 0)

    with pytest.raises(VenueBusy) as caught:
        limiter.acquire("orders", FOUR, S)

    assert caught.value.retry_after_s == 1.0
    assert limiter.acquire("orders", FOUR, 2 * S) == 0


def test_cancels_do_not_wait_behind_orders(limiter: RateLimiter) -> None:
    for _ in range(8):
        limiter.acquire("place BTC-USDT", FOUR, 0)

    assert limiter.acquire("cancel BTC-USDT", FOUR, 0) == 0


def test_a_batch_costs_as_many_turns_as_it_has_items(limiter: RateLimiter) -> None:
    limiter.acquire("batch", FOUR, 0, cost=3)

    assert limiter.acquire("batch", FOUR, 0, cost=2) == 2 * S


def test_a_batch_above_the_quota_is_a_mistake(limiter: RateLimiter) -> None:
    with pytest.raises(ValueError, match="batch takes 4 at a time, not 5"):
        limiter.acquire("batch", FOUR, 0, cost=5)


def test_a_share_is_left_to_others() -> None:
    limiter = RateLimiter(share=0.5, max_wait_s=9)

    assert [limiter.acquire("orders", FOUR, 0) for _ in range(3)] == [0, 0, 2 * S]


def test_one_request_is_let_through_however_small_the_share() -> None:
    assert RateLimiter(share=0.1).acquire("status", Quota(1, 5), 0) == 0


@pytest.mark.parametrize("share", [0.0, -1.0, 1.01, float("nan")])
def test_a_share_is_a_part_of_the_whole(share: float) -> None:
    with pytest.raises(ValueError, match="a share is above 0"):
        RateLimiter(share=share)


def test_after_the_venue_complained_nothing_is_sent_for_a_while(limiter: RateLimiter) -> None:
    limiter.hold("orders", FOUR, 2 * S)
    limiter.hold("orders", FOUR, S)

    assert limiter.acquire("orders", FOUR, S) == S
    assert limiter.acquire("orders", FOUR, 3 * S) == 0


requests = st.lists(st.tuples(st.integers(0, S), st.integers(1, 4)), max_size=60)


@given(requests)
def test_no_window_ever_holds_more_than_the_quota(steps: list[tuple[int, int]]) -> None:
    limiter = RateLimiter(share=1.0, max_wait_s=3.0)
    now_ns = 0
    sent: list[tuple[int, int]] = []
    for pause_ns, cost in steps:
        now_ns += pause_ns
        try:
            sent.append((now_ns + limiter.acquire("orders", FOUR, now_ns, cost), cost))
        except VenueBusy:
            continue

    for end_ns, _ in sent:
        assert sum(cost for at_ns, cost in sent if end_ns - 2 * S < at_ns <= end_ns) <= 4
