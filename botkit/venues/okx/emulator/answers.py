"""What the exchange says back: refusals with their codes, and the envelopes of REST.

{"code":"0","msg":"","data":[...]}                     done, or rows
{"code":"1" or "2","msg":...,"data":[{...,"sCode"}]}    all, or some, of a write failed
{"code":"51000","msg":"Parameter instType error","data":[]}
{"msg":"API key doesn't exist","code":"50119"}          who are you: no `data`
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

__all__ = [
    "Answer",
    "Refused",
    "Row",
    "Verdict",
    "acks",
    "refusal",
    "rows",
    "text_of",
    "unauthorized",
]

Row = dict[str, object]
"""An object of an answer or a push, by the exchange's own names."""

_TEXTS: Final = {
    "50000": "Body for POST request cannot be empty.",
    "50002": "JSON syntax error",
    "50005": "API endpoint is offline or does not exist.",
    "50006": 'Invalid Content-Type. Please use "application/json".',
    "50011": "Rate limit reached. Please refer to API documentation and throttle requests accordingly.",
    "50014": "Parameter {} can not be empty.",
    "50015": "Either parameter {} or {} is required.",
    "50016": "Parameter {} does not match parameter {}.",
    "50036": "The expTime can't be earlier than the current system time.",
    "50037": "Order expired.",
    "50061": "Sub-account rate limit exceeded.",
    "50101": "APIKey does not match current environment.",
    "50102": "Timestamp request expired.",
    "50103": 'Request header "OK-ACCESS-KEY" can\'t be empty.',
    "50104": 'Request header "OK-ACCESS-PASSPHRASE" can\'t be empty.',
    "50105": 'Request header "OK-ACCESS-PASSPHRASE" incorrect.',
    "50106": 'Request header "OK-ACCESS-SIGN" can\'t be empty.',
    "50107": 'Request header "OK-ACCESS-TIMESTAMP" can\'t be empty.',
    "50110": "Your IP {} is not included in your API key's IP whitelist.",
    "50112": "Invalid OK-ACCESS-TIMESTAMP",
    "50113": "Invalid Sign",
    "50115": "Invalid request method.",
    "50119": "API key doesn't exist",
    "50120": "This API key doesn't have permission to use this function.",
    "51000": "Parameter {} error",
    "51001": "Instrument ID, Instrument ID code, or Spread ID doesn't exist.",
    "51003": "Either client order ID or order ID is required.",
    "51005": "Your order amount exceeds the max order amount.",
    "51008": "Order failed. Insufficient {} balance in account.",
    "51010": "You can't complete this request under your current account mode.",
    "51015": "Instrument ID doesn't match instrument type.",
    "51016": "Client order ID already exists.",
    "51020": "Your order should meet or exceed the minimum order amount.",
    "51022": "Contract suspended.",
    "51025": "Order count exceeds the limit.",
    "51102": "Number of pending orders of this instrument exceeds the limit.",
    "51111": "Maximum 20 orders can be placed in bulk.",
    "51112": "Close order size exceeds the available size of your position.",
    "51121": "Order quantity must be a multiple of the lot size.",
    "51137": "Your order price exceeds the highest buy price of {}.",
    "51138": "Your order price is below the lowest sell price of {}.",
    "51150": "The precision of the number of trades or the price exceeds the limit.",
    "51169": "Order failed because you don't have any positions in this direction to reduce.",
    "51170": "Order failed because a reduce-only order can't have the same direction as your position.",
    "51202": "Market order amount exceeds the maximum amount.",
    "51204": "The price of a limit order can not be empty.",
    "51400": "Cancellation failed as the order has been filled, canceled or does not exist.",
    "51406": "Maximum 20 orders can be canceled in bulk.",
    "51407": "Either order ID or client order ID is required.",
    "51500": "You must enter a price, quantity, or TP/SL.",
    "51501": "Maximum 20 orders can be modified.",
    "51503": "Your order has already been filled or canceled, or doesn't exist.",
    "51506": "Order modification unavailable for this order type.",
    "51511": "Modification failed: the post-only order would be executed immediately.",
    "51512": "The same order appears twice in one request.",
    "51603": "Order does not exist.",
    "54009": "Parameter {} must be 0 or within [{}, {}].",
    "54072": "This contract is currently view-only and not tradable.",
    "58350": "Insufficient balance",
    "59102": "Leverage exceeds the maximum limit.",
    "59105": "Leverage can't be lower than the minimum.",
    "59108": "Low leverage and insufficient margin, please adjust the leverage.",
    "59504": "Sub-accounts don't support withdrawals.",
    "60004": "Invalid timestamp",
    "60005": "Invalid apiKey",
    "60006": "Timestamp request expired",
    "60007": "Invalid sign",
    "60008": "The current WebSocket endpoint does not support subscribing to the channel {}.",
    "60009": "Login failed.",
    "60011": "Please log in",
    "60012": "Invalid request: {}",
    "60013": "Invalid args",
    "60014": "Requests too frequent",
    "60018": "Wrong URL or {} doesn't exist. Please use the correct URL, channel and parameters.",
    "60019": "Invalid op: {}",
    "60024": "Wrong passphrase",
    "60028": "The operation {} is not supported by this URL.",
    "60031": "The WebSocket endpoint does not support multiple login.",
    "60032": "API key doesn't exist",
    "64000": "Subscription parameter uly is unavailable anymore, please replace uly with instFamily.",
    "64001": "This channel has been migrated to the '/business' URL.",
    "64002": "This channel is not supported by the '/business' URL.",
    "64003": "Your trading fee tier doesn't meet the requirement to access this channel.",
}

