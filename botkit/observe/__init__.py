"""What an operator sees: logs, metrics, health, alerts, explanations, the dashboard."""
