"""Snapshots in pages: what is gone is told once, what is newer wins, nothing vanishes early."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.portfolio import PositionReport
from botkit.venues.okx.holdings import Holdings
from tests.venues.okx.frames import INSTRUMENTS, NOW, RECORDED, encode, frames, push, recorded

D = Decimal


@pytest.fixture
def holdings() -> Holdings:
    return Holdings(INSTRUMENTS)


def account(page: int = 0, *, last: bool = False, time: int = 100, **cash: str) -> bytes:
    """Return a frame of the account channel: page 0 is an update, any other part of a snapshot."""
    details = [
        {"ccy": ccy, "cashBal": amount, "availBal": amount, "uTime": str(time)}
        for ccy, amount in cash.items()
    ]
    paging = (
        {"eventType": "snapshot", "curPage": page, "lastPage": last}
        if page
        else {"eventType": "event_update"}
    )
    return push("account", [{"uTime": str(time), "details": details}], **paging)


def told(holdings: Holdings, frame: bytes) -> dict[str, Decimal]:
    return {balance.currency: balance.total for balance in holdings.take_account(frame, NOW)}


def test_a_snapshot_tells_what_is_held(holdings: Holdings) -> None:
    assert told(holdings, account(1, last=True, BTC="2", USDT="900")) == {"BTC": 2, "USDT": 900}


def test_what_a_later_snapshot_leaves_out_is_gone(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900"))

    assert told(holdings, account(1, last=True, USDT="800")) == {"USDT": 800, "BTC": 0}


def test_what_is_gone_is_told_once(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900"))
    told(holdings, account(1, last=True, USDT="800"))

    assert told(holdings, account(1, last=True, USDT="800")) == {"USDT": 800}


def test_nothing_is_gone_before_the_last_page(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900"))

    assert told(holdings, account(1, ETH="5")) == {"ETH": 5}
    assert told(holdings, account(2, last=True, USDT="900")) == {"USDT": 900, "BTC": 0}


def test_an_update_between_pages_is_newer_than_any_page(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900", time=100))

    told(holdings, account(1, USDT="900", time=100))
    told(holdings, account(BTC="3", time=150))

    assert told(holdings, account(2, last=True, ETH="1", time=100)) == {"ETH": 1}


def test_an_update_is_not_undone_by_an_older_page(holdings: Holdings) -> None:
    told(holdings, account(BTC="3", time=150))

    assert told(holdings, account(1, last=True, BTC="2", time=100)) == {}


def test_an_update_leaves_the_rest_alone(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900"))

    assert told(holdings, account(USDT="800")) == {"USDT": 800}


def test_a_frame_that_does_not_say_what_it_is_is_an_update(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2"))

    assert told(holdings, push("account", [{"details": [{"ccy": "ETH", "cashBal": "1"}]}])) == {"ETH": 1}


def test_a_missing_page_proves_nothing(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900"))
    told(holdings, account(1, ETH="1"))

    assert told(holdings, account(3, last=True, USDT="900")) == {"USDT": 900}


def test_a_snapshot_that_broke_off_does_not_spoil_the_next(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", USDT="900"))
    told(holdings, account(1, USDT="900"))

    assert told(holdings, account(1, last=True, USDT="900")) == {"USDT": 900, "BTC": 0}


def test_what_was_gone_can_come_back(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2", time=100))
    told(holdings, account(1, last=True, time=110))

    assert told(holdings, account(1, last=True, BTC="1", time=120)) == {"BTC": 1}


def positions(*, page: int = 0, last: bool = False, **pos: str) -> bytes:
    rows = [
        {
            "instType": "SWAP",
            "instId": name.replace("_", "-"),
            "pos": size,
            "posSide": "net",
            "avgPx": "100",
            "uTime": "1",
        }
        for name, size in pos.items()
    ]
    paging: dict[str, object] = {"eventType": "snapshot", "curPage": page, "lastPage": last} if page else {}
    return encode({"arg": {"channel": "positions"}, **paging, "data": rows})


def test_a_position_closed_while_nobody_listened_is_told_to_be_flat(holdings: Holdings) -> None:
    holdings.take_positions(positions(BTC_USDT_SWAP="5"), NOW)

    [report] = holdings.take_positions(positions(page=1, last=True), NOW + 1)

    assert report == PositionReport(recv_ns=NOW + 1, symbol="BTC-USDT-SWAP", size=D(0), average_price=D(0))


def test_positions_in_instruments_that_are_not_traded_here_are_not_told(holdings: Holdings) -> None:
    assert holdings.take_positions(positions(page=1, last=True, DOGE_USDT_SWAP="5"), NOW) == []


def test_balances_and_positions_do_not_mix(holdings: Holdings) -> None:
    told(holdings, account(1, last=True, BTC="2"))

    assert holdings.take_positions(positions(page=1, last=True), NOW) == []


amounts = st.dictionaries(st.sampled_from(["BTC", "ETH", "USDT", "SOL"]), st.sampled_from(["1", "2"]))


@given(st.lists(st.lists(amounts, min_size=1, max_size=3), min_size=1, max_size=5))
def test_after_a_whole_snapshot_we_hold_what_it_says_and_nothing_else(
    snapshots: list[list[dict[str, str]]],
) -> None:
    holdings = Holdings(INSTRUMENTS)
    held: dict[str, Decimal] = {}

    for time, pages in enumerate(snapshots):
        for page, amounts in enumerate(pages, 1):
            held |= told(holdings, account(page, last=page == len(pages), time=time, **amounts))

        said = {ccy: Decimal(amount) for amounts in pages for ccy, amount in amounts.items()}
        assert {ccy: amount for ccy, amount in held.items() if amount} == said


@pytest.mark.parametrize(
    "name", recorded("ws/private__account_*.json", "ws/private__positions_*.json", "ws/seq__account*")
)
def test_every_recorded_account_frame_is_read(name: str) -> None:
    holdings = Holdings(RECORDED)

    for frame in frames(name):
        if b'"positions"' in frame:
            holdings.take_positions(frame, NOW)
        else:
            assert told(holdings, frame)


def test_the_recorded_pages_with_an_update_between_them_are_understood() -> None:
    name = "ws/seq__account_paged_snapshot_with_interleaved_event__synth.jsonl"
    if not recorded(name):
        pytest.skip("no folder of shared data beside this work tree")
    holdings = Holdings(INSTRUMENTS)
    told(holdings, account(1, last=True, DOGE="1", time=1))

    first, update, last = (told(holdings, frame) for frame in frames(name))

    assert set(first) == {"BTC", "ETH"}
    assert set(update) == {"ETH"}
    assert set(last) == {"USDT", "DOGE"}
    assert last["DOGE"] == 0
