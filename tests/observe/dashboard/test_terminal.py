from __future__ import annotations

import io
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from botkit.model.events import TradingState
from botkit.observe.dashboard.terminal import _STATE_STYLES, PlainLines, Screen, TerminalDashboard
from botkit.observe.dashboard.view import Happening, MarketRow, StrategyRow, View
from botkit.observe.narration import Telling
from tests.market import NOON, S, fill, quote
from tests.observe.steps import ledger, refused, sent, step


def telling(text: str, number: int = 0, level: str = "info", kind: str = "fill") -> Telling:
    return Telling(ns=NOON + number * S, level=level, kind=kind, strategy="ema", fact="x", text=text)


VIEW = View(
    venue="OKX emulator",
    key="trade only, cannot withdraw",
    state=TradingState.ACTIVE,
    reason="",
    uptime_ns=3723 * S,
    markets=(
        MarketRow(symbol="BTC-USDT", digits=1, bid=67321.4, ask=67321.5, last=67321.0),
        MarketRow(symbol="ETH-USDT-SWAP", digits=2, bid=None, ask=3512.12, last=None),
    ),
    strategies=(
        StrategyRow(
            name="ema",
            positions={"BTC-USDT": Decimal("0.0074"), "ETH-USDT-SWAP": Decimal(-1)},
            pnl={"USDT": Decimal("-1234.5")},
            orders=313,
            fills=3,
            refused=1,
        ),
        StrategyRow(name="market_maker", positions={}, pnl={}, orders=0, fills=0, refused=0),
    ),
    happenings=tuple(Happening(telling(f"bought {n} coins", n)) for n in range(60)),
)


def drawn(view: View, width: int = 80, height: int = 24) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height)
    console.print(Screen(view), height=height)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)], ids=["small", "large"])
def test_a_screen_is_filled_and_not_overfilled(width: int, height: int) -> None:
    lines = drawn(VIEW, width, height)

    assert len(lines) == height
    assert max(map(len, lines)) == width
    assert "bought 59 coins" in lines[-1]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)], ids=["small", "large"])
def test_no_number_is_cut_off(width: int, height: int) -> None:
    text = "\n".join(drawn(VIEW, width, height))

    for shown in (
        *("active", "1:02:03", "OKX emulator", "key: trade only, cannot withdraw", "Ctrl-C stops"),
        *("67,321.4", "67,321.5", "67,321.0", "3,512.12", "–"),
        *("0.0074 BTC-USDT", "-1 ETH-USDT-SWAP", "-1,234.50 USDT", "313", "flat", "market_maker"),
    ):
        assert shown in text
    assert "…" not in text


def test_a_long_sentence_is_cut_off_instead_of_breaking_the_screen() -> None:
    view = msgspec.structs.replace(VIEW, happenings=(Happening(telling("x" * 200)),))

    lines = drawn(view)

    assert len(lines) <= 24
    assert lines[-1].endswith("…")


def test_what_happened_many_times_says_how_many() -> None:
    view = msgspec.structs.replace(VIEW, happenings=(Happening(telling("price collar"), 13),))

    assert drawn(view)[-1].endswith("price collar  ×13")


def test_brackets_and_escape_sequences_are_only_text() -> None:
    nasty = telling("[bold]not [/markup] \x1b[31mred\nsecond line\r")
    view = msgspec.structs.replace(VIEW, happenings=(Happening(nasty),))

    assert drawn(view)[-1].endswith("[bold]not [/markup] [31mred second line")


@pytest.mark.parametrize("state", TradingState)
def test_every_state_is_shown_with_its_reason(state: TradingState) -> None:
    view = msgspec.structs.replace(VIEW, state=state, reason="the operator said so")

    lines = drawn(view)

    assert state in _STATE_STYLES
    assert state.value.replace("_", " ") in lines[0]
    assert lines[2] == "the operator said so"
    assert len(lines) == 24


def test_a_screen_with_nothing_on_it_yet_can_be_drawn() -> None:
    empty = msgspec.structs.replace(VIEW, markets=(), strategies=(), happenings=())

    assert "market" in "\n".join(drawn(empty))


def test_the_dashboard_draws_the_last_view_and_leaves_the_terminal_as_it_was() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, height=24, force_terminal=True)

    with TerminalDashboard(console) as dashboard:
        dashboard.show(VIEW)
        dashboard._live.refresh()  # as its thread does four times a second

    text = stream.getvalue()
    assert "\x1b[?1049h" in text  # to the second screen
    assert "bought 59 coins" in text
    assert text.index("\x1b[?1049l") > text.index("bought 59 coins")  # and back


def test_plain_output_is_a_line_for_each_thing_worth_telling() -> None:
    books = ledger()
    stream = io.StringIO()
    lines = PlainLines(books, stream)

    for turn in (sent(), step(fill()), step(quote()), step(quote(), refused(measured="300\nbps"))):
        books.observe(turn)
        lines.observe(turn)

    assert stream.getvalue().splitlines() == [
        "12:00:00  order     test         buy 1 BTC-USDT at 100",
        "12:00:00  fill      test         bought 1 BTC-USDT at 100",
        "12:00:00  refused   test         BTC-USDT price_collar: 300 bps, limit 200 bps; price it at 102 or lower",
    ]
