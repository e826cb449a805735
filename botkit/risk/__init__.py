"""The gate every order passes, its limits, and the proof of what a key may do."""
