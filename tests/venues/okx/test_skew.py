from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from botkit.venues.okx.skew import Skew

_MS = 1_000_000


def test_nothing_is_known_before_anything_was_asked() -> None:
    skew = Skew()
    skew.measure([])

    assert skew.bound_ns is None
    assert skew.venue_ns(5) == 5


def test_the_quickest_answer_counts() -> None:
    skew = Skew()
    skew.measure([(0, 900 * _MS, 200 * _MS), (1000 * _MS, 1505 * _MS, 1010 * _MS), (2000, 3000, 900 * _MS)])

    assert abs(skew.offset_ns - 500 * _MS) <= _MS
    assert skew.bound_ns is not None
    assert skew.bound_ns <= 6 * _MS


@given(
    offset_ns=st.integers(-(10**12), 10**12),
    asked_ns=st.integers(10**15, 2 * 10**18),
    there_ns=st.integers(0, 10**9),
    back_ns=st.integers(0, 10**9),
)
def test_the_true_difference_is_never_beyond_the_bound(
    offset_ns: int, asked_ns: int, there_ns: int, back_ns: int
) -> None:
    written_ns = asked_ns + there_ns + offset_ns
    skew = Skew()
    skew.measure([(asked_ns, written_ns // _MS * _MS, asked_ns + there_ns + back_ns)])

    assert skew.bound_ns is not None
    assert abs(skew.offset_ns - offset_ns) <= skew.bound_ns
    assert skew.bound_ns <= (there_ns + back_ns) // 2 + _MS
