"""Reading a configuration: what wins, and what is said when it is wrong."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from botkit.config.load import load_settings, read_settings
from botkit.config.settings import Settings
from botkit.errors import ConfigError, InvalidSettings
from tests.configurations import CONFIGURATION, changed


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("BOTKIT_"):
            monkeypatch.delenv(name)


def complaints(text: str) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        read_settings(text, file="sample.toml")
    return [str(problem) for problem in caught.value.problems]


def test_money_is_exact_whether_written_as_text_or_as_a_number() -> None:
    limits = read_settings(changed('"0.05"', "0.05")).risk.instruments["BTC-USDT"]

    assert limits.max_order_size == Decimal("0.05")
    assert limits.max_position_value == Decimal("20000.5")


def test_a_parameter_is_a_float_as_markets_are() -> None:
    params = read_settings(CONFIGURATION).strategy["ema"].params

    assert params == {"fast": 5, "notional": 500.25}
    assert isinstance(params["notional"], float)


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
[bot]
nam = "Sample"
[venue]
address = "emulator"
[key]
account = "emulator:trader"
[risk]
max_open_orders = true
[risk.instruments.BTC-USDT]
max_order_size = -1
max_order_value = 3000
[strategy.ema]
use = 7
"""

    assert complaints(text) == [
        "sample.toml:2: bot.nam is not a setting of botkit\n  did you mean name?",
        "sample.toml:8: risk.max_open_orders should be a number, not true",
        "sample.toml:9: risk.instruments.BTC-USDT.max_position_value is missing",
        "sample.toml:10: risk.instruments.BTC-USDT.max_order_size should be more than 0, not -1",
        "sample.toml:13: strategy.ema.use should be text in quotes, not 7",
    ]


def test_an_empty_file_is_told_every_section_it_needs() -> None:
    assert [problem.split("\n")[0] for problem in complaints("")] == [
        f"sample.toml: section [{name}] is missing" for name in ("bot", "venue", "key", "risk", "strategy")
    ]


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sample.toml"
    path.write_text(CONFIGURATION)

    settings = load_settings(path)

    assert settings.bot.name == "sample"
    assert settings.where("bot", "name") == f"{path}:2"


def test_a_missing_file_is_told_the_one_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "sample.toml").write_text(CONFIGURATION)

    with pytest.raises(ConfigError, match="there is no file") as caught:
        load_settings(tmp_path / "smaple.toml")
    assert caught.value.remedy == f"did you mean {tmp_path / 'sample.toml'}?"


def test_a_missing_file_is_told_which_ones_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "live.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("")

    with pytest.raises(ConfigError) as caught:
        load_settings(Path("x"))
    assert caught.value.remedy == f"configurations here: {Path('configs/live.toml')}"


def test_a_missing_file_where_there_are_none_is_told_where_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError) as caught:
        load_settings(Path("live.toml"))
    assert "docs/configuration.md" in caught.value.remedy


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample.toml").write_bytes(b"\xff\xfe[\x00")

    with pytest.raises(ConfigError, match="not text in UTF-8"):
        load_settings(tmp_path / "sample.toml")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[bot]\nname = sample"\n', "sample.toml:2:8"),
        ("[bot]\nname = ", "sample.toml:2"),
        ("[bot\n", "sample.toml:1:5"),
        ('[bot]\nname = "a"\nname = "b"\n', "sample.toml:3:11"),
    ],
    ids=["a quote is missing", "a value is missing", "a bracket is missing", "said twice"],
)
def test_what_is_no_toml_is_told_its_line_and_column(text: str, where: str) -> None:
    with pytest.raises(ConfigError, match="this is not TOML") as caught:
        read_settings(text, file="sample.toml")
    assert caught.value.where == where


def test_a_variable_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_VENUE__ADDRESS", "http://127.0.0.1:8600")
    monkeypatch.setenv("BOTKIT_RISK__MAX_OPEN_ORDERS", "3")
    monkeypatch.setenv("BOTKIT_KEY__ALLOW_UNBOUND_IP", "true")

    settings = read_settings(CONFIGURATION, file="sample.toml")

    assert settings.venue.address == "http://127.0.0.1:8600"
    assert settings.risk.max_open_orders == 3
    assert settings.key.allow_unbound_ip
    assert settings.where("venue", "address") == "environment variable BOTKIT_VENUE__ADDRESS"
    assert settings.where("venue", "name") == "sample.toml:5"


