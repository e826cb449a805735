from __future__ import annotations

import pytest

from botkit.errors import ConfigError
from botkit.venues.address import Address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://openapi.okx.com", Address("https", "openapi.okx.com", 443)),
        ("wss://ws.okx.com/ws/v5/private", Address("wss", "ws.okx.com", 443, "/ws/v5/private")),
        ("http://127.0.0.1:8123/", Address("http", "127.0.0.1", 8123)),
        ("ws://[::1]:9/ws", Address("ws", "::1", 9, "/ws")),
        ("http://localhost", Address("http", "localhost", 80)),
    ],
    ids=["rest", "websocket", "emulator", "ipv6 loopback", "localhost"],
)
def test_an_address_names_scheme_host_port_and_path(url: str, address: Address) -> None:
    assert Address.parse(url) == address


@pytest.mark.parametrize("url", ["https://openapi.okx.com", "ws://[::1]:9/ws", "http://127.0.0.1:81"])
def test_an_address_prints_as_it_was_written(url: str) -> None:
    assert str(Address.parse(url)) == url


@pytest.mark.parametrize(
    "url",
    ["http://openapi.okx.com", "ws://ws.okx.com/ws", "http://127.0.0.1.evil.example", "http://10.0.0.1"],
)
def test_plain_text_never_leaves_this_machine(url: str) -> None:
    with pytest.raises(ConfigError, match="not encrypted"):
        Address.parse(url)


@pytest.mark.parametrize(
    "url", ["", "okx", "ftp://127.0.0.1", "https://", "https://host:port", "https://[::1"]
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ConfigError, match="not an address"):
        Address.parse(url)


@pytest.mark.parametrize("url", ["https://someone:word@host", "https://host?a=b", "https://host#top"])
def test_an_address_holds_no_credentials_and_no_query(url: str) -> None:
    with pytest.raises(ConfigError, match="more than a host") as caught:
        Address.parse(url)
    assert "word" not in str(caught.value)
