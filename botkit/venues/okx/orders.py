"""Orders on their way to OKX, and OKX's acknowledgements on their way back.

An acknowledgement says that a request was taken, refused, or that nobody knows:

    request   taken            refused             not known
    place     ACCEPT           REJECT              LOSE
    amend     (the event)      AMEND_FAIL          LOSE
    cancel    (the event)      CANCEL_FAIL         CANCEL_FAIL: cancel again

Over the socket an instrument is its number, `instIdCode`, and a deadline is a
field; over REST it is its name, and the deadline is the header `expTime`.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-place-order
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from botkit.errors import BotkitError, ProtocolError
from botkit.model.duration import NS_PER_MS
from botkit.model.events import OrderUpdate
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, OrderChange, OrderType, TimeInForce
from botkit.model.side import Side
from botkit.venues.okx import wire
from botkit.venues.okx.endpoints import Op
from botkit.venues.okx.errors import Verdict, remedy, verdict
from botkit.venues.okx.wire import AckRow

__all__ = ["OrderEncoder", "Request", "Unsendable", "decode_acks", "outcome", "unanswered", "unsent"]

_C = OrderChange
_SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}
_TYPES: Final = {TimeInForce.GTC: "limit", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}
_DUPLICATE_ID: Final = "51016"
_ALREADY_CANCELING: Final = "51410"
_LONGEST_ID: Final = 32


class Unsendable(BotkitError):
    """An order that OKX has no words for; nothing was sent."""


class Request(msgspec.Struct, frozen=True):
    """What is waiting for its acknowledgement.

    Attributes:
        op: Place, amend or cancel.
        order: What was asked for.

    """

    op: Op
    order: NewOrder | AmendOrder | CancelOrder


class OrderEncoder:
    """Writes orders as OKX reads them."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        trade_modes: Mapping[InstrumentKind, str],
        venue_ns: Callable[[int], int],
        *,
        tag: str = "",
    ) -> None:
        """Store what it works with.

        Args:
            instruments: Those that are traded, by symbol.
            trade_modes: From `keys.AccountSettings`.
            venue_ns: Returns the venue's time for one of ours: deadlines are the venue's.
            tag: Marks every order, 1 to 16 letters and digits; empty for none.

        """
        self._instruments = instruments
        self._trade_modes = trade_modes
        self._venue_ns = venue_ns
        self._tag = f',"tag":"{_word(tag)}"' if tag else ""

    # ---- over the socket

    def place_frame(self, order: NewOrder, request_id: str) -> bytes:
        """Return the frame that places an order.

        Raises:
            Unsendable: If the instrument or the id cannot be said.

        """
        instrument = self._instrument(order.symbol)
        return (
            f'{{"id":"{request_id}","op":"order"{self._deadline(order.deadline_ns)},"args":[{{"instIdCode":'
            f"{_code(instrument)}{self._terms(order, instrument)}}}]}}"
        ).encode()

    def amend_frame(self, order: AmendOrder, request_id: str) -> bytes:
        """Return the frame that asks for new terms.

        Raises:
            Unsendable: If the instrument or the id cannot be said.

        """
        instrument = self._instrument(order.symbol)
        return (
            f'{{"id":"{request_id}","op":"amend-order"{self._deadline(order.deadline_ns)},"args":[{{"instIdCode":'
            f"{_code(instrument)}{_new_terms(order, instrument)}}}]}}"
        ).encode()

    def cancel_frame(self, order: CancelOrder, request_id: str) -> bytes:
        """Return the frame that asks for a cancel.

        Raises:
            Unsendable: If the instrument or the id cannot be said.

        """
        return (
            f'{{"id":"{request_id}","op":"cancel-order","args":[{{"instIdCode":'
            f'{_code(self._instrument(order.symbol))},"clOrdId":"{_word(order.client_order_id)}"}}]}}'
        ).encode()

    # ---- over REST

    def place_body(self, order: NewOrder) -> bytes:
        """Return the body of `POST trade/order`; its deadline is the header `expTime`.

        Raises:
            Unsendable: If the instrument or the id cannot be said.

        """
        instrument = self._instrument(order.symbol)
        return f'{{"instId":"{instrument.symbol}"{self._terms(order, instrument)}}}'.encode()

    def amend_body(self, order: AmendOrder) -> bytes:
        """Return the body of `POST trade/amend-order`; its deadline is the header `expTime`.

        Raises:
            Unsendable: If the instrument or the id cannot be said.

        """
        instrument = self._instrument(order.symbol)
        return f'{{"instId":"{instrument.symbol}"{_new_terms(order, instrument)}}}'.encode()

    def cancel_body(self, order: CancelOrder) -> bytes:
        """Return the body of `POST trade/cancel-order`.

        Raises:
            Unsendable: If the instrument or the id cannot be said.

        """
        instrument = self._instrument(order.symbol)
        return f'{{"instId":"{instrument.symbol}","clOrdId":"{_word(order.client_order_id)}"}}'.encode()

    def exp_time(self, deadline_ns: int) -> str:
        """Return a deadline as OKX reads it: milliseconds of its own clock."""
        return str(self._venue_ns(deadline_ns) // NS_PER_MS)

    # ---- their parts

    def _instrument(self, symbol: str) -> Instrument:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise Unsendable(f"{symbol} is not among the instruments loaded")
        return instrument

    def _deadline(self, deadline_ns: int) -> str:
        return f',"expTime":"{self.exp_time(deadline_ns)}"' if deadline_ns else ""

    def _terms(self, order: NewOrder, instrument: Instrument) -> str:
        trade_mode = self._trade_modes.get(instrument.kind)
        if trade_mode is None:
            raise Unsendable(f"the account's mode does not trade {instrument.kind.value} instruments")
        is_swap = instrument.kind is InstrumentKind.SWAP
        if order.type is OrderType.MARKET:
            terms = '"market"' if is_swap else '"market","tgtCcy":"base_ccy"'
        elif order.limit_price is None:
            raise Unsendable("a limit order needs its price")
        else:
            kind = "post_only" if order.post_only else _TYPES[order.time_in_force]
            terms = f'"{kind}","px":"{order.limit_price:f}"'
        if order.reduce_only and is_swap:
            terms += ',"reduceOnly":true'
        return (
            f',"tdMode":"{trade_mode}","clOrdId":"{_word(order.client_order_id)}","side":"{_SIDES[order.side]}",'
            f'"sz":"{_contracts(order.size, instrument)}","ordType":{terms}{self._tag}'
        )


def _new_terms(order: AmendOrder, instrument: Instrument) -> str:
    return (
        f',"clOrdId":"{_word(order.client_order_id)}","reqId":"{_word(order.amend_id)}",'
        f'"newSz":"{_contracts(order.size, instrument)}","newPx":"{order.limit_price:f}"'
    )


def _contracts(size: Decimal, instrument: Instrument) -> str:
    return f"{instrument.contracts(size):f}"


def _code(instrument: Instrument) -> int:
    # Never 0 or the name instead: OKX answers the first for another instrument and refuses the second.
    if not instrument.venue_code:
        raise Unsendable(f"OKX has given {instrument.symbol} no number to order by")
    return instrument.venue_code


def _word(text: str) -> str:
    if not (text.isalnum() and text.isascii() and len(text) <= _LONGEST_ID):
        raise Unsendable(f"OKX takes ids of 1 to {_LONGEST_ID} letters and digits, not {text!r}")
    return text


# ---- acknowledgements


def decode_acks(data: bytes | msgspec.Raw) -> list[AckRow]:
    """Return the items of an acknowledgement, in the order of the request.

    Raises:
        ProtocolError: If these are no such items.

    """
    return wire.decode(data, _ACKS)


def outcome(
    request: Request, code: str, message: str, items: Sequence[AckRow], recv_ns: int
) -> list[OrderUpdate]:
    """Return what an acknowledgement of one order means, over the socket or by REST.

    Args:
        request: What was asked for.
        code: Of the whole answer; where there are items they know better.
        message: The venue's words that go with the code.
        items: What became of each order of the request.
        recv_ns: When the answer came.

    Raises:
        ProtocolError: If the answer is about several orders.

    """
    if len(items) > 1:
        raise ProtocolError(f"OKX answered a request for one order with {len(items)} items")
    if not items:
        # Without an item a 0 takes nothing: what became of the order is not known.
        return _answered(
            request, verdict(code) if code != "0" else Verdict.UNKNOWN, AckRow(code, s_msg=message), recv_ns
        )
    return _answered(request, verdict(items[0].s_code), items[0], recv_ns)


def unanswered(request: Request, reason: str, recv_ns: int) -> list[OrderUpdate]:
    """Return what it means that no answer came."""
    return _answered(request, Verdict.UNKNOWN, AckRow("", s_msg=reason), recv_ns)


def unsent(request: Request, reason: str, recv_ns: int) -> list[OrderUpdate]:
    """Return what it means that a request was never sent."""
    return _answered(request, Verdict.REFUSED, AckRow("", s_msg=reason), recv_ns)


_REFUSALS: Final = {Op.PLACE: _C.REJECT, Op.AMEND: _C.AMEND_FAIL, Op.CANCEL: _C.CANCEL_FAIL}
_LOSSES: Final = {Op.PLACE: _C.LOSE, Op.AMEND: _C.LOSE, Op.CANCEL: _C.CANCEL_FAIL}


def _answered(request: Request, said: Verdict, item: AckRow, recv_ns: int) -> list[OrderUpdate]:
    op = request.op
    if said is Verdict.DONE:
        return [_update(request, _C.ACCEPT, item, recv_ns)] if op is Op.PLACE else []
    if op is Op.PLACE and item.s_code == _DUPLICATE_ID:
        said = Verdict.UNKNOWN  # an order of this id lives: perhaps this very one, sent before
    if op is Op.CANCEL and item.s_code == _ALREADY_CANCELING:
        return []
    change = _LOSSES[op] if said is Verdict.UNKNOWN else _REFUSALS[op]
    return [_update(request, change, item, recv_ns)]


def _update(request: Request, change: OrderChange, item: AckRow, recv_ns: int) -> OrderUpdate:
    order = request.order
    is_failure = change is not _C.ACCEPT
    advice = remedy(item.s_code)
    return OrderUpdate(
        recv_ns=recv_ns,
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        venue_order_id=item.ord_id,
        change=change,
        amend_id=order.amend_id if isinstance(order, AmendOrder) else "",
        code=item.s_code if is_failure else "",
        reason=f"{item.s_msg.strip()} {advice}".strip() if is_failure else "",
    )


_ACKS: Final = wire.decoder(list[AckRow])
