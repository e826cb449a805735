from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.paging import page
from botkit.venues.okx.emulator.params import Params


def the_page(items: list[int], **params: str) -> list[int]:
    return page(items, lambda item: item, Params(params))


def test_the_newest_come_first() -> None:
    assert the_page([1, 3, 2]) == [3, 2, 1]


@pytest.mark.parametrize(
    ("params", "chosen"),
    [
        ({"after": "3"}, [2, 1]),
        ({"before": "3"}, [5, 4]),
        ({"after": "5", "before": "2"}, [4, 3]),
        ({"before": "1", "limit": "2"}, [5, 4]),
        ({"after": "1"}, []),
    ],
    ids=["older than", "newer than", "between", "the latest of the newer", "nothing older"],
)
def test_bounds_are_exclusive(params: dict[str, str], chosen: list[int]) -> None:
    assert the_page([1, 2, 3, 4, 5], **params) == chosen


def test_a_page_is_a_hundred_long_unless_less_is_asked_for() -> None:
    items = list(range(1, 251))

    assert len(the_page(items)) == 100
    assert len(the_page(items, limit="7")) == 7
    assert len(the_page(items, limit="200")) == 100


@pytest.mark.parametrize(
    "params", [{"after": "x"}, {"before": "-1"}, {"limit": "0"}, {"limit": "many"}], ids=str
)
def test_what_is_no_number_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        the_page([1], **params)
    assert refused.value.code == "51000"


@given(items=st.sets(st.integers(1, 10_000)), limit=st.integers(1, 100))
def test_following_the_last_id_reads_everything_once(items: set[int], limit: int) -> None:
    read: list[int] = []
    while chosen := the_page(list(items), limit=str(limit), **({"after": str(read[-1])} if read else {})):
        read += chosen

    assert read == sorted(items, reverse=True)
