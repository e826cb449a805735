from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.model.instrument import Instrument
from botkit.sim.listing import BTC_USDT_SWAP, LISTED


@pytest.mark.parametrize("instrument", LISTED, ids=lambda instrument: instrument.symbol)
def test_what_is_listed_can_be_traded_on_its_own_grid(instrument: Instrument) -> None:
    assert instrument.size(instrument.min_size) == instrument.min_size
    assert instrument.max_limit_size is not None
    assert instrument.max_limit_size > instrument.min_size


def test_every_instrument_has_a_name_and_a_number_of_its_own() -> None:
    assert len({instrument.symbol for instrument in LISTED}) == len(LISTED)
    assert len({instrument.venue_code for instrument in LISTED}) == len(LISTED)


def test_the_swap_trades_in_hundredths_of_contracts() -> None:
    assert BTC_USDT_SWAP.contracts(BTC_USDT_SWAP.lot_size) == Decimal("0.01")
