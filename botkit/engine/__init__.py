"""The synchronous trading engine: one event in, one step out."""
