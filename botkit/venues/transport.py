"""What both shells know of connections: whom to trust, and how to say why one failed."""

from __future__ import annotations

import socket
import ssl

from botkit.errors import ConfigError
from botkit.venues.address import Address

__all__ = ["checked_tls", "why_unreachable"]


def checked_tls(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return `context`, or the machine's own trust when None.

    Raises:
        ConfigError: If it would accept a certificate of somebody else.

    """
    if context is None:
        return ssl.create_default_context()
    if not context.check_hostname or context.verify_mode is not ssl.CERT_REQUIRED:
        raise ConfigError("TLS without checking certificate and host name is not offered")
    return context


def why_unreachable(address: Address, error: Exception) -> str:
    """Return a sentence for the operator about a connection that failed."""
    return f"cannot reach {address}: {_cause(address, error)}"


def _cause(address: Address, error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused" + ("; is the emulator running?" if address.is_loopback else "")
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused; is something between here and there? {error}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error}"
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved; check the network and the name"
    if isinstance(error, TimeoutError):
        return "no answer in time; check the network"
    return str(error) or type(error).__name__
