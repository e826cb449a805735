"""What settings mean to the rest of botkit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError

from botkit.config.load import read_settings
from botkit.config.settings import KeySettings, RiskSettings, VenueSettings, is_reference
from botkit.errors import StrategyError
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.risk.scope import ScopePolicy
from botkit.strategy.params import Params, field
from tests.configurations import CONFIGURATION, changed


class Averages(Params):
    fast: int = field(10, ge=2, le=100)
    slow: int = field(30, ge=5, le=400)
    notional: float = field(500.0, gt=0)


def test_the_bot_has_a_folder_of_its_own() -> None:
    assert read_settings(CONFIGURATION).bot.folder == Path("state/sample")


def test_limits_become_the_gate_s() -> None:
    assert read_settings(CONFIGURATION).risk.limits() == RiskLimits(
        instruments={
            "BTC-USDT": InstrumentLimits(
                max_order_size=Decimal("0.05"),
                max_order_value=Decimal(3000),
                max_position_value=Decimal("20000.5"),
            )
        },
        max_open_orders=10,
    )


def test_limits_that_are_not_set_are_the_gate_s_own() -> None:
    limits = {"max_order_size": 1, "max_order_value": 1, "max_position_value": 1}

    settings = RiskSettings.model_validate({"instruments": {"BTC-USDT": limits}})

    assert settings.limits() == RiskLimits(instruments=settings.limits().instruments)


def test_every_limit_of_the_gate_can_be_set() -> None:
    assert set(RiskSettings.model_fields) == {each.name for each in msgspec.structs.fields(RiskLimits)}


def test_a_key_without_exceptions_is_judged_strictly() -> None:
    assert KeySettings(account="emulator:trader").policy() == ScopePolicy()


@pytest.mark.parametrize("exception", [each.name for each in msgspec.structs.fields(ScopePolicy)])
def test_every_exception_that_is_asked_for_reaches_the_check(exception: str) -> None:
    value = "x" if exception.startswith("expect") else True

    policy = KeySettings.model_validate({"account": "emulator:trader", exception: value}).policy()

    assert policy == msgspec.structs.replace(ScopePolicy(), **{exception: value})


def test_an_account_of_the_emulator_has_a_label() -> None:
    assert KeySettings(account="emulator:trader-2").emulator_label == "trader-2"
    assert KeySettings(key="env:K", secret="file:s", passphrase="cred:p").emulator_label == ""


@pytest.mark.parametrize(
    ("address", "region"),
    [("emulator", ""), ("http://127.0.0.1:8600", ""), ("https://localhost", ""), ("eea", "eea")],
    ids=["emulator", "its URL", "with TLS", "region"],
)
def test_a_venue_is_a_region_or_on_this_machine(address: str, region: str) -> None:
    assert VenueSettings(address=address, environment="demo").region == region


@pytest.mark.parametrize(
    "address",
    ["https://openapi.okx.com", "http://192.0.2.1", "127.0.0.1:8600", "ftp://localhost", "http://[", ""],
)
def test_no_other_address_is_a_venue(address: str) -> None:
    with pytest.raises(ValidationError):
        VenueSettings(address=address, environment="demo")


def test_a_local_venue_may_have_an_environment_so_that_a_live_configuration_can_be_rehearsed() -> None:
    assert VenueSettings(address="emulator", environment="live").region == ""


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("env:OKX_KEY", True),
        ("file:/etc/secret", True),
        ("cred:okx", True),
        ("F4K3", False),
        ("env:", False),
        ("ab:cd", False),
    ],
)
def test_a_reference_names_a_place_that_is_known(text: str, verdict: bool) -> None:
    assert is_reference(text) is verdict


def test_settings_do_not_change() -> None:
    settings = read_settings(CONFIGURATION)

    with pytest.raises(ValidationError, match="frozen"):
        settings.bot.name = "other"  # type: ignore[misc]  # what is tested


def test_a_strategy_gets_its_parameters() -> None:
    params = read_settings(CONFIGURATION).params_of("ema", Averages)

    assert params == Averages(fast=5, slow=30, notional=500.25)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("fast = 5", "fast = 1", 23), ("notional = 500.25", "\nnotional = 0", 25), ("fast = 5", "fsat = 5", 23)],
    ids=["out of range", "further down", "unknown"],
)
def test_a_wrong_parameter_is_told_its_line(old: str, new: str, line: int) -> None:
    settings = read_settings(changed(old, new), file="sample.toml")

    with pytest.raises(StrategyError) as caught:
        settings.params_of("ema", Averages)
    assert caught.value.where == f"sample.toml:{line}"


def test_wrong_parameters_without_a_file_are_told_their_name() -> None:
    settings = read_settings(changed("fast = 5", "fast = 1"), file="sample.toml")
    by_hand = type(settings).model_validate(settings.model_dump())

    with pytest.raises(StrategyError) as caught:
        by_hand.params_of("ema", Averages)
    assert caught.value.where == "strategy.ema.params.fast"
