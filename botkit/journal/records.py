"""What the journal keeps, as one tagged union, and how it is written as JSON.

Kept is what cannot be asked for again: what was intended, refused, said and
saved, and everything that happened to the account and the run. Market events
are not: they come ten thousand times as often as intents, would make every
restart read gigabytes, and no order depends on finding them again. Whoever
wants to replay a market records it with `botkit.history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, get_args

import msgspec

from botkit.errors import JournalError
from botkit.model.events import AccountEvent, AnyEvent, ControlEvent
from botkit.model.note import Note
from botkit.model.order import AmendOrder, CancelOrder, NewOrder
from botkit.risk.approval import Approved, Refused
from botkit.strategy.saved import StrategyState

__all__ = ["KINDS", "Intent", "Record", "Step", "decode_record", "encode_record", "kind_of", "records_of"]

Intent = NewOrder | AmendOrder | CancelOrder
Record = AccountEvent | ControlEvent | Intent | Refused | Note | StrategyState

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final[msgspec.json.Decoder[Record]] = msgspec.json.Decoder(Record)

KINDS: Final[dict[type, str]] = {member: str(member.__struct_config__.tag) for member in get_args(Record)}
"""The name of each kind of record, as the journal's `kind` column has it."""


class _Tagged(msgspec.Struct):
    type: str


_TAG_DECODER: Final = msgspec.json.Decoder(_Tagged)


class Step(Protocol):
    """One turn of the engine, as far as the journal looks at it."""

    @property
    def event(self) -> AnyEvent:
        """Return what came in."""

    @property
    def effects(self) -> Sequence[object]:
        """Return what should be done about it, in order."""


def encode_record(record: Record) -> bytes:
    """Return the record as JSON."""
    return _ENCODER.encode(record)


def decode_record(data: bytes) -> Record:
    """Return the record that `encode_record` wrote.

    Raises:
        JournalError: If these are not the bytes of a record.

    """
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise JournalError(f"this is no record that this version of botkit knows: {error}") from error


def kind_of(data: bytes) -> str:
    """Return which of `KINDS` the bytes of a record name, without reading the rest."""
    return _TAG_DECODER.decode(data).type


def records_of(step: Step) -> list[Record]:
    """Return what of a step is kept: its event unless it is the market's, then its effects in order."""
    event = step.event
    records: list[Record] = [event] if type(event) in KINDS else []  # type: ignore[list-item]  # see KINDS
    for effect in step.effects:
        kept = effect.request if type(effect) is Approved else effect
        if type(kept) in KINDS:
            records.append(kept)  # type: ignore[arg-type]  # KINDS has the union's members only
    return records
