"""The browser is sent to registered addresses, to the letter, and to our own pages."""

from itertools import product
from urllib.parse import quote, urlencode, urlsplit

import flask
import pytest

from tests.actors import Citizen
from tests.attacks.hostile import HEADERS, PATHS, REDIRECTS
from tests.attacks.people import Citizens
from tests.oidc.actors import Person, Portal
from tests.oidc.conftest import register, shebao

__all__ = ["register", "shebao"]


@pytest.fixture
def guest(app: flask.Flask) -> Person:
    return Person(app, "", "")


def stays(person: Person) -> bool:
    """Whether what came is no redirect, or one to ourselves."""
    parts = urlsplit(person.page.headers.get("Location", ""))
    return parts.netloc in {"", "localhost:8000"} and not parts.path.startswith(("//", "/\\"))


def test_the_corpus_is_large_and_holds_the_registered_address_nowhere(shebao: Portal) -> None:
    assert len(set(REDIRECTS)) >= 80
    assert shebao.redirect_uri not in REDIRECTS


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("mode", [{}, {"response_mode": "form_post"}, {"prompt": "none"}])
def test_no_hostile_redirect_uri_is_followed(
    guest: Person, shebao: Portal, method: str, mode: dict[str, str]
) -> None:
    for uri in REDIRECTS:
        asked = shebao.asks(redirect_uri=uri, **mode)
        if method == "GET":
            guest.opens("/oauth/authorize?" + urlencode(asked), follow=False)
        else:
            guest.page = guest.browser.post("/oauth/authorize", data=asked)
        assert guest.page.status_code == 303
        assert urlsplit(guest.page.headers["Location"]).path == "/error/HT-1002", uri


def test_a_broken_request_to_a_hostile_address_is_told_to_nobody(
    guest: Person, shebao: Portal
) -> None:
    """An error must not travel before the address is verified (Authlib's CVE-2026-41479)."""
    broken = [
        {"response_type": "code id_token"},
        {"response_type": "token", "scope": "x"},
        {"response_mode": "form_post.jwt"},
        {"scope": "nothing"},
        {"request": "eyJ9"},
        {"prompt": "none login"},
        {"code_challenge": ""},
        {"client_id": "nobody"},
    ]
    for change in broken:
        asked = shebao.asks(redirect_uri="https://evil.test/", **change)
        guest.opens("/oauth/authorize?" + urlencode(asked), follow=False)
        assert stays(guest), change


def test_a_second_redirect_uri_beside_the_good_one_is_not_followed(
    guest: Person, shebao: Portal
) -> None:
    for more in ("&redirect_uri=https://evil.test/", "&redirect%5Furi=https://evil.test/"):
        guest.opens(shebao.url() + more, follow=False)
        assert guest.page.headers["Location"].startswith("/error/"), more


def test_no_hostile_address_is_followed_after_signing_out(
    guest: Person, shebao: Portal, app: flask.Flask
) -> None:
    for uri in REDIRECTS:
        asked = {"client_id": "shebao", "post_logout_redirect_uri": uri or "x"}
        guest.opens("/oauth/logout?" + urlencode(asked), follow=False)
        assert stays(guest), uri


def test_no_page_is_left_for_an_address_in_the_query(guest: Person) -> None:
    pages = ("/", "/login/", "/signup/", "/recover/", "/account/", "/login/sms/begin")
    for page, name in product(pages, ("next", "return_to", "url", "back", "c", "m")):
        for path in PATHS:
            guest.opens(f"{page}?{name}={quote(path, safe='%')}", follow=False)
            assert stays(guest), (page, path)


def test_no_page_is_left_for_an_address_in_the_path(guest: Person) -> None:
    for path in PATHS:
        for before in ("", "/", "//", "/login/", "/static/"):
            guest.page = guest.browser.get("/", environ_overrides={"PATH_INFO": before + path})
            assert "evil.test" not in urlsplit(guest.page.headers.get("Location", "")).netloc


def test_changing_the_language_leads_to_the_same_page_only(guest: Person) -> None:
    for path in PATHS:
        guest.opens(f"/login/?ui_locales={quote(path)}", follow=False)
        assert stays(guest), path
        assert guest.browser.get_cookie("hutong_lang") is None


def test_the_way_back_of_an_error_page_is_ours_whoever_sent_the_browser(guest: Person) -> None:
    for path in PATHS:
        sent = {"Referer": f"http://localhost:8000/{path}".encode("ascii", "ignore").decode()}
        shown = guest.browser.get("/nowhere", headers=sent, base_url="http://localhost:8000").text
        for opening in ('href="//', 'href="https://evil', 'href="javascript'):
            assert opening not in shown, path


def test_no_header_turns_an_address_of_ours_into_another(guest: Person, shebao: Portal) -> None:
    pages = ("/", "/account/", shebao.url(), "/oauth/logout", "/error/HT-9002")
    for path, headers in product(pages, HEADERS):
        answer = guest.browser.get(path, headers=headers)
        assert "evil.test" not in answer.headers.get("Location", "")
        assert "evil.test" not in answer.text
        assert answer.headers.get("Location", "/").startswith("/")


def test_no_header_changes_what_metadata_say(guest: Person) -> None:
    for headers in HEADERS:
        told = guest.browser.get("/.well-known/openid-configuration", headers=headers).json
        addresses = [each for each in told.values() if isinstance(each, str) and "://" in each]
        assert addresses
        assert all(each.startswith("http://localhost:8000") for each in addresses), headers


def test_no_header_signs_anybody_in_or_out(citizens: Citizens) -> None:
    wang: Citizen = citizens().signs_up()
    for headers in HEADERS:
        if "Host" not in headers:  # the browser of these tests has no cookies for another host
            assert wang.browser.get("/account/", headers=headers).status_code == 200, headers
        stranger = wang.app.test_client().get("/account/", headers=headers)
        assert stranger.status_code == 303
        assert stranger.headers["Location"].startswith("/login/")
