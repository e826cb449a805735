from __future__ import annotations

from botkit.sim.types import FlowEnded
from tests.venues.okx.emulator.floors import NOON_NS, PUBLIC, Desk


def test_instruments_are_listed_to_who_asks() -> None:
    ack, frame = Desk().connect(PUBLIC).listen({"channel": "instruments", "instType": "SPOT"})

    assert ack["event"] == "subscribe"
    assert [row["instId"] for row in frame["data"]] == ["BTC-USDT", "ETH-USDT"]


def test_no_maintenance_is_told_of() -> None:
    client = Desk().connect(PUBLIC)

    assert len(client.listen({"channel": "status"})) == 1
    assert client.say({"op": "unsubscribe", "args": [{"channel": "status"}]})[0]["event"] == "unsubscribe"


def test_trades_and_books_of_a_market_count_in_one_sequence() -> None:
    desk = Desk()
    client = desk.connect(PUBLIC)
    client.listen({"channel": "trades", "instId": "BTC-USDT"}, {"channel": "books", "instId": "BTC-USDT"})
    desk.quote()
    desk.wait(0.1)
    client.listener.taken()

    desk.place(px="60000.1", sz="0.1")
    desk.wait(0.1)

    numbers = {frame["arg"]["channel"]: frame["data"][0]["seqId"] for frame in client.listener.taken()}
    assert numbers["trades"] < numbers["books"]


def test_the_end_of_a_tape_is_not_the_end_of_the_exchange() -> None:
    desk = Desk()

    desk.hub.tell([FlowEnded(symbols=("BTC-USDT",), ns=NOON_NS)], NOON_NS)

    assert desk.place(px="59000")["sCode"] == "0"
