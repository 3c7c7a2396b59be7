"""Forwarded headers count only from whom the operator trusts."""

from typing import Any

import pytest

from idp import settings
from idp.web.addresses import address_range
from idp.web.proxies import networks
from tests.engines.pairs import Engines

FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Request-Id": "a" * 20}


def test_by_default_nobody_is_believed(client: Any) -> None:
    answer = client.get("/test/where", headers=FORGED)
    assert answer.json == {"address": "127.0.0.1", "scheme": "http"}
    assert answer.headers["X-Request-Id"] != "a" * 20


class TestBehindProxies:
    @pytest.fixture
    def configured(self, engines: Engines) -> settings.Settings:
        serve = {"trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}
        return settings.load(environment="testing", serve=serve, **engines.settings)

    def ask(self, client: Any, forwarded: str, peer: str = "127.0.0.1") -> Any:
        headers = FORGED | {"X-Forwarded-For": forwarded}
        return client.get("/test/where", headers=headers, environ_base={"REMOTE_ADDR": peer})

    def test_a_trusted_proxy_names_the_client(self, client: Any) -> None:
        answer = self.ask(client, "203.0.113.9")
        assert answer.json == {"address": "203.0.113.9", "scheme": "https"}
        assert answer.headers["X-Request-Id"] == "a" * 20

    def test_what_the_client_wrote_itself_does_not_count(self, client: Any) -> None:
        assert self.ask(client, "8.8.8.8, 203.0.113.9, 10.1.1.1").json["address"] == "203.0.113.9"

    def test_nonsense_ends_the_chain(self, client: Any) -> None:
        assert self.ask(client, "203.0.113.9, nonsense, 10.1.1.1").json["address"] == "10.1.1.1"

    def test_strangers_are_not_believed(self, client: Any) -> None:
        answer = self.ask(client, "203.0.113.9", peer="198.51.100.7")
        assert answer.json["address"] == "198.51.100.7"


def test_a_name_that_is_no_network_stops_the_start() -> None:
    with pytest.raises(settings.SettingsError, match="not an address or network"):
        networks(["proxy.example"])


@pytest.mark.parametrize(
    ("address", "shared"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/56"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", "unknown"),
    ],
)
def test_an_address_belongs_to_a_range(address: str, shared: str) -> None:
    assert address_range(address) == shared
