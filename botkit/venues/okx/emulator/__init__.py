"""An OKX v5 server, REST and WebSocket, on the loopback interface over the simulated exchange."""
