"""An asyncio trading-bot framework."""
