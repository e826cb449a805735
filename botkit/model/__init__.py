"""What is traded and owned, and what can happen to it. Pure: no clock, no socket, no file."""
