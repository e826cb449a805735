"""The append-only record of every intent and of what became of it, and recovery from it."""
