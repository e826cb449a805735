from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import msgspec
import pytest

from botkit.errors import JournalError
from botkit.journal.records import KINDS, Record, decode_record, encode_record, kind_of, records_of
from botkit.model.events import AnyEvent, MarketEvent
from botkit.model.market import Quote
from botkit.model.note import Note
from botkit.model.order import CancelOrder
from botkit.risk.approval import Refused
from botkit.strategy.desk import Subscription
from tests.journal.samples import BTC, EVERY_KIND, fill

QUOTE = Quote(recv_ns=1, symbol=BTC, bid=1.0, bid_size=1.0, ask=2.0, ask_size=1.0)


class Turn(msgspec.Struct):
    event: AnyEvent
    effects: Sequence[object] = ()


def test_every_kind_of_record_reads_back_as_it_was_written() -> None:
    assert [decode_record(encode_record(record)) for record in EVERY_KIND] == EVERY_KIND


def test_every_kind_has_its_sample_and_its_own_name() -> None:
    assert set(KINDS) == set(get_args(Record)) == {type(record) for record in EVERY_KIND}
    assert len(set(KINDS.values())) == len(KINDS)


def test_the_kind_is_what_the_record_itself_says() -> None:
    said = {type(record): kind_of(encode_record(record)) for record in EVERY_KIND}

    assert said == KINDS


def test_money_keeps_its_digits() -> None:
    assert b'"price":"67321.40"' in encode_record(fill())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"type":"from_the_future"}', b'{"type":"fill"}'])
def test_what_is_no_record_is_an_error(data: bytes) -> None:
    with pytest.raises(JournalError, match="no record that this version"):
        decode_record(data)


def test_market_events_are_not_kept() -> None:
    assert set(get_args(MarketEvent)) & set(KINDS) == set()
    assert records_of(Turn(QUOTE)) == []


def test_a_step_is_kept_as_its_event_and_then_its_effects_in_order() -> None:
    cancel = CancelOrder(client_order_id="bk1", strategy="ema", symbol=BTC)
    refused = Refused(client_order_id="bk2", strategy="ema", symbol=BTC, rule="r", measured="m", limit="l")
    note = Note(strategy="ema", level="info", text="crossed")

    kept = records_of(Turn(fill(), (note, cancel, Subscription(channel="quotes", symbol=BTC), refused)))

    assert kept == [fill(), note, cancel, refused]


def test_an_intent_that_the_market_caused_is_kept_without_the_market_event() -> None:
    cancel = CancelOrder(client_order_id="bk1", strategy="ema", symbol=BTC)

    assert records_of(Turn(QUOTE, (cancel,))) == [cancel]
