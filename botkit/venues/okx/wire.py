"""OKX's frames and rows as they come over the wire, and the decoders that check them.

Market rows are read straight to numbers, because there they are always present.
Account rows keep OKX's text: an empty one means "does not apply", never zero.
Only what identifies a row is required; new fields and new words of OKX's
enumerations come without notice and are let through.

Source: https://www.okx.com/docs-v5/en/, as of 2026-08-22.
"""

from __future__ import annotations

from typing import Annotated, Final, Generic, TypeVar

import msgspec

from botkit.errors import ProtocolError
from botkit.model.side import Side

__all__ = [
    "UNREADABLE",
    "AccountPush",
    "AccountRow",
    "AckRow",
    "Arg",
    "BookPush",
    "BookRow",
    "CandleRow",
    "ConfigRow",
    "DetailRow",
    "Envelope",
    "FillRow",
    "FundingRow",
    "InstrumentRow",
    "LevelRow",
    "MarkPriceRow",
    "OrderRow",
    "PositionPush",
    "PositionRow",
    "Push",
    "Reply",
    "TickerRow",
    "TimeRow",
    "TradeRow",
    "channel_of",
    "decode",
    "decode_reply",
    "decoder",
]

Row = TypeVar("Row")

# The bounds keep out what is a number to JSON but not to a market: NaN, infinities, the year 300000.
Positive = Annotated[float, msgspec.Meta(gt=0, lt=1e30)]
NotNegative = Annotated[float, msgspec.Meta(ge=0, lt=1e30)]
Ratio = Annotated[float, msgspec.Meta(gt=-1e6, lt=1e6)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=9_000_000_000_000)]