# Where the documentation does not say 200. Authentication is 401 whatever it says.
_STATUSES: Final = {
    "50000": 400,
    "50002": 400,
    "50005": 404,
    "50006": 400,
    "50011": 429,
    "50014": 400,
    "50015": 400,
    "50115": 405,
    "51000": 400,
    "50016": 400,
    "51406": 400,
    "51501": 400,
    "59105": 400,
}


def text_of(code: str, *names: object) -> str:
    """Return what the exchange says with a code, with `names` in the gaps."""
    return _TEXTS[code].format(*names)


class Refused(Exception):
    """A request that the exchange turns down as a whole.

    Attributes:
        code: The exchange's own.
        text: Its words.
        sub_code: A finer reason, for orders.

    """

    def __init__(self, code: str, *names: object, sub_code: str = "") -> None:
        self.code = code
        self.text = text_of(code, *names)
        self.sub_code = sub_code
        super().__init__(code, self.text)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, before it is bytes."""

    body: dict[str, object]
    status: int = 200

    def encode(self) -> bytes:
        """Return the body as it goes out."""
        return orjson.dumps(self.body)


class Verdict(msgspec.Struct, frozen=True):
    """What became of one item of a write: `row` holds all keys of the answer."""

    row: Row
    code: str = "0"


def rows(data: Sequence[Row | list[str]]) -> Answer:
    """Answer a question."""
    return Answer({"code": "0", "msg": "", "data": data})


def refusal(refused: Refused) -> Answer:
    """Answer a request that cannot be served."""
    status = _STATUSES.get(refused.code, 200)
    return Answer({"code": refused.code, "msg": refused.text, "data": []}, status)


def unauthorized(refused: Refused) -> Answer:
    """Answer somebody whose key, signature or clock is wrong."""
    return Answer({"msg": refused.text, "code": refused.code}, 401)


_SUMMARIES: Final = {"0": "", "1": "All operations failed", "2": "Bulk operation partially succeeded."}


def acks(verdicts: Sequence[Verdict], in_us: int, out_us: int) -> dict[str, object]:
    """Return the envelope of a write: `code` 1 if all items failed, 2 if some did.

    Args:
        verdicts: One per item, in the order of the request.
        in_us: When the request came in, microseconds since 1970.
        out_us: When the answer leaves, microseconds since 1970.

    """
    failed = sum(verdict.code != "0" for verdict in verdicts)
    code = "0" if not failed else "1" if failed == len(verdicts) else "2"
    return {
        "code": code,
        "msg": _SUMMARIES[code],
        "data": [verdict.row for verdict in verdicts],
        "inTime": str(in_us),
        "outTime": str(out_us),
    }
