"""What one connection has subscribed to, and how far each of it has come.

    WAITING --request sent--> ASKED --ack, or data--> ACTIVE --we leave--> LEAVING
       ▲                        │ │                     │ │                   │
       └────── no answer ───────┘ │                     │ │                   │
       └──── unsubscribed by OKX ─│─────────────────────┘ │                   │
       └───── ack: now subscribe again ───────────────────│───────────────────┘
                                  └──── error ──► REFUSED ◄── late error ─────┘

OKX acknowledges each argument by itself, in any order; data may come before the
acknowledgement and an error after it. An error names the request, not the
argument: where a request had several, those without an answer are asked again
one by one. To get a fresh snapshot one must leave first, and wait for the
acknowledgement of that.

Source: https://www.okx.com/docs-v5/en/#overview-websocket-subscribe
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final

import msgspec

from botkit.errors import ProtocolError
from botkit.model.duration import NS_PER_S
from botkit.venues.okx.endpoints import Op
from botkit.venues.okx.errors import Verdict, verdict
from botkit.venues.okx.wire import Arg

__all__ = ["STAGES", "Happening", "Stage", "Subscriptions"]

_ANSWER_WITHIN_NS: Final = 10 * NS_PER_S
_LEAVE_WITHIN_NS: Final = 5 * NS_PER_S
_SORT_OUT_NS: Final = 2 * NS_PER_S
_BACKOFF_S: Final = (0, 1, 2, 5, 15, 30)
_STABLE_NS: Final = 60 * NS_PER_S
_LONGEST_REQUEST: Final = 4_096
# OKX allows 480 requests an hour on one connection; some are left to end well.
_REQUESTS_PER_HOUR: Final = 420
_HOUR_NS: Final = 3_600 * NS_PER_S


class Stage(Enum):
    """How far a subscription has come."""

    WAITING = "waiting"
    ASKED = "asked"
    ACTIVE = "active"
    LEAVING = "leaving"
    REFUSED = "refused"


class Happening(Enum):
    """What can happen to a subscription.

    END is the acknowledgement of leaving, wanted or not, or that no answer came.
    """

    SEND = "send"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    LEAVE = "leave"
    END = "end"


_S, _H = Stage, Happening

STAGES: Final[dict[tuple[Stage, Happening], Stage]] = {
    (_S.WAITING, _H.SEND): _S.ASKED,
    (_S.WAITING, _H.CONFIRM): _S.WAITING,  # data in flight since before we left
    (_S.WAITING, _H.REFUSE): _S.REFUSED,
    (_S.WAITING, _H.LEAVE): _S.WAITING,
    (_S.WAITING, _H.END): _S.WAITING,
    (_S.ASKED, _H.SEND): _S.ASKED,
    (_S.ASKED, _H.CONFIRM): _S.ACTIVE,
    (_S.ASKED, _H.REFUSE): _S.REFUSED,
    (_S.ASKED, _H.LEAVE): _S.ASKED,  # a fresh start is under way already
    (_S.ASKED, _H.END): _S.WAITING,
    (_S.ACTIVE, _H.SEND): _S.ACTIVE,
    (_S.ACTIVE, _H.CONFIRM): _S.ACTIVE,
    (_S.ACTIVE, _H.REFUSE): _S.REFUSED,  # the error that comes after the acknowledgement
    (_S.ACTIVE, _H.LEAVE): _S.LEAVING,
    (_S.ACTIVE, _H.END): _S.WAITING,  # OKX has unsubscribed us
    (_S.LEAVING, _H.SEND): _S.LEAVING,
    (_S.LEAVING, _H.CONFIRM): _S.LEAVING,  # data in flight
    (_S.LEAVING, _H.REFUSE): _S.WAITING,  # there is nothing to leave any more
    (_S.LEAVING, _H.LEAVE): _S.LEAVING,
    (_S.LEAVING, _H.END): _S.WAITING,
    **{(_S.REFUSED, happening): _S.REFUSED for happening in _H},
}


class _Entry:
    __slots__ = ("arg", "due_ns", "failures", "is_alone", "request_id", "since_ns", "stage")

    def __init__(self, arg: Arg) -> None:
        self.arg = arg
        self.stage = Stage.WAITING
        self.since_ns = 0
        self.due_ns = 0
        self.failures = 0
        self.is_alone = False
        self.request_id = ""

    def note(self, happening: Happening, now_ns: int) -> Stage:
        stage = STAGES[self.stage, happening]
        if stage is not self.stage:
            self.stage = stage
            self.since_ns = now_ns
        return stage


class Subscriptions:
    """The subscriptions of one connection.

    Attributes:
        is_settled: Nothing is waiting, asked or leaving: each has its answer.

    """

    def __init__(self, epoch: int) -> None:
        """Begin without any; `epoch` tells this connection's requests from those of others."""
        self.is_settled = True
        self._epoch = epoch
        self._entries: dict[Arg, _Entry] = {}
        self._requests: dict[str, list[Arg]] = {}
        self._sent_ns: deque[int] = deque()

    def __contains__(self, arg: Arg) -> bool:
        return arg in self._entries

    def stage(self, arg: Arg) -> Stage | None:
        """Return how far a subscription has come, None if there is no such subscription."""
        entry = self._entries.get(arg)
        return None if entry is None else entry.stage

    def want(self, arg: Arg) -> None:
        """Subscribe, once `requests` are sent; idempotent."""
        if arg not in self._entries:
            self._entries[arg] = _Entry(arg)
            self.is_settled = False

    def confirm(self, arg: Arg, now_ns: int) -> None:
        """Take in an acknowledgement, or data."""
        self._note(arg, Happening.CONFIRM, now_ns)

    def leave(self, arg: Arg, now_ns: int) -> bytes | None:
        """Return the request that ends a subscription, which then begins again; None if that is under way."""
        entry = self._entries[arg]
        if entry.stage is not Stage.ACTIVE:
            return None
        if now_ns - entry.since_ns >= _STABLE_NS:
            entry.failures = 0
        self._note(arg, Happening.LEAVE, now_ns)
        return self._request(Op.UNSUBSCRIBE, [entry], now_ns)

    def end(self, arg: Arg, now_ns: int) -> None:
        """Take in that a subscription has ended; it begins again after a while."""
        entry = self._entries.get(arg)
        if entry is not None:
            self._wait(entry, now_ns)

    def fail(self, request_id: str, code: str, message: str, now_ns: int) -> list[Arg]:
        """Take in an error; return what will never be served.

        Raises:
            ProtocolError: If it cannot be told what has failed.

        """
        entries = [self._entries[arg] for arg in self._requests.get(request_id, ())]
        suspects = (
            [e for e in entries if e.stage in {Stage.ASKED, Stage.LEAVING}] if len(entries) > 1 else entries
        )
        if not suspects:
            raise ProtocolError(f"OKX says: {message} ({code})")
        if len(suspects) > 1:
            for entry in suspects:
                entry.is_alone = True
                self._note(entry.arg, Happening.END, now_ns)
                entry.due_ns = now_ns + _SORT_OUT_NS
            return []
        entry = suspects[0]
        if verdict(code) in {Verdict.LATER, Verdict.UNKNOWN}:
            self._wait(entry, now_ns)
            return []
        return [entry.arg] if self._note(entry.arg, Happening.REFUSE, now_ns) is Stage.REFUSED else []

    def requests(self, now_ns: int) -> list[bytes]:
        """Return the requests that are due, and give up waiting for answers that are overdue.

        Raises:
            ProtocolError: If this connection has used up its requests; a new one has its own.

        """
        if self.is_settled:
            return []
        for entry in self._entries.values():
            limit_ns = _LEAVE_WITHIN_NS if entry.stage is Stage.LEAVING else _ANSWER_WITHIN_NS
            if entry.stage in {Stage.ASKED, Stage.LEAVING} and now_ns - entry.since_ns > limit_ns:
                self._wait(entry, now_ns)
        due = [e for e in self._entries.values() if e.stage is Stage.WAITING and e.due_ns <= now_ns]
        return [self._ask(batch, now_ns) for batch in _batches(due)]

    def _ask(self, batch: list[_Entry], now_ns: int) -> bytes:
        request = self._request(Op.SUBSCRIBE, batch, now_ns)
        for entry in batch:
            entry.note(Happening.SEND, now_ns)
        return request

    def _request(self, op: Op, batch: list[_Entry], now_ns: int) -> bytes:
        while self._sent_ns and now_ns - self._sent_ns[0] >= _HOUR_NS:
            self._sent_ns.popleft()
        if len(self._sent_ns) >= _REQUESTS_PER_HOUR:
            raise ProtocolError("this connection has used up its subscription requests")
        self._sent_ns.append(now_ns)
        request_id = f"{self._epoch}s{len(self._requests)}"
        self._requests[request_id] = [entry.arg for entry in batch]
        args = b",".join([_json(entry.arg) for entry in batch])
        return b'{"id":"%s","op":"%s","args":[%s]}' % (request_id.encode(), op.value.encode(), args)

    def _wait(self, entry: _Entry, now_ns: int) -> None:
        self._note(entry.arg, Happening.END, now_ns)
        entry.due_ns = now_ns + _BACKOFF_S[min(entry.failures, len(_BACKOFF_S) - 1)] * NS_PER_S
        entry.failures += 1

    def _note(self, arg: Arg, happening: Happening, now_ns: int) -> Stage | None:
        entry = self._entries.get(arg)
        if entry is None:
            return None
        stage = entry.note(happening, now_ns)
        self.is_settled = all(e.stage in {Stage.ACTIVE, Stage.REFUSED} for e in self._entries.values())
        return stage


def _batches(entries: list[_Entry]) -> list[list[_Entry]]:
    """Return entries that fit one request each, those apart that must be asked for alone."""
    batches: list[list[_Entry]] = [[entry] for entry in entries if entry.is_alone]
    room = 0
    for entry in entries:
        if entry.is_alone:
            continue
        length = len(_json(entry.arg)) + 1
        if length > room:
            batches.append([])
            room = _LONGEST_REQUEST - 64
        batches[-1].append(entry)
        room -= length
    return batches


def _json(arg: Arg) -> bytes:
    fields = {"channel": arg.channel, "instType": arg.inst_type, "instId": arg.inst_id}
    words = {name: word for name, word in fields.items() if word}
    if arg.channel in _EVENTS_ONLY:
        words["extraParams"] = '{"updateInterval":"0"}'
    return msgspec.json.encode(words)


# What changes is pushed at once anyway; the same again every few seconds is not needed.
_EVENTS_ONLY: Final = frozenset({"account", "positions"})
