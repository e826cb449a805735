from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from botkit.errors import VenueError, VenueRejected, VenueUnreachable
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import CancelOrder, OrderChange
from botkit.venues.okx.dialect import Call
from botkit.venues.okx.endpoints import Endpoint
from botkit.venues.okx.rest import Rest

_MINUTE_MS = 60_000

BTC = Instrument(
    symbol="BTC-USDT",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00000001"),
    min_size=Decimal("0.00001"),
)


class Desk:
    """Answers calls from a list, in order, and keeps what was asked."""

    def __init__(self, *answers: object) -> None:
        self.calls: list[Call] = []
        self._answers = list(answers)

    async def ask(self, call: Call) -> bytes:
        self.calls.append(call)
        answer = self._answers.pop(0)
        if isinstance(answer, VenueError):
            raise answer
        return answer if isinstance(answer, bytes) else msgspec.json.encode(answer)

    @property
    def rest(self) -> Rest:
        return Rest(self.ask, lambda: 7)

    @property
    def params(self) -> list[dict[str, str]]:
        return [dict(call.params) for call in self.calls]


def _spot(symbol: str) -> dict[str, object]:
    base, quote = symbol.split("-")
    return {
        "instId": symbol, "instType": "SPOT", "state": "live", "baseCcy": base, "quoteCcy": quote,
        "tickSz": "0.1", "lotSz": "0.00000001", "minSz": "0.00001", "instIdCode": 3,
    }  # fmt: skip


def _candles(newest: int, count: int, *, building: bool = False) -> list[list[str]]:
    """Rows of `count` minutes, newest first, the newest opening at minute `newest`."""
    return [
        [
            str(minute * _MINUTE_MS),
            "1",
            "2",
            "0.5",
            "1.5",
            "10",
            "15",
            "15",
            "0" if building and not i else "1",
        ]
        for i, minute in enumerate(range(newest, newest - count, -1))
    ]


def _order(client_order_id: str, order_id: str = "1", state: str = "live") -> dict[str, str]:
    return {"instId": "BTC-USDT", "ordId": order_id, "clOrdId": client_order_id, "state": state}


def _fill(trade_id: str, *, at_ms: int, bill_id: str = "1") -> dict[str, str]:
    return {
        "instId": "BTC-USDT", "ordId": "1", "clOrdId": "bk1", "tradeId": trade_id, "side": "buy", "fillPx": "100",
        "fillSz": "0.5", "fillTime": str(at_ms), "ts": str(at_ms), "billId": bill_id,
    }  # fmt: skip


@pytest.mark.asyncio
async def test_the_venues_time_comes_in_nanoseconds() -> None:
    assert await Desk([{"ts": "1597026383085"}]).rest.server_time_ns() == 1_597_026_383_085_000_000


@pytest.mark.asyncio
async def test_a_key_and_its_account_are_told_together() -> None:
    row = {
        "perm": "read_only,trade", "ip": "1.2.3.4", "uid": "2", "mainUid": "1", "roleType": "0",
        "spotRoleType": "0", "label": "bot", "acctLv": "2", "posMode": "net_mode",
    }  # fmt: skip
    report, settings = await Desk([row]).rest.key()

    assert report.permissions == ("read_only", "trade")
    assert settings.position_mode == "net_mode"


@pytest.mark.asyncio
async def test_a_few_instruments_are_asked_for_one_by_one() -> None:
    desk = Desk([_spot("BTC-USDT")], VenueRejected("Instrument ID doesn't exist", code="51001"))

    found = await desk.rest.instruments(["BTC-USDT", "NO-SUCH"], Endpoint.PUBLIC_INSTRUMENTS)

    assert list(found) == ["BTC-USDT"]
    assert desk.params == [
        {"instType": "SPOT", "instId": "BTC-USDT"},
        {"instType": "SPOT", "instId": "NO-SUCH"},
    ]


@pytest.mark.asyncio
async def test_many_instruments_are_asked_for_with_one_long_list() -> None:
    wanted = [f"{base}-USDT" for base in ("BTC", "ETH", "SOL", "XRP")]
    desk = Desk([_spot(symbol) for symbol in [*wanted, "OKB-USDT"]])

    found = await desk.rest.instruments(wanted, Endpoint.ACCOUNT_INSTRUMENTS)

    assert list(found) == wanted
    assert desk.params == [{"instType": "SPOT"}]


