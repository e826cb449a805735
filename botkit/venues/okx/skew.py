"""How far the venue's clock is from ours, as far as a question and its answer can tell.

The answer was written somewhere between asking and hearing. The shorter that
took, the less it leaves open, so of several questions the quickest one counts.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Skew"]

# The venue's time comes in whole milliseconds, cut off.
_RESOLUTION_NS: Final = 1_000_000


class Skew:
    """The difference of two clocks.

    Attributes:
        offset_ns: What to add to our time to get the venue's.
        bound_ns: How much that may be wrong, either way; None before anything was measured.

    """

    def __init__(self) -> None:
        self.offset_ns = 0
        self.bound_ns: int | None = None

    def measure(self, samples: list[tuple[int, int, int]]) -> None:
        """Forget what was known and learn from these; without any, nothing changes.

        Args:
            samples: Each one our time when asking, the venue's time, and ours when hearing, in ns.

        """
        if not samples:
            return
        asked_ns, venue_ns, heard_ns = min(samples, key=lambda sample: sample[2] - sample[0])
        half_ns = (heard_ns - asked_ns) // 2
        self.offset_ns = venue_ns + _RESOLUTION_NS // 2 - (asked_ns + half_ns)
        self.bound_ns = half_ns + _RESOLUTION_NS // 2 + 1

    def venue_ns(self, now_ns: int) -> int:
        """Return the venue's time at this moment of ours."""
        return now_ns + self.offset_ns
