from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Self

import pytest
from pydantic import ValidationError, model_validator

from botkit.errors import StrategyError
from botkit.strategy.params import Params, field, read_params


class Mood(Enum):
    CALM = "calm"


class Trend(Params):
    symbol: str = "BTC-USDT"
    fast: int = field(10, ge=2, le=100)
    notional: float = field(500.0, gt=0)
    fee: Decimal = field(Decimal("0.001"), ge=0)
    symbols: tuple[str, ...] = ()
    mood: Mood = Mood.CALM
    is_shy: bool = False


class Needy(Params):
    symbol: str


@pytest.mark.parametrize(
    ("written", "key", "meant"),
    [
        ({"fast": 5}, "fast", 5),
        ({"notional": 250}, "notional", 250.0),
        ({"fee": "0.0005"}, "fee", Decimal("0.0005")),
        ({"fee": 0.1}, "fee", Decimal("0.1")),
        ({"fee": 1}, "fee", Decimal(1)),
        ({"symbols": ["A", "B"]}, "symbols", ("A", "B")),
        ({"mood": "calm"}, "mood", Mood.CALM),
        ({"is_shy": True}, "is_shy", True),
    ],
    ids=["int", "int for a float", "decimal as text", "decimal", "whole decimal", "array", "word", "switch"],
)
def test_a_value_means_what_toml_says(written: dict[str, object], key: str, meant: object) -> None:
    assert getattr(read_params(Trend, written), key) == meant


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"fast": 1}, "fast = 1: should be greater than or equal to 2"),
        ({"fast": "10"}, "fast = '10': should be a valid integer"),
        ({"fast": 10.0}, r"fast = 10\.0: should be a valid integer"),
        ({"fast": True}, "fast = True: should be a valid integer"),
        ({"notional": True}, "notional = True: should be a valid number"),
        ({"notional": "500"}, "notional = '500': should be a valid number"),
        ({"notional": float("nan")}, "notional = nan: should be a valid number"),
        ({"fee": "cheap"}, "fee = 'cheap': should be a valid decimal"),
        ({"fee": -0.1}, r"fee = -0\.1: should be greater than or equal to 0"),
        ({"is_shy": 1}, "is_shy = 1: should be a valid boolean"),
        ({"symbols": ["A", 2]}, r"symbols\.1 = 2: should be a valid string"),
        ({"mood": "wild"}, "mood = 'wild': should be 'calm'"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_what_was_expected(
    written: dict[str, object], complaint: str
) -> None:
    with pytest.raises(StrategyError, match=complaint):
        read_params(Trend, written)


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(StrategyError, match="unknown parameter fats, did you mean fast") as refusal:
        read_params(Trend, {"fats": 5}, where="live.toml [strategy.trend]")

    assert refusal.value.where == "live.toml [strategy.trend]"
    assert "fast = 10" in refusal.value.remedy


def test_an_unknown_key_like_no_other_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(StrategyError, match="unknown parameter zzz") as refusal:
        read_params(Needy, {"zzz": 5, "symbol": "A"})

    assert refusal.value.problem == "unknown parameter zzz"
    assert refusal.value.remedy == "the parameters are: symbol"


def test_a_strategy_without_parameters_says_so() -> None:
    with pytest.raises(StrategyError) as refusal:
        read_params(Params, {"fast": 1})

    assert refusal.value.remedy == "it has no parameters"


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(StrategyError, match="parameter symbol is missing"):
        read_params(Needy, {})


def test_all_complaints_are_made_at_once() -> None:
    with pytest.raises(StrategyError) as refusal:
        read_params(Trend, {"fast": 1, "slwo": 2, "fee": -1})

    assert [key in refusal.value.problem for key in ("fast", "slwo", "fee")] == [True, True, True]


def test_what_is_not_written_keeps_its_default() -> None:
    assert read_params(Trend, {}) == Trend()


def test_a_default_must_be_allowed_too() -> None:
    class Absurd(Params):
        fast: int = field(1, ge=2)

    with pytest.raises(StrategyError, match="fast = 1: should be greater"):
        read_params(Absurd, {})


def test_parameters_do_not_change_under_a_running_strategy() -> None:
    params = Trend()

    with pytest.raises(ValidationError, match="frozen"):
        params.fast = 20  # type: ignore[misc]  # what is tested


def test_an_author_gets_the_same_strictness_in_python() -> None:
    with pytest.raises(ValidationError):
        Trend(fast="10")  # type: ignore[arg-type]  # what is tested


def test_a_rule_of_the_authors_own_complains_in_his_words() -> None:
    class Ordered(Params):
        fast: int = 10
        slow: int = 30

        @model_validator(mode="after")
        def _fast_is_faster(self) -> Self:
            if self.fast >= self.slow:
                raise ValueError("fast must be below slow")
            return self

    with pytest.raises(StrategyError, match="fast must be below slow"):
        read_params(Ordered, {"fast": 40})


def test_a_range_and_a_description_can_be_read_from_the_class() -> None:
    class Described(Params):
        fast: int = field(10, ge=2, le=100, description="bars", json_schema_extra={"step": 2})

    schema = Described.model_json_schema()["properties"]["fast"]

    assert (schema["minimum"], schema["maximum"], schema["step"]) == (2, 100, 2)
    assert schema["description"] == "bars"
