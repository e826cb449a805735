from __future__ import annotations

import pytest

from botkit.model.side import Side


def test_a_buy_adds_and_a_sell_takes_away() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


@pytest.mark.parametrize("side", Side)
def test_the_opposite_of_the_opposite_is_the_side_itself(side: Side) -> None:
    assert side.opposite is not side
    assert side.opposite.opposite is side
    assert side.opposite.sign == -side.sign
