from __future__ import annotations

import pytest

from botkit.errors import ConfigError
from botkit.venues.okx.hosts import Hosts


@pytest.mark.parametrize(
    ("region", "environment", "rest", "private"),
    [
        ("global", "live", "https://openapi.okx.com", "wss://ws.okx.com/ws/v5/private"),
        ("global", "demo", "https://openapi.okx.com", "wss://wspap.okx.com/ws/v5/private"),
        ("eea", "live", "https://eea.okx.com", "wss://wseea.okx.com/ws/v5/private"),
        ("eea", "demo", "https://eea.okx.com", "wss://wseeapap.okx.com/ws/v5/private"),
        ("us", "live", "https://us.okx.com", "wss://wsus.okx.com/ws/v5/private"),
        ("us", "demo", "https://us.okx.com", "wss://wsuspap.okx.com/ws/v5/private"),
    ],
)
def test_an_account_has_the_hosts_of_the_site_it_was_opened_at(
    region: str, environment: str, rest: str, private: str
) -> None:
    hosts = Hosts.of(region, environment)

    assert str(hosts.rest) == rest
    assert str(hosts.private) == private
    assert str(hosts.public) == private.replace("private", "public")
    assert str(hosts.business) == private.replace("private", "business")
    assert hosts.headers == ({"x-simulated-trading": "1"} if environment == "demo" else {})


@pytest.mark.parametrize(("region", "environment"), [("tr", "live"), ("global", "paper"), ("", "")])
def test_there_are_no_other_places(region: str, environment: str) -> None:
    with pytest.raises(ConfigError, match="Choose one of global, eea, us"):
        Hosts.of(region, environment)


_URLS = {
    "rest": "http://127.0.0.1:81",
    "public": "ws://127.0.0.1:81/ws/v5/public",
    "private": "ws://127.0.0.1:81/ws/v5/private",
    "business": "ws://127.0.0.1:81/ws/v5/business",
}


def test_an_emulator_is_where_it_says() -> None:
    hosts = Hosts.emulated(**_URLS)

    assert str(hosts.rest) == _URLS["rest"]
    assert str(hosts.business) == _URLS["business"]
    assert hosts.headers == {}


@pytest.mark.parametrize("which", ["rest", "public", "private", "business"])
@pytest.mark.parametrize(
    "url", ["https://openapi.okx.com.evil.example", "http://10.0.0.1"], ids=["tls", "plain"]
)
def test_an_emulator_elsewhere_is_refused(which: str, url: str) -> None:
    with pytest.raises(ConfigError):
        Hosts.emulated(**{**_URLS, which: url})
