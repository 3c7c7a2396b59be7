"""Three clients nobody here wrote work unmodified: the portals are Authlib's, these the others."""

import json
import os
import shutil
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.browser import registrations
from tests.browser.person import Person

pytestmark = [pytest.mark.browser, pytest.mark.foreign_clients]
Someone = Callable[..., Person]

SCRIPTS = Path(__file__).parent.parent / "clients_js"


@pytest.fixture(scope="module")
def node() -> Callable[[str, dict[str, Any]], Any]:
    """Runs one step of the openid-client script."""
    program = shutil.which("node") or ""
    if not program or not (SCRIPTS / "node_modules" / "openid-client").is_dir():
        reason = "Node.js, or `npm ci` in tests/clients_js, is missing"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    def run(step: str, given: dict[str, Any]) -> Any:
        done = subprocess.run(
            [program, "openid_client.mjs", step],
            cwd=SCRIPTS,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


def authentication(citizen: Person, client_id: str) -> dict[str, Any]:
    if client_id == "js-keys":
        return {"method": "private_key_jwt", "key": registrations.KEY.as_dict(private=True)}
    method = "client_secret_post" if client_id == "js-post" else "client_secret_basic"
    return {"method": method, "secret": citizen.live.plan.secret(client_id)}


def signed_in(citizen: Person) -> Person:
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.sign_in_by_code(citizen.live.new_number())
    return citizen


def answered(citizen: Person, url: str) -> str:
    """Where the node sends a signed-in browser: the callback with its code."""
    answer = citizen.page.context.request.get(url, max_redirects=0)
    assert answer.status in {302, 303}, answer.status
    return answer.headers["location"]


@pytest.mark.parametrize(
    ("client_id", "alg"), [("js-basic", "ES256"), ("js-post", "RS256"), ("js-keys", "ES256")]
)
def test_openid_client_from_discovery_to_logout(
    person: Someone, node: Callable[..., Any], client_id: str, alg: str
) -> None:
    citizen = signed_in(person())
    issuer = citizen.live.issuer
    given = {
        "issuer": issuer,
        "client_id": client_id,
        "auth": authentication(citizen, client_id),
        "redirect_uri": registrations.CALLBACK,
        "post_logout_redirect_uri": registrations.AFTER_LOGOUT,
        "scope": "openid phone offline_access",
        "more": {"prompt": "consent"},
    }
    begun = node("start", given)
    callback = answered(citizen, begun["url"])
    assert parse_qs(urlsplit(callback).query)["iss"] == [issuer]

    done = node("finish", given | {"callback": callback, "kept": begun["kept"]})

    assert done["claims"]["iss"] == issuer and done["claims"]["aud"] == client_id
    assert done["userinfo"]["phone_number"].startswith("+861390000")
    assert done["introspected"]["active"] and done["introspected"]["client_id"] == client_id
    assert done["refreshed"]["rotated"]
    assert done["refreshed"]["claims"]["sub"] == done["claims"]["sub"]
    assert done["afterwards"]["refresh"]["error"] == "invalid_grant"
    assert done["afterwards"]["access"]["active"] is False
    assert done["afterwards"]["userinfo"]["status"] == 401
    assert alg_of(done["id_token"]) == alg

    goodbye = urlsplit(answered(citizen, done["logout"]))
    assert goodbye.geturl().startswith(registrations.AFTER_LOGOUT)
    assert parse_qs(goodbye.query) == {"state": ["bye"]}
    citizen.page.wait_for_timeout(1_500)
    assert not citizen.greeted_at(citizen.live.gjj)


def alg_of(token: str) -> str:
    return str(json.loads(urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "==="))["alg"])


def test_openid_client_sees_a_code_used_twice(person: Someone, node: Callable[..., Any]) -> None:
    citizen = signed_in(person())
    given = {
        "issuer": citizen.live.issuer,
        "client_id": "js-basic",
        "auth": authentication(citizen, "js-basic"),
        "redirect_uri": registrations.CALLBACK,
        "scope": "openid",
    }
    begun = node("start", given)
    again = given | {"callback": answered(citizen, begun["url"]), "kept": begun["kept"]}

    assert node("refused", again)["error"] is None
    assert node("refused", again)["error"]["error"] == "invalid_grant"


