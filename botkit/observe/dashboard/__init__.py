"""The live picture of a run: a snapshot built from steps, and what draws it."""
