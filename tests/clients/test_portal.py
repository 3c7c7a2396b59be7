"""What a demo portal owes the people who use it, without a provider at hand."""

import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clients.portal.sessions import Sessions, SignedIn
from clients.portal.settings import Portal, PortalSettingsError, load
from tests.clients.conftest import Provider

WANG = SignedIn(
    "sub-1", "sid-1", "an.id.token", {"name": "王建国", "phone_number": "+8613800000001"}
)


@pytest.fixture
def browser(site: flask.Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def sessions(site: flask.Flask) -> Sessions:
    found = site.extensions["portal.sessions"]
    assert isinstance(found, Sessions)
    return found


def sign_in(browser: FlaskClient, sessions: Sessions, who: SignedIn = WANG) -> None:
    with browser.session_transaction() as cookie:
        cookie["handle"] = sessions.start(who)


def tell(browser: FlaskClient, token: str) -> TestResponse:
    return browser.post("/backchannel-logout", data={"logout_token": token})


def test_a_stranger_is_sent_to_the_provider_with_pkce_state_and_nonce(browser: FlaskClient) -> None:
    answer = browser.get("/login")

    sent = parse_qs(urlsplit(answer.location).query)
    assert sent["code_challenge_method"] == ["S256"]
    assert sent["redirect_uri"] == ["http://shebao.localhost:8001/callback"]
    assert sent["scope"] == ["openid profile phone"]
    assert len(sent["state"][0]) >= 20 and len(sent["nonce"][0]) >= 20


def test_the_redirect_uri_does_not_follow_the_host_header(browser: FlaskClient) -> None:
    answer = browser.get("/login", headers={"Host": "evil.example"})

    assert "evil.example" not in answer.location


def test_my_page_is_for_people_who_are_signed_in(browser: FlaskClient) -> None:
    assert browser.get("/my").location == "/login"


def test_a_person_is_greeted_with_a_masked_phone(browser: FlaskClient, sessions: Sessions) -> None:
    sign_in(browser, sessions)

    page = browser.get("/my").text
    assert "王建国" in page and "138****0001" in page
    assert "13800000001" not in page


def test_a_logout_token_ends_the_session_though_the_cookie_stays(
    browser: FlaskClient, sessions: Sessions, provider: Provider
) -> None:
    sign_in(browser, sessions)

    answer = tell(browser, provider.logout_token())
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert browser.get_cookie("shebao_session", domain="localhost") is not None
    assert browser.get("/my").location == "/login"


def test_a_sid_ends_one_session_and_a_sub_all_of_them(
    site: flask.Flask, sessions: Sessions, provider: Provider
) -> None:
    phone, desktop = site.test_client(), site.test_client()
    sign_in(phone, sessions)
    sign_in(desktop, sessions, SignedIn("sub-1", "sid-2", "t", {}))

    tell(phone, provider.logout_token())
    assert desktop.get("/my").status_code == 200

    tell(phone, provider.logout_token(jti="jti-2", sid=None))
    assert desktop.get("/my").status_code == 302


def test_a_logout_token_works_once(
    browser: FlaskClient, sessions: Sessions, provider: Provider
) -> None:
    token = provider.logout_token()
    tell(browser, token)
    sign_in(browser, sessions)

    assert tell(browser, token).status_code == 400
    assert browser.get("/my").status_code == 200


def test_a_bad_logout_token_ends_nothing(
    browser: FlaskClient, sessions: Sessions, provider: Provider
) -> None:
    sign_in(browser, sessions)

    assert tell(browser, provider.logout_token(aud="gjj")).status_code == 400
    assert browser.get("/backchannel-logout").status_code == 405
    assert browser.get("/my").status_code == 200


def test_signing_out_ends_the_session_here_and_asks_the_provider_to(
    browser: FlaskClient, sessions: Sessions
) -> None:
    sign_in(browser, sessions)

    answer = browser.post("/logout")
    sent = parse_qs(urlsplit(answer.location).query)
    assert sent["id_token_hint"] == ["an.id.token"]
    assert sent["post_logout_redirect_uri"] == ["http://shebao.localhost:8001/signed-out"]
    assert browser.get("/my").location == "/login"

    back = browser.get("/signed-out", query_string={"state": sent["state"][0]})
    assert "您已安全退出" in back.text


def test_the_signed_out_page_needs_our_own_state(browser: FlaskClient) -> None:
    assert browser.get("/signed-out?state=forged").location == "/"


def test_sign_out_is_a_post(browser: FlaskClient, sessions: Sessions) -> None:
    sign_in(browser, sessions)

    assert browser.get("/logout").status_code == 405


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("error=access_denied", 200, "您取消了本次登录"),
        ("error=unmet_authentication_requirements", 200, "还没有达到办理所需的认证级别"),
        ("error=server_error", 400, "没有完成登录"),
        ("code=x&state=forged", 400, "登录没有完成"),
        ("", 400, "登录没有完成"),
        ("code=x&iss=https://evil.example", 400, "没有完成登录"),
    ],
)
def test_a_sign_in_that_failed_says_so_and_offers_another_try(
    browser: FlaskClient, query: str, status: int, text: str
) -> None:
    answer = browser.get(f"/callback?{query}")

    assert answer.status_code == status
    assert text in answer.text and 'href="/login"' in answer.text


def test_the_back_button_onto_a_used_callback_leads_home(
    browser: FlaskClient, sessions: Sessions
) -> None:
    sign_in(browser, sessions)

    assert browser.get("/callback?code=used&state=used").location == "/my"


def test_a_provider_that_does_not_answer_is_said_plainly(
    site: flask.Flask, portal: Portal, browser: FlaskClient
) -> None:
    client = site.extensions["authlib.integrations.flask_client"].hutong
    client.server_metadata.clear()
    client._server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"

    answer = browser.get("/login")
    assert answer.status_code == 503 and "暂时无法连接" in answer.text


def test_every_page_has_a_policy_without_script(browser: FlaskClient) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]

    assert "script-src" not in policy and "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_under_tls_the_cookie_is_pinned_to_the_host(portal: Portal) -> None:
    values = {**vars(portal), "base_url": "https://shebao.test"}

    assert Portal(**values).cookie == "__Host-shebao"


def test_a_typo_in_the_configuration_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "portal.toml"
    file.write_text('slug = "shebao"\nissuerr = "http://localhost:8000"\n', "utf-8")

    with pytest.raises(PortalSettingsError, match="issuerr"):
        load(file)


def test_the_portals_never_import_the_provider() -> None:
    sources = Path("clients").rglob("*.py")

    assert not [
        path
        for path in sources
        if re.search(r"^\s*(from|import) (idp|sandbox|demo)\b", path.read_text("utf-8"), re.M)
    ]


def test_the_example_configuration_is_complete(tmp_path: Path) -> None:
    for example in Path("clients/portal/examples").glob("*.toml"):
        assert tomllib.loads(example.read_text("utf-8"))
        assert load(example).scope.startswith("openid")
