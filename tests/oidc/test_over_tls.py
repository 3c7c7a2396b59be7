"""A node behind TLS: what certification wants of https, and what cookies owe (§3.2, DESIGN §5)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp import settings
from tests.engines import pairs
from tests.oidc.actors import Person, Portal

ISSUER = "https://id.jia.test"


@pytest.fixture
def configured(engines: pairs.Engines) -> settings.Settings:
    return settings.load(environment="testing", issuer=ISSUER, **engines.settings)


@pytest.fixture
def browse(wang: Person) -> Person:
    wang.browser.environ_base |= {"wsgi.url_scheme": "https", "HTTP_HOST": "id.jia.test"}
    return wang


def test_every_published_address_is_https_under_the_issuer(client: Any) -> None:
    metadata = client.get("/.well-known/openid-configuration").json

    assert metadata["issuer"] == ISSUER
    for name, url in metadata.items():
        if name.endswith(("_endpoint", "_uri")):
            assert url.startswith(ISSUER + "/"), name


def test_cookies_are_host_only_secure_http_only_and_lax(browse: Person, gjj: Portal) -> None:
    seen: dict[str, str] = {}
    browse.opens(gjj.url())
    for answer in (browse.page, *browse.signs_in().page.history, browse.page):
        for header in answer.headers.getlist("Set-Cookie"):
            seen[header.split("=")[0]] = header

    assert {"__Host-hutong_browser", "__Host-hutong_form", "__Host-hutong_sso"} <= set(seen) | {
        cookie.key for cookie in browse.browser._cookies.values()
    }
    for header in seen.values():
        assert header.startswith("__Host-")
        for wanted in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert wanted in header
        assert "Domain" not in header


def test_browsers_are_told_to_stay_with_https(client: Any) -> None:
    assert "max-age=31536000" in client.get("/login/").headers["Strict-Transport-Security"]


def test_the_flow_works_and_the_tokens_name_the_https_issuer(
    browse: Person, shebao: Portal, register: Callable[..., Portal]
) -> None:
    tokens = shebao.tokens_for(browse)

    assert shebao.reads(tokens["id_token"])["iss"] == ISSUER
    assert browse.arrived["iss"] == ISSUER
