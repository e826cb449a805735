"""Compositions of the parts: the live run and the demo; the trading loop and what runs beside it."""
