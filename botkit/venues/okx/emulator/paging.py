"""Pages of rows, newest first: `after` is older than, `before` newer than, both exclusive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.params import Params
from botkit.venues.okx.emulator.wire import parse_id

__all__ = ["page"]

T = TypeVar("T")


def page(
    items: Iterable[T], key: Callable[[T], int], params: Params, *, most: int = 100, default: int = 100
) -> list[T]:
    """Return the page of `items` that `after`, `before` and `limit` ask for.

    Args:
        items: In any order.
        key: The number that is paged by, as clients see it.
        params: Of the request.
        most: The longest page.
        default: Length of a page if none is asked for.

    Raises:
        Refused: 51000 if one of the three is no number.

    """
    after, before = _bound(params, "after"), _bound(params, "before")
    limit = params.integer("limit", default=default, most=most)
    chosen = [
        item
        for item in items
        if (after is None or key(item) < after) and (before is None or key(item) > before)
    ]
    chosen.sort(key=key, reverse=True)
    return chosen[:limit]


def _bound(params: Params, name: str) -> int | None:
    text = params.text(name)
    bound = parse_id(text)
    if text and bound is None:
        raise Refused("51000", name)
    return bound
