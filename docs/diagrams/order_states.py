"""The order's state machine as drawn in docs/orders.md, out of the table that runs it.

`python docs/diagrams/order_states.py` draws it anew between the marks of the page.
"""  # noqa: INP001 - a script beside the page it draws, no package

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from botkit.model.order import TRANSITIONS, OrderChange, OrderStatus

PAGE: Final = Path(__file__).resolve().parents[1] / "orders.md"
BEGIN: Final = "<!-- drawn by docs/diagrams/order_states.py -->\n"
END: Final = "<!-- end of drawing -->\n"


def drawing() -> str:
    """Return the diagram and the table, as Markdown."""
    return "\n".join([*_diagram(), "", *_table(), ""])


def redrawn(page: str) -> str:
    """Return the page with what is between its marks drawn anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


def _diagram() -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2", "    [*] --> pending")
    for before in OrderStatus:
        for after in OrderStatus:
            changes = [change.value for change in OrderChange if TRANSITIONS.get((before, change)) is after]
            if changes and before is not after:
                yield f"    {before.value} --> {after.value}: {', '.join(changes)}"
    yield from (f"    {status.value} --> [*]" for status in OrderStatus if status.is_final)
    yield "```"


def _table() -> Iterator[str]:
    names = [status.value for status in OrderStatus]
    yield f"| | {' | '.join(names)} |"
    yield "|---|" + "---|" * len(names)
    for change in OrderChange:
        cells = [_cell(status, TRANSITIONS.get((status, change))) for status in OrderStatus]
        yield f"| **{change.value}** | {' | '.join(cells)} |"


def _cell(before: OrderStatus, after: OrderStatus | None) -> str:
    if after is None:
        return "✗"
    return "·" if after is before else f"→ {after.value}"


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
