"""A simulated exchange: matching, accounts, fees, latency, and synthetic order flow."""
