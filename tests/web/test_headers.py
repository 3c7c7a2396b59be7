"""Every page is allowed only what it asked for."""

from typing import Any

import flask
import pytest

from idp import settings
from idp.web import headers
from tests.engines.pairs import Engines


def policy(answer: Any) -> dict[str, list[str]]:
    rules = answer.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in (rule.split() for rule in rules)}


def test_a_page_begins_with_nothing_but_its_own_style(client: Any) -> None:
    found = policy(client.get("/test/plain"))
    assert found["default-src"] == ["'none'"]
    assert found["style-src"] == ["'self'"]
    assert found["form-action"] == ["'self'"]
    assert found["frame-ancestors"] == ["'none'"]
    assert found["base-uri"] == ["'none'"]
    assert found["img-src"] == ["'self'", "data:"]
    assert "script-src" not in found
    assert "frame-src" not in found


def test_a_page_names_the_origins_it_leads_to_and_frames(client: Any) -> None:
    answer = client.get("/test/framed")
    found = policy(answer)
    assert found["form-action"] == ["'self'", "https://shebao.test"]
    assert found["frame-src"] == ["https://gjj.test:8443"]
    nonce = found["script-src"][0].removeprefix("'nonce-").removesuffix("'")
    assert f'nonce="{nonce}"' in answer.text
    assert len(nonce) >= 22


def test_a_nonce_is_never_used_twice(client: Any) -> None:
    scripts = {tuple(policy(client.get("/test/framed"))["script-src"]) for _ in range(5)}
    assert len(scripts) == 5


@pytest.mark.parametrize("source", ["https://a.test; script-src *", "no-scheme", "https://a b"])
def test_a_policy_source_cannot_smuggle_a_rule(app: flask.Flask, source: str) -> None:
    with app.test_request_context(), pytest.raises(ValueError, match="one absolute URI"):
        headers.allow_form_action(source)


def test_answers_that_are_no_pages_may_load_nothing(client: Any) -> None:
    answer = client.get("/health/live")
    assert policy(answer) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_not_kept_and_not_framed(client: Any) -> None:
    answer = client.get("/test/plain")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in answer.headers


def test_style_sheets_may_be_kept(client: Any) -> None:
    assert "max-age" in client.get("/static/hutong.css").headers["Cache-Control"]


class TestUnderTls:
    @pytest.fixture
    def configured(self, engines: Engines) -> settings.Settings:
        return settings.load(
            environment="testing", issuer="https://id.jia.test", **engines.settings
        )

    def test_browsers_are_told_to_stay_on_tls(self, client: Any) -> None:
        answer = client.get("/test/plain", base_url="https://id.jia.test")
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")

    def test_the_form_cookie_is_ours_alone(self, client: Any) -> None:
        answer = client.get("/test/form", base_url="https://id.jia.test")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-hutong_form=")
        for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
            assert part in cookie
        assert "Domain" not in cookie
