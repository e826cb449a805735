from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from botkit.model.instrument import Instrument, InstrumentState
from botkit.sim.listing import BTC_USDT, BTC_USDT_SWAP, LISTED
from botkit.venues.okx.emulator.rows.instruments import (
    FUNDING_INTERVAL_NS,
    funding_row,
    instrument_row,
    mark_row,
    price_limit_row,
)
from tests.venues.okx.emulator.floors import NOON_NS


def documented(shared: Path, name: str) -> dict[str, object]:
    row: dict[str, object] = json.loads((shared / f"okx/fixtures/rest/{name}.json").read_text())["data"][0]
    return row


@pytest.mark.parametrize(
    "name", ["docs/GET_public_instruments", "live/instruments_spot", "live/instruments_swap"]
)
@pytest.mark.parametrize("instrument", LISTED, ids=lambda one: one.symbol)
def test_every_documented_key_of_an_instrument_is_there(
    shared: Path, name: str, instrument: Instrument
) -> None:
    assert documented(shared, name).keys() - instrument_row(instrument).keys() == set()


def test_every_key_of_an_instrument_that_an_account_sees_is_there(shared: Path) -> None:
    row = instrument_row(BTC_USDT, for_account=True)

    assert documented(shared, "docs/GET_account_instruments").keys() - row.keys() == set()
    assert "alias" not in row


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("docs/GET_public_mark-price", mark_row(BTC_USDT_SWAP, Decimal(1), NOON_NS)),
        ("docs/GET_public_price-limit", price_limit_row(BTC_USDT_SWAP, Decimal(2), Decimal(1), NOON_NS)),
        ("docs/GET_public_funding-rate", funding_row(BTC_USDT_SWAP, Decimal("0.0001"), NOON_NS)),
    ],
    ids=["mark price", "price limit", "funding rate"],
)
def test_every_documented_key_is_there(shared: Path, name: str, row: dict[str, object]) -> None:
    assert documented(shared, name).keys() - row.keys() == set()


def test_a_spot_pair_is_written_in_base_currency() -> None:
    row = instrument_row(BTC_USDT)

    assert (row["instType"], row["baseCcy"], row["quoteCcy"], row["settleCcy"]) == ("SPOT", "BTC", "USDT", "")
    assert (row["lotSz"], row["minSz"], row["ctVal"]) == ("0.00000001", "0.00001", "")
    assert row["tradeQuoteCcyList"] == ["USDT"]
    assert row["instIdCode"] == 1001


def test_a_swap_is_written_in_contracts() -> None:
    row = instrument_row(BTC_USDT_SWAP)

    assert (row["instType"], row["baseCcy"], row["settleCcy"], row["uly"]) == ("SWAP", "", "USDT", "BTC-USDT")
    assert (row["lotSz"], row["minSz"], row["ctVal"], row["ctValCcy"]) == ("0.01", "0.01", "0.01", "BTC")
    assert row["maxLmtSz"] == "100000"
    assert row["maxMktSz"] == "10000"


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (InstrumentState.LIVE, "live"),
        (InstrumentState.POST_ONLY, "post_only"),
        (InstrumentState.SUSPENDED, "suspend"),
    ],
)
def test_what_may_be_done_is_said_in_the_words_of_the_wire(state: InstrumentState, word: str) -> None:
    assert instrument_row(msgspec.structs.replace(BTC_USDT, state=state))["state"] == word


def test_numbers_of_instruments_are_whole_and_unique() -> None:
    codes = [instrument_row(instrument)["instIdCode"] for instrument in LISTED]

    assert all(type(code) is int for code in codes)
    assert len(set(codes)) == len(codes)


def test_no_price_limit_is_said_without_numbers() -> None:
    row = price_limit_row(BTC_USDT, None, None, NOON_NS)

    assert (row["buyLmt"], row["sellLmt"], row["enabled"]) == ("", "", False)


def test_funding_is_due_every_eight_hours() -> None:
    row = funding_row(BTC_USDT_SWAP, Decimal("0.0001"), NOON_NS)

    assert row["fundingTime"] == str((NOON_NS + FUNDING_INTERVAL_NS // 2) // 1_000_000)
    assert int(str(row["nextFundingTime"])) - int(str(row["fundingTime"])) == 8 * 3600 * 1000