def test_openid_client_with_a_wrong_secret_is_refused(
    person: Someone, node: Callable[..., Any]
) -> None:
    citizen = signed_in(person())
    given = {
        "issuer": citizen.live.issuer,
        "client_id": "js-basic",
        "auth": authentication(citizen, "js-basic") | {"secret": "wrong"},
        "redirect_uri": registrations.CALLBACK,
        "scope": "openid",
    }
    begun = node("start", given)
    given |= {"callback": answered(citizen, begun["url"]), "kept": begun["kept"]}

    # A failed HTTP authentication carries a challenge (RFC 6749 §5.2), which the library reports.
    refusal = node("refused", given)["error"]
    assert (refusal["name"], refusal["status"]) == ("WWWAuthenticateChallengeError", 401)


def test_the_node_example_signs_in_and_hears_of_a_sign_out(person: Someone) -> None:
    citizen = person()
    base = citizen.live.example
    citizen.page.goto(f"{base}/login")
    citizen.sign_in_by_code(citizen.live.new_number())
    citizen.page.wait_for_url(f"{base}/")
    assert citizen.page.is_visible("#greeting")

    citizen.open(f"{citizen.live.gjj}/my")
    citizen.sign_out()
    citizen.page.wait_for_timeout(1_500)
    citizen.page.goto(f"{base}/")
    assert citizen.page.is_visible("#sign-in")


def test_oidc_client_ts_in_the_browser(person: Someone) -> None:
    citizen = person()
    page, base = citizen.page, citizen.live.spa
    page.goto(f"{base}/")
    with page.expect_navigation(url=f"{citizen.live.issuer}/**"):
        page.click("#sign-in")
    citizen.look()
    citizen.sign_in_by_code(citizen.live.new_number())
    assert page.url.startswith(base)

    state = page.locator("#state")
    state.get_by_text("已登录").wait_for()
    claims = json.loads(page.inner_text("#claims"))
    assert claims["phone_number"].startswith("+861390000") and claims["sub"]
    assert "code=" not in page.url

    page.click("#read")
    state.get_by_text("已重新读取").wait_for()
    page.click("#revoke")
    state.get_by_text("令牌已撤销").wait_for()

    with page.expect_request(f"{citizen.live.issuer}/oauth/logout*"):
        page.click("#sign-out")
    page.locator("#state").get_by_text("未登录").wait_for()
    assert page.url.startswith(base)
    assert not citizen.greeted_at(citizen.live.gjj)


@pytest.mark.parametrize("script", [True, False])
def test_a_page_without_a_server_is_told_of_the_sign_out_by_a_frame(
    person: Someone, script: bool
) -> None:
    """Front-Channel Logout 1.0 §2, and then on to where the portal wanted to go."""
    citizen = person(script=script)
    page, base, issuer = citizen.page, citizen.live.spa, citizen.live.issuer
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.sign_in_by_code(citizen.live.new_number())
    page.goto(f"{issuer}/oauth/authorize?{_by_hand(base)}")
    page.click("#consent-allow")
    page.wait_for_url(f"{base}/**")

    framed: list[str] = []
    page.on("request", lambda request: framed.append(request.url))
    page.goto(f"{citizen.live.gjj}/")
    page.click("#sign-out")
    page.wait_for_url(f"{citizen.live.gjj}/signed-out**", timeout=8_000)

    [told] = [url for url in framed if url.startswith(f"{base}/?front=channel")]
    assert "&iss=" in told
    assert "&sid=" in told


def _by_hand(base: str) -> str:
    """An authorization request of the page's own client; the answer is not used."""
    return urlencode(
        {
            "client_id": "spa",
            "response_type": "code",
            "redirect_uri": f"{base}/",
            "scope": "openid",
            "state": "by-hand",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
    )


def test_metadata_is_open_to_every_page_and_tokens_are_not(person: Someone) -> None:
    citizen = person()
    issuer = citizen.live.issuer
    ask = "([url, method]) => fetch(url, {method}).then(r => r.status, () => 'refused')"
    citizen.page.goto(f"{citizen.live.spa}/")

    discovery = [f"{issuer}/.well-known/openid-configuration", "GET"]
    assert citizen.page.evaluate(ask, discovery) == 200
    assert citizen.page.evaluate(ask, [f"{issuer}/jwks.json", "GET"]) == 200
    assert citizen.page.evaluate(ask, [f"{issuer}/oauth/introspect", "POST"]) == "refused"
    assert citizen.page.evaluate(ask, [f"{issuer}/oauth/authorize", "GET"]) == "refused"