@pytest.mark.asyncio
async def test_swaps_are_asked_for_apart_from_spot_pairs() -> None:
    desk = Desk([_spot("BTC-USDT")], [])

    await desk.rest.instruments(["BTC-USDT", "BTC-USDT-SWAP"], Endpoint.PUBLIC_INSTRUMENTS)

    assert [(call.params["instType"], call.about) for call in desk.calls] == [
        ("SPOT", "SPOT"),
        ("SWAP", "SWAP"),
    ]


@pytest.mark.asyncio
async def test_other_refusals_of_instruments_are_not_swallowed() -> None:
    with pytest.raises(VenueRejected):
        await Desk(VenueRejected("no", code="50030")).rest.instruments(
            ["BTC-USDT"], Endpoint.ACCOUNT_INSTRUMENTS
        )


@pytest.mark.asyncio
async def test_the_bar_that_is_being_built_is_not_history() -> None:
    desk = Desk(_candles(10, 4, building=True))

    bars = await desk.rest.bars(BTC, "1m", 3)

    assert [bar.open_ns // 60_000_000_000 for bar in bars] == [7, 8, 9]
    assert all(bar.is_history for bar in bars)
    assert desk.params == [{"instId": "BTC-USDT", "bar": "1m", "limit": "4"}]


@pytest.mark.asyncio
async def test_bars_beyond_a_page_are_fetched_without_gap_or_double() -> None:
    desk = Desk(_candles(1000, 300, building=True), _candles(700, 202))

    bars = await desk.rest.bars(BTC, "1m", 500)

    assert [bar.open_ns // 60_000_000_000 for bar in bars] == list(range(500, 1000))
    assert desk.params[1] == {
        "instId": "BTC-USDT",
        "bar": "1m",
        "after": str(701 * _MINUTE_MS),
        "limit": "202",
    }


@pytest.mark.asyncio
async def test_bars_too_old_for_the_recent_ones_are_asked_for_elsewhere() -> None:
    pages = [_candles(5000, 300, building=True)] + [_candles(5000 - 300 * page, 300) for page in range(1, 6)]
    desk = Desk(*pages)

    bars = await desk.rest.bars(BTC, "1m", 1700)

    assert len(bars) == 1700
    assert [call.endpoint for call in desk.calls] == [Endpoint.CANDLES] * 4 + [Endpoint.HISTORY_CANDLES] * 2


@pytest.mark.asyncio
async def test_an_instrument_listed_lately_has_fewer_bars() -> None:
    assert len(await Desk(_candles(10, 5, building=True), []).rest.bars(BTC, "1m", 100)) == 4


@pytest.mark.asyncio
async def test_no_bars_are_no_question() -> None:
    assert await Desk().rest.bars(BTC, "1m", 0) == []


@pytest.mark.asyncio
async def test_a_whole_book_is_passed_on_unread() -> None:
    desk = Desk(b'[{"asks":[],"bids":[]}]')

    assert await desk.rest.book("BTC-USDT") == b'[{"asks":[],"bids":[]}]'
    assert desk.params == [{"instId": "BTC-USDT", "sz": "400"}]


@pytest.mark.asyncio
async def test_an_order_is_asked_for_by_our_id() -> None:
    desk = Desk([_order("bk1")])

    row = await desk.rest.order("BTC-USDT", "bk1")

    assert row is not None
    assert row.ord_id == "1"
    assert desk.params == [{"instId": "BTC-USDT", "clOrdId": "bk1"}]
    assert desk.calls[0].about == "BTC-USDT"


@pytest.mark.parametrize(
    "answer", [VenueRejected("Order does not exist", code="51603"), []], ids=["refused", "empty"]
)
@pytest.mark.asyncio
async def test_an_order_that_is_not_there_is_none(answer: object) -> None:
    assert await Desk(answer).rest.order("BTC-USDT", "bk1") is None


@pytest.mark.asyncio
async def test_any_other_refusal_says_nothing_about_the_order() -> None:
    with pytest.raises(VenueRejected):
        await Desk(VenueRejected("no", code="51001")).rest.order("BTC-USDT", "bk1")


@pytest.mark.asyncio
async def test_working_orders_are_fetched_page_by_page() -> None:
    first = [_order(f"bk{i}", str(1000 - i)) for i in range(100)]
    desk = Desk(first, [_order("last", "7")])

    rows = await desk.rest.open_orders()

    assert len(rows) == 101
    assert desk.params == [{"limit": "100"}, {"after": "901", "limit": "100"}]


@pytest.mark.asyncio
async def test_pages_without_end_are_not_believed() -> None:
    page = [_order("bk", "1")] * 100

    with pytest.raises(VenueUnreachable, match="10000 working orders"):
        await Desk(*[page] * 100).rest.open_orders()


@pytest.mark.asyncio
async def test_a_finished_order_is_looked_for_among_its_instruments() -> None:
    desk = Desk([_order("bk1", state="canceled"), _order("bk2", "2", "filled")], [])

    row = await desk.rest.past_order("BTC-USDT", "bk2")

    assert row is not None
    assert row.state == "filled"
    assert await desk.rest.past_order("BTC-USDT-SWAP", "bk2") is None
    assert [params["instType"] for params in desk.params] == ["SPOT", "SWAP"]


@pytest.mark.asyncio
async def test_fills_are_told_oldest_first_over_all_pages() -> None:
    newer = [_fill(str(300 - i), at_ms=300 - i, bill_id=str(1300 - i)) for i in range(100)]
    older = [_fill("9", at_ms=9, bill_id="9"), _fill("8", at_ms=8, bill_id="8")]
    desk = Desk(newer, older)

    fills = await desk.rest.fills_since(5_000_000, {"BTC-USDT": BTC})

    assert [fill.trade_id for fill in fills] == ["8", "9", *(str(i) for i in range(201, 301))]
    assert desk.params == [{"begin": "5", "limit": "100"}, {"begin": "5", "after": "1201", "limit": "100"}]


@pytest.mark.asyncio
async def test_fills_without_end_are_not_believed() -> None:
    page = [_fill("1", at_ms=1)] * 100

    with pytest.raises(VenueUnreachable, match="10000 fills"):
        await Desk(*[page] * 100).rest.fills_since(0, {"BTC-USDT": BTC})


@pytest.mark.asyncio
async def test_an_orders_fills_are_asked_for_by_the_venues_id() -> None:
    desk = Desk([_order("bk1", "77")], [_fill("1", at_ms=1)])
    row = await desk.rest.order("BTC-USDT", "bk1")
    assert row is not None

    fills = await desk.rest.fills_of(row, BTC)

    assert [fill.size for fill in fills] == [Decimal("0.5")]
    assert desk.params[1] == {"instId": "BTC-USDT", "ordId": "77", "limit": "100"}


@pytest.mark.asyncio
async def test_what_is_held_is_told_as_events() -> None:
    desk = Desk(
        [{"details": [{"ccy": "USDT", "cashBal": "900", "availBal": "800"}]}],
        [{"instId": "BTC-USDT-SWAP", "instType": "SWAP", "pos": "-2", "posSide": "net", "avgPx": "100"}],
    )
    swap = msgspec.structs.replace(
        BTC, symbol="BTC-USDT-SWAP", kind=InstrumentKind.SWAP, contract_value=Decimal("0.01")
    )

    balances = await desk.rest.balances()
    positions = await desk.rest.positions({"BTC-USDT-SWAP": swap})

    assert [(one.currency, str(one.total), str(one.available)) for one in balances] == [
        ("USDT", "900", "800")
    ]
    assert balances[0].recv_ns == 7
    assert [(one.symbol, one.size) for one in positions] == [("BTC-USDT-SWAP", Decimal("-0.02"))]


@pytest.mark.parametrize(
    ("items", "changes"),
    [
        ([{"sCode": "0", "ordId": "1", "clOrdId": "bk1"}], []),
        ([{"sCode": "51400", "sMsg": "Cancellation failed"}], [OrderChange.CANCEL_FAIL]),
    ],
    ids=["taken", "too late"],
)
@pytest.mark.asyncio
async def test_a_cancel_is_an_instruction_with_an_answer(
    items: Sequence[dict[str, str]], changes: list[OrderChange]
) -> None:
    desk = Desk(list(items))
    cancel = CancelOrder(client_order_id="bk1", strategy="s", symbol="BTC-USDT")

    updates = await desk.rest.cancel(cancel, b'{"instId":"BTC-USDT","clOrdId":"bk1"}')

    assert [update.change for update in updates] == changes
    assert desk.calls[0].body == b'{"instId":"BTC-USDT","clOrdId":"bk1"}'


@pytest.mark.parametrize(
    "data", [b'{"not":"rows"}', b'[{"ordId":1}]', b"\xff"], ids=["shape", "type", "text"]
)
@pytest.mark.asyncio
async def test_rows_that_mean_nothing_are_no_answer(data: bytes) -> None:
    with pytest.raises(VenueUnreachable, match="does not document"):
        await Desk(data).rest.order("BTC-USDT", "bk1")
    with pytest.raises(VenueUnreachable, match="does not document"):
        await Desk(data).rest.server_time_ns()
    with pytest.raises(VenueUnreachable, match="does not document"):
        await Desk(data).rest.fills_since(0, {})
