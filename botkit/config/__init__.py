"""Configuration: TOML in, validated settings out; secrets only by reference."""

from botkit.config.load import load_settings, read_settings
from botkit.config.runfile import ExchangeRun, announced, find_exchange
from botkit.config.settings import (
    BotSettings,
    InstrumentSettings,
    KeySettings,
    LogSettings,
    RiskSettings,
    Settings,
    StrategySettings,
    VenueSettings,
)

__all__ = [
    "BotSettings",
    "ExchangeRun",
    "InstrumentSettings",
    "KeySettings",
    "LogSettings",
    "RiskSettings",
    "Settings",
    "StrategySettings",
    "VenueSettings",
    "announced",
    "find_exchange",
    "load_settings",
    "read_settings",
]
