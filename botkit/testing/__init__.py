"""Aids for testing a strategy: `from botkit.testing import Market`."""

from __future__ import annotations

from botkit.testing.market import HookFailed, Market

__all__ = ["HookFailed", "Market"]
