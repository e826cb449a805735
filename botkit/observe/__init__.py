"""What an operator sees: logs, metrics, health, summaries, the dashboard. Listeners to steps."""