def test_a_variable_may_be_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("botkit_bot__name", "other")

    settings = read_settings(CONFIGURATION)

    assert settings.bot.name == "other"
    assert settings.where("bot", "name") == "environment variable botkit_bot__name"


def test_the_state_folder_has_a_short_variable_and_the_long_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_STATE", "short")
    short = read_settings(CONFIGURATION)
    monkeypatch.setenv("BOTKIT_BOT__STATE", "long")
    long = read_settings(CONFIGURATION)

    assert short.bot.state == Path("short")
    assert short.where("bot", "state") == "environment variable BOTKIT_STATE"
    assert long.bot.state == Path("long")


def test_a_section_may_be_given_as_json_and_is_laid_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_RISK__INSTRUMENTS", '{"btc-usdt": {"max_order_size": "1"}}')

    limits = read_settings(CONFIGURATION).risk.instruments

    assert limits["BTC-USDT"].max_order_size == 1
    assert limits["BTC-USDT"].max_order_value == 3000


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("0.5", 0.5), ("true", True), ('"7"', "7"), ("BTC-USDT", "BTC-USDT"), ("[1, 2]", [1, 2])],
    ids=["int", "float", "bool", "quoted", "text", "list"],
)
def test_a_parameter_in_a_variable_has_the_type_toml_would_give_it(
    monkeypatch: pytest.MonkeyPatch, text: str, value: object
) -> None:
    monkeypatch.setenv("BOTKIT_STRATEGY__EMA__PARAMS__FAST", text)

    settings = read_settings(CONFIGURATION)

    assert settings.strategy["ema"].params["fast"] == value
    assert settings.where("strategy", "ema", "params", "fast").endswith("BOTKIT_STRATEGY__EMA__PARAMS__FAST")


def test_parameters_given_as_json_keep_its_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_STRATEGY__EMA__PARAMS", '{"label": "7"}')

    assert read_settings(CONFIGURATION).strategy["ema"].params["label"] == "7"


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_RISK__MAX_OPEN_ORDERS", "many")
    monkeypatch.setenv("BOTKIT_VENUE__ADRESS", "emulator")
    monkeypatch.setenv("BOTKIT_STRATGY__EMA__USE", "x")

    assert sorted(complaints(CONFIGURATION)) == [
        (
            "environment variable BOTKIT_RISK__MAX_OPEN_ORDERS: risk.max_open_orders should be a whole number, "
            'not "many"'
        ),
        (
            "environment variable BOTKIT_STRATGY__EMA__USE: stratgy is not a section of botkit\n"
            "  did you mean strategy?"
        ),
        (
            "environment variable BOTKIT_VENUE__ADRESS: venue.adress is not a setting of botkit\n"
            "  did you mean address?"
        ),
    ]


def test_a_section_that_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_RISK", "{")

    with pytest.raises(ConfigError, match="environment variable") as caught:
        read_settings(CONFIGURATION)
    assert "BOTKIT_SECTION__KEY" in caught.value.remedy


SECTIONS = ["bot", "venue", "key", "risk", "strategy", "log", "instruments", "params", "ema", "BTC-USDT"]
SETTINGS = ["name", "address", "environment", "secret", "account", "max_order_size", "use", "state", "level"]
ANYTHING = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.text(max_size=3), st.sampled_from(["emulator", "okx", "env:X"])
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(SECTIONS + SETTINGS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(SECTIONS), ANYTHING, max_size=6))
@example({"risk": {"instruments": {}}})
def test_any_toml_is_either_settings_or_complaints_with_their_lines(document: dict[str, object]) -> None:
    outcome = read("".join(f"{key} = {as_toml(value)}\n" for key, value in document.items()))

    if isinstance(outcome, InvalidSettings):
        assert outcome.problems
        assert all(problem.where.startswith("sample.toml") for problem in outcome.problems)
        assert all("Input should" not in problem.problem for problem in outcome.problems)


def read(text: str) -> Settings | InvalidSettings:
    try:
        return read_settings(text, file="sample.toml")
    except InvalidSettings as error:
        return error


def as_toml(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {as_toml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_toml, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(c):08x}" for c in value) + '"'
        case _:
            return str(value).lower()
