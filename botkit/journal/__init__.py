"""The append-only record of every step, recovery from it, and replay."""
