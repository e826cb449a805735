"""A server's bytes, cut into whole WebSocket frames, without the socket.

Nearly all that a venue sends are text frames, unfragmented and uncompressed. They
are read here in a quarter of the time that a general parser takes; every other
frame is left whole to such a parser, which also judges what is wrong.

Source: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["FrameCutter"]

_WHOLE_TEXT: Final = 0x81  # the only fragment, no extension, text
_LAST_FRAGMENT: Final = 0x80
_OPCODE: Final = 0x0F
_FIRST_CONTROL: Final = 0x8
_MASKED: Final = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127


class FrameCutter:
    """Takes bytes as they come; yields frames as they are complete."""

    def __init__(self, max_size: int) -> None:
        """Store what it works with; frames of more than `max_size` bytes are not waited for."""
        self._max_size = max_size
        self._parts: list[bytes] = []
        self._missing = 0
        self._is_in_fragments = False

    def cut(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        """Yield True and its text for each whole text frame, False and all its bytes for any other.

        A frame that no server may send, or that is too large, comes with all that
        follows it; after that nothing can be read any more.
        """
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
            self._parts.clear()
        at, size = 0, len(data)
        while at < size:
            start, length = _payload(data, at)
            end = start + length
            if length > self._max_size:
                yield False, data[at:]
                return
            if end > size:
                self._parts.append(data[at:])
                self._missing = end - size
                return
            first = data[at]
            if first == _WHOLE_TEXT and not self._is_in_fragments:
                yield True, data[start:end]
            else:
                if first & _OPCODE < _FIRST_CONTROL:
                    self._is_in_fragments = not first & _LAST_FRAGMENT
                yield False, data[at:end]
            at = end


def _payload(data: bytes, at: int) -> tuple[int, int]:
    """Return where the payload of the frame at `at` starts, and its length, at least as far as is known.

    Where the header is not complete, what is missing of it counts as payload. The
    mask bit makes the length larger than any that is waited for.
    """
    if len(data) - at < 2:
        return at + 2, 0
    short = data[at + 1]
    if short < _TWO_BYTES:
        return at + 2, short
    if short & _MASKED:
        return at + 2, 1 << 64
    start = at + (4 if short == _TWO_BYTES else 10)
    return (start, int.from_bytes(data[at + 2 : start], "big")) if len(data) >= start else (start, 0)