class Arg(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What was subscribed to, as acks and pushes repeat it."""

    channel: str
    inst_id: str = ""
    inst_type: str = ""


class Envelope(msgspec.Struct, gc=False, rename="camel"):
    """Any frame, read just far enough to know what it is."""

    event: str = ""
    op: str = ""
    id: str = ""
    code: str = ""
    msg: str = ""
    channel: str = ""
    arg: Arg | None = None
    data: msgspec.Raw = msgspec.Raw(b"")


class Push(msgspec.Struct, Generic[Row], gc=False):
    """Rows of a channel."""

    arg: Arg
    data: list[Row]


class Reply(msgspec.Struct, gc=False):
    """The answer to a REST request; `data` is absent when the request was not authenticated.

    Attributes:
        code: 0 for success; for requests about orders only a summary, each row has its own.
        data: Rows, for the `decode_` functions of `codec`, `account`, `keys` and `orders`.

    """

    code: Annotated[str, msgspec.Meta(max_length=16)] | int
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")

    @property
    def code_text(self) -> str:
        """Return the code as text; a failing gateway sends a number."""
        return str(self.code)


# ---- market rows


class LevelRow(msgspec.Struct, array_like=True, gc=False):
    """Price and size of one step of a book; two more columns follow."""

    px: Positive
    sz: NotNegative


class BookRow(msgspec.Struct, gc=False, rename="camel"):
    """A book or changes to it; `seq_id` orders them."""

    asks: list[LevelRow]
    bids: list[LevelRow]
    ts: Milliseconds
    seq_id: int = -1
    prev_seq_id: int | None = None


class BookPush(msgspec.Struct, gc=False):
    """Books of a channel; `action` is absent where every push is a whole book."""

    arg: Arg
    data: list[BookRow]
    action: str = ""


class TradeRow(msgspec.Struct, gc=False, rename="camel"):
    """One or more matches of a taker at one price; `trade_id` is the last one's."""

    inst_id: str
    trade_id: str
    px: Positive
    sz: NotNegative
    side: Side
    ts: Milliseconds


class CandleRow(msgspec.Struct, array_like=True, gc=False):
    """A bar; `vol` is base currency for spot and contracts for swaps, whose `vol_ccy` is base."""

    ts: Milliseconds
    o: Positive
    h: Positive
    l: Positive  # noqa: E741 # the column's name
    c: Positive
    vol: NotNegative
    vol_ccy: NotNegative
    vol_ccy_quote: NotNegative
    confirm: str


class MarkPriceRow(msgspec.Struct, gc=False, rename="camel"):
    """The mark price; empty for products that have none."""

    inst_id: str
    mark_px: str
    ts: Milliseconds


class FundingRow(msgspec.Struct, gc=False, rename="camel"):
    """The funding rate that applies at `funding_time`."""

    inst_id: str
    funding_rate: Ratio
    funding_time: Milliseconds
    ts: Milliseconds = 0


class TickerRow(msgspec.Struct, gc=False, rename="camel"):
    """Last trade, best bid and offer; an empty side is an empty text."""

    inst_id: str
    bid_px: str
    bid_sz: str
    ask_px: str
    ask_sz: str
    ts: Milliseconds
    last: str = ""


# ---- account rows: text, because "" means that a number does not apply


class OrderRow(msgspec.Struct, gc=False, rename="camel"):
    """An order, on the `orders` channel and in REST answers.

    On the channel `fill_px`, `fill_sz` and `trade_id` belong to this very change;
    in REST answers they repeat the order's last fill.
    """

    inst_id: str
    ord_id: str
    state: str
    inst_type: str = ""
    cl_ord_id: str = ""
    side: str = ""
    px: str = ""
    sz: str = ""
    tgt_ccy: str = ""
    acc_fill_sz: str = ""
    fill_px: str = ""
    fill_sz: str = ""
    trade_id: str = ""
    exec_type: str = ""
    fill_time: str = ""
    fill_fee: str = ""
    fill_fee_ccy: str = ""
    cancel_source: str = ""
    amend_source: str = ""
    amend_result: str = ""
    req_id: str = ""
    code: str = ""
    msg: str = ""
    u_time: str = ""
    c_time: str = ""


class FillRow(msgspec.Struct, gc=False, rename="camel"):
    """A fill, in REST answers."""

    inst_id: str
    ord_id: str
    trade_id: str
    side: str
    fill_px: str
    fill_sz: str
    cl_ord_id: str = ""
    fee: str = ""
    fee_ccy: str = ""
    exec_type: str = ""
    fill_time: str = ""
    ts: str = ""
    bill_id: str = ""


class DetailRow(msgspec.Struct, gc=False, rename="camel"):
    """One currency of an account."""

    ccy: str
    cash_bal: str = ""
    avail_bal: str = ""
    avail_eq: str = ""
    u_time: str = ""


class AccountRow(msgspec.Struct, gc=False, rename="camel"):
    """An account; `details` holds its currencies."""

    details: list[DetailRow]
    u_time: str = ""


class PositionRow(msgspec.Struct, gc=False, rename="camel"):
    """A position; `pos` counts contracts, signed in net mode."""

    inst_id: str
    pos: str
    inst_type: str = ""
    pos_side: str = ""
    mgn_mode: str = ""
    avg_px: str = ""
    u_time: str = ""


class AccountPush(msgspec.Struct, gc=False, rename="camel"):
    """An account, whole or in parts: `event_type` is `snapshot` for pages of a whole one."""

    data: list[AccountRow]
    event_type: str = ""
    cur_page: int = 0
    last_page: bool = False


class PositionPush(msgspec.Struct, gc=False, rename="camel"):
    """Positions, all of them or those that changed; as for `AccountPush`."""

    data: list[PositionRow]
    event_type: str = ""
    cur_page: int = 0
    last_page: bool = False


class AckRow(msgspec.Struct, gc=False, rename="camel"):
    """What became of one item of an order request; `s_code` 0 is taken, not done."""

    s_code: str
    ord_id: str = ""
    cl_ord_id: str = ""
    s_msg: str = ""
    sub_code: str = ""
    req_id: str = ""


class InstrumentRow(msgspec.Struct, gc=False, rename="camel"):
    """An instrument; before its listing most columns are empty."""

    inst_id: str
    inst_type: str
    state: str = ""
    base_ccy: str = ""
    quote_ccy: str = ""
    settle_ccy: str = ""
    ct_type: str = ""
    ct_val: str = ""
    ct_mult: str = ""
    ct_val_ccy: str = ""
    tick_sz: str = ""
    lot_sz: str = ""
    min_sz: str = ""
    max_lmt_sz: str = ""
    max_mkt_sz: str = ""
    inst_id_code: int | None = None


class ConfigRow(msgspec.Struct, gc=False, rename="camel"):
    """An account's settings and the rights of the key that asks.

    What the key's scope is judged by may have any type here: a wrong one means
    that the venue did not say.
    """

    perm: object = None
    ip: object = None
    uid: object = None
    main_uid: object = None
    label: object = None
    role_type: object = None
    spot_role_type: object = None
    acct_lv: str = ""
    pos_mode: str = ""


class TimeRow(msgspec.Struct, gc=False):
    """The venue's time, in milliseconds."""

    ts: Milliseconds


UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises when bytes are not what it reads."""

_CHANNEL_AT: Final = len(b'{"arg":{"channel":"')


def channel_of(frame: bytes) -> bytes:
    """Return what stands where OKX's pushes have their channel, without looking whether this is a push.

    A guess, and a cheap one: whoever uses it decodes the frame as a push of that
    channel, and where that fails reads its `Envelope`.
    """
    return frame[_CHANNEL_AT : frame.find(b'"', _CHANNEL_AT)]


def decoder(kind: type[Row]) -> msgspec.json.Decoder[Row]:
    """Return a decoder that reads numbers from text."""
    return msgspec.json.Decoder(kind, strict=False)


def decode(data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Row]) -> Row:
    """Return what the bytes mean.

    Raises:
        ProtocolError: If they are not what the decoder reads.

    """
    try:
        return decoder.decode(data)
    except UNREADABLE as error:
        raise ProtocolError(f"OKX sent what it does not document: {error}") from error


def decode_reply(body: bytes) -> Reply:
    """Return the answer to a REST request, its rows still to be read.

    Raises:
        ProtocolError: If it is none, such as a gateway's page; what the request did is unknown.

    """
    return decode(body, _REPLIES)


_REPLIES: Final = decoder(Reply)
