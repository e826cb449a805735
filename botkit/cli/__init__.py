"""The botkit command line: one module for each group of verbs."""
