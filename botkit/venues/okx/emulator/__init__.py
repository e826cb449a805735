"""An OKX v5 server, REST and WebSocket, on the loopback interface over the simulated exchange."""

from botkit.venues.okx.emulator.compose import from_tape, synthetic
from botkit.venues.okx.emulator.server import Emulator

__all__ = ["Emulator", "from_tape", "synthetic"]
