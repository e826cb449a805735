"""The chain that ties each record to all before it, so that a change or a gap shows."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

__all__ = ["GENESIS", "link"]

GENESIS: Final = bytes(16)
"""What the first record is tied to."""


def link(previous: bytes, seq: int, epoch: int, wall_ns: int, payload: bytes) -> bytes:
    """Return the hash of a record and everything before it, 16 bytes.

    The kind is not part of it because the payload names it.
    """
    return blake2b(b"%b%d %d %d %b" % (previous, seq, epoch, wall_ns, payload), digest_size=16).digest()
