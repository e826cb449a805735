"""Indicators for strategies: `from botkit.indicators import EMA`."""

from __future__ import annotations

from botkit.strategy.indicators import ATR, EMA, RSI, SMA, VWAP, Bollinger

__all__ = ["ATR", "EMA", "RSI", "SMA", "VWAP", "Bollinger"]
