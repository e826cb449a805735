from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.engine.ids import OrderIds, base36


def test_an_id_tells_prefix_strategy_boot_and_number() -> None:
    ids = OrderIds("bk", epoch=12)

    assert [ids.next("ema"), ids.next("ema"), ids.next("quoter"), ids.next("ema")] == [
        "bk0000000c00000001",
        "bk0000000c00000002",
        "bk0100000c00000003",
        "bk0000000c00000004",
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 36**6 - 1), st.lists(st.sampled_from("abc"), max_size=6)),
        unique_by=lambda boot: boot[0],
    )
)
def test_no_id_comes_twice_in_any_boot(boots: list[tuple[int, list[str]]]) -> None:
    ids = [made.next(name) for epoch, names in boots for made in [OrderIds("bk", epoch)] for name in names]

    assert len(set(ids)) == len(ids)


def test_an_id_does_not_depend_on_what_other_boots_called_their_strategies() -> None:
    first, second = OrderIds("bk", 1), OrderIds("bk", 2)
    first.next("ema")

    assert first.next("quoter") != second.next("quoter")
    assert second.next("ema") == "bk0100000200000002"


@pytest.mark.parametrize("prefix", ["bk", "mybotname1234567"])
def test_an_id_is_letters_and_digits_that_okx_has_room_for(prefix: str) -> None:
    made = OrderIds(prefix, 36**6 - 1).next("ema")

    assert made.isalnum()
    assert made.isascii()
    assert len(made) <= 32


@given(st.integers(0, 36**4 - 1))
def test_base_36_reads_back(number: int) -> None:
    assert int(base36(number, 4), 36) == number
    assert len(base36(number, 4)) == 4


@pytest.mark.parametrize("number", [36**2, -1])
def test_what_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"no room for {number} in 2 characters"):
        base36(number, 2)


def test_the_last_boot_that_fits_is_the_last() -> None:
    assert OrderIds("bk", 36**6 - 1).next("ema") == "bk00zzzzzz00000001"
    with pytest.raises(ValueError, match="no room"):
        OrderIds("bk", 36**6)
