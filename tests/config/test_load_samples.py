"""The configurations that are shipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from botkit.config.load import load_settings
from botkit.strategy.discovery import find_strategy

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path.relative_to(REPOSITORY) for path in (REPOSITORY / "configs").glob("*.toml"))


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    for name in os.environ:
        if name.upper().startswith("BOTKIT_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("path", SAMPLES, ids=str)
def test_a_sample_is_valid_down_to_the_parameters_of_its_strategies(path: Path) -> None:
    settings = load_settings(path)

    for name, strategy in settings.strategy.items():
        params = settings.params_of(name, find_strategy(strategy.use).Params)
        assert params.model_dump()["symbol"] in settings.risk.instruments


@pytest.mark.parametrize("path", SAMPLES, ids=str)
def test_a_sample_keeps_its_files_under_its_own_name(path: Path) -> None:
    assert load_settings(path).bot.name == path.stem


def test_the_live_sample_is_not_real_money_until_somebody_says_so() -> None:
    assert load_settings(Path("configs/live.toml")).venue.environment == "demo"


def test_the_live_sample_can_be_rehearsed_with_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTKIT_VENUE__ADDRESS", "emulator")

    settings = load_settings(Path("configs/live.toml"))

    assert not settings.venue.region
    assert settings.key.emulator_label == "trader"
