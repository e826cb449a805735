"""Parameters: what of a strategy the operator may set, with its type and range.

Values come from TOML, so they are read by JSON's rules and strictly: `"10"` is
not an int, 1.5 is not one either, `true` is no number, an array makes a tuple,
and a Decimal may be written as text or as a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from botkit.errors import StrategyError

__all__ = ["Params", "field", "read_params"]

field = Field
"""Gives a parameter its default, its range (`gt ge lt le`) and its description."""

P = TypeVar("P", bound="Params")

_UNKNOWN: Final = "extra_forbidden"
_MISSING: Final = "missing"


class Params(BaseModel):
    """What a strategy can be told; a strategy nests its own, with a default for each where it has one.

    Instances do not change, and have no field that was not declared.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


def read_params(kind: type[P], values: Mapping[str, object], *, where: str = "") -> P:
    """Return the parameters that `values` stand for.

    Args:
        kind: The strategy's `Params`.
        values: As read from TOML.
        where: The place they come from, such as `configs/live.toml [strategy.ema]`.

    Raises:
        StrategyError: If one is unknown, missing, of the wrong type or out of range; every
            such one is named, with its value and what was expected.

    """
    try:
        return kind.model_validate_json(msgspec.json.encode(values), strict=True)
    except ValidationError as error:
        problems = [_problem(detail, kind, values) for detail in error.errors(include_url=False)]
        raise StrategyError("; ".join(problems), remedy=_remedy(kind), where=where) from error


def _problem(detail: ErrorDetails, kind: type[Params], values: Mapping[str, object]) -> str:
    key = ".".join(map(str, detail["loc"]))
    if detail["type"] == _UNKNOWN:
        near = get_close_matches(key, kind.model_fields, n=1)
        return f"unknown parameter {key}" + (f", did you mean {near[0]}?" if near else "")
    if detail["type"] == _MISSING:
        return f"parameter {key} is missing"
    expected = detail["msg"].removeprefix("Input ").removeprefix("Value error, ")
    # What was written, where it is known: JSON has no word for nan, and reads it as None.
    value = values.get(key, detail["input"])
    return f"{key} = {value!r}: {expected}" if key else expected


def _remedy(kind: type[Params]) -> str:
    known = ", ".join(
        name if each.is_required() else f"{name} = {each.default!r}"
        for name, each in kind.model_fields.items()
    )
    return f"the parameters are: {known}" if known else "it has no parameters"
