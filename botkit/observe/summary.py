"""The end of a run in one page: what was traded, what it earned, what was refused, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from botkit.model.duration import NS_PER_S
from botkit.observe.amounts import exact, gain

if TYPE_CHECKING:
    from botkit.observe.ledger import Ledger, Pnl
    from botkit.risk.scope import KeyScope

__all__ = ["RunSummary", "verdict"]

_PNL_NOTE: Final = "PnL is after fees, since the journal began; holdings count at the last price"


class RunSummary:
    """What a run came to, from its ledger.

    Args:
        ledger: Has listened to the run.
        started_ns: When the run was asked for; 0 to count from its first event.
        key_scope: The verdict on the key, None if no key was needed.
        seed: What the simulated market was made from, None if it was not simulated.

    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        started_ns: int = 0,
        key_scope: KeyScope | None = None,
        seed: int | None = None,
    ) -> None:
        self._ledger = ledger
        self._started_ns = started_ns
        self._key_scope = key_scope
        self._seed = seed

    def as_json(self) -> dict[str, object]:
        """Return the summary as plain values; money is text, to lose no digit.

        `fees` and the fees in `pnl` are positive when paid. `pnl` is by strategy and quote
        currency, and its `total` is realized plus unrealized less fees. `first_fill_s` is null
        if nothing was filled.
        """
        ledger = self._ledger
        return {
            "seed": self._seed,
            "duration_s": self._seconds(ledger.last_ns),
            "first_fill_s": self._seconds(ledger.first_fill_ns) if ledger.first_fill_ns else None,
            "orders": sum(tally.orders for tally in ledger.tallies.values()),
            "fills": sum(tally.fills for tally in ledger.tallies.values()),
            "refused": dict(ledger.refused),
            "fees": {currency: exact(fee) for currency, fee in ledger.fees.items()},
            "pnl": {name: _pnl_as_json(ledger.pnl(name)) for name in ledger.tallies},
            "strategies": {
                name: {"orders": tally.orders, "fills": tally.fills, "refused": tally.refused}
                for name, tally in ledger.tallies.items()
            },
            "state": ledger.state.value,
            "key_scope": _scope_as_json(self._key_scope),
        }

    def render(self, next_command: str = "") -> RenderableType:
        """Return the summary for people, with what to type next."""
        parts: list[RenderableType] = [self._headline(), self._strategies()]
        fees = ", ".join(f"{exact(fee)} {currency}" for currency, fee in self._ledger.fees.items())
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim", justify="right")
        facts.add_column()
        facts.add_row("fees paid", fees or "none")
        for rule, times in self._ledger.refused.items():
            facts.add_row("refused", f"{times} by {rule}")
        facts.add_row("key", Text(verdict(self._key_scope)))
        if self._seed is not None:
            facts.add_row("seed", str(self._seed))
        parts += [facts, Text(_PNL_NOTE, style="dim italic")]
        if next_command:
            parts.append(Text.assemble("\nnext: ", (next_command, "bold cyan")))
        return Group(*parts)

    def _headline(self) -> Text:
        ledger = self._ledger
        orders = sum(tally.orders for tally in ledger.tallies.values())
        fills = sum(tally.fills for tally in ledger.tallies.values())
        first = ""
        if ledger.first_fill_ns:
            first = f", the first after {self._seconds(ledger.first_fill_ns):.1f} s"
        return Text(
            f"{orders} orders and {fills} fills in {self._seconds(ledger.last_ns):.0f} s{first}", style="bold"
        )

    def _strategies(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("strategy")
        for column in ("orders", "fills", "refused", "realized", "unrealized", "fees", "PnL"):
            table.add_column(column, justify="right")
        for name, tally in self._ledger.tallies.items():
            counts = (str(tally.orders), str(tally.fills), str(tally.refused))
            results = self._ledger.pnl(name)
            if not results:
                table.add_row(Text(name), *counts, "", "", "", "")
            for currency, pnl in results.items():
                table.add_row(
                    Text(name),
                    *counts,
                    gain(pnl.realized),
                    gain(pnl.unrealized),
                    gain(-pnl.fees),
                    Text(f"{gain(pnl.total)} {currency}", style="green" if pnl.total >= 0 else "red"),
                )
        return table

    def _seconds(self, ns: int) -> float:
        start_ns = self._started_ns or self._ledger.first_ns
        return round(max(ns - start_ns, 0) / NS_PER_S, 3)


def verdict(scope: KeyScope | None) -> str:
    """Return in a few words what a key may do."""
    if scope is None:
        return "none needed"
    if not scope.is_trade_only:
        return "refused: " + "; ".join(scope.findings)
    excused = f"; excused: {len(scope.warnings)}" if scope.warnings else ""
    return f"trade only, cannot withdraw{excused}"


def _scope_as_json(scope: KeyScope | None) -> dict[str, object] | None:
    if scope is None:
        return None
    return {
        "trade_only": scope.is_trade_only,
        "permissions": list(scope.permissions),
        "findings": list(scope.findings),
        "warnings": list(scope.warnings),
    }


def _pnl_as_json(results: dict[str, Pnl]) -> dict[str, dict[str, str]]:
    return {
        currency: {
            "realized": exact(pnl.realized),
            "unrealized": exact(pnl.unrealized),
            "fees": exact(pnl.fees),
            "total": exact(pnl.total),
        }
        for currency, pnl in results.items()
    }
