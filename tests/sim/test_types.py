from __future__ import annotations

import msgspec
import pytest

from botkit.sim.types import MarkChange, Report, SimRefusal, SimRefused, SimStatus
from tests.sim.orders import BUY, SELL, SPOT, SWAP, exchange, request


@pytest.mark.parametrize(
    ("status", "is_final"),
    [
        (SimStatus.LIVE, False),
        (SimStatus.PARTIALLY_FILLED, False),
        (SimStatus.FILLED, True),
        (SimStatus.CANCELED, True),
    ],
)
def test_filled_and_canceled_are_for_ever(status: SimStatus, is_final: bool) -> None:
    assert status.is_final is is_final


def test_a_refusal_is_read_by_programs_and_people() -> None:
    refused = SimRefused(SimRefusal.OFF_TICK, "100.05")

    assert (refused.reason, refused.detail) == (SimRefusal.OFF_TICK, "100.05")
    assert str(refused) == "off tick: 100.05"


def test_every_report_survives_being_written_and_read() -> None:
    sim = exchange("a", "b")
    for symbol in (SPOT.symbol, SWAP.symbol):
        sim.submit(request("a", SELL, "2", "100", symbol=symbol), 1)
        sim.submit(request("b", BUY, "1", "100", symbol=symbol), 2)
    reports = sim.drain()
    assert len({type(report) for report in reports}) == 6

    written = msgspec.json.encode(reports)

    assert msgspec.json.decode(written, type=list[Report]) == reports


def test_reports_cannot_be_changed() -> None:
    report = MarkChange(symbol="BTC-USDT", price=SPOT.tick_size, ns=1)

    with pytest.raises(AttributeError):
        report.ns = 2  # type: ignore[misc]  # that is the point
