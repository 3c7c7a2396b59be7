"""Other sites, other frames and other browsers make nobody do anything."""

from collections.abc import Iterator

import flask
import pytest

from tests import forms
from tests.actors import Citizen
from tests.attacks.people import GOOD, Citizens
from tests.oidc.actors import Portal
from tests.oidc.conftest import register, shebao

__all__ = ["register", "shebao"]

FOR_PORTALS = {"/oauth/authorize", "/oauth/logout"}
"""Pages that other sites may post to: they only ask, and change nothing."""
FOR_PROGRAMS = ("/sms/", "/health/", "/federation/", "/ssf/", "/login/mini-program/ticket")
"""No cookie decides anything there."""
FILLED = {"name": "sms", "code": "HT-0001", "client_id": "shebao", "filename": "hutong.css"}


def rules(app: flask.Flask, method: str) -> Iterator[str]:
    """Every address people open or send forms to, its variables filled in."""
    for rule in app.url_map.iter_rules():
        if method in rule.methods and not rule.rule.startswith(FOR_PROGRAMS):
            values = {name: FILLED.get(name, "x") for name in rule.arguments}
            path = rule.build(values, append_unknown=False)[1]
            if not path.startswith("/oauth/") or path in FOR_PORTALS | {"/oauth/logout/confirm"}:
                yield path


def test_every_form_of_ours_wants_our_token(app: flask.Flask, wang: Citizen) -> None:
    tried = [path for path in rules(app, "POST") if path not in FOR_PORTALS]
    assert len(tried) > 20
    for path in tried:
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 90}):
            answer = wang.browser.post(path, data={"username": "x", "agree": "yes", **token})
            assert (answer.status_code, "HT-9005" in answer.text) == (400, True), path
    assert wang.visits("/account/").at == "/account/"


def test_the_token_of_the_attackers_own_browser_is_of_no_use(
    wang: Citizen, citizens: Citizens
) -> None:
    mallory = citizens("13700000000").signs_up().visits("/account/username")
    token = forms.with_button(mallory.text, "username-submit").fields["csrf_token"]

    wang.posts("/account/username", csrf_token=token, username="owned_by_m")

    assert "HT-9005" in wang.text


def test_nobody_is_signed_in_to_the_attackers_account_by_a_form_of_theirs(
    wang: Citizen, citizens: Citizens
) -> None:
    """Login CSRF: the attacker's name, password, interaction and token, from here."""
    mallory, victim = citizens("13700000000").visits("/login/"), citizens("13700000001")
    mallory.visits(mallory.at_url("m=password"))
    form = forms.with_button(mallory.text, "login-submit")
    stolen = {**form.fields, "username": "wang_xm", "password": GOOD}
    url = mallory.page.request.full_path.replace("/login/", "/login/password/finish", 1)

    for _ in range(2):  # without any cookie, and with those a first visit brings
        refused = victim.browser.post(url, data=stolen)
        assert refused.status_code in {400, 403}
        victim.visits("/login/")
    victim.posts(url, username="wang_xm", password=GOOD)

    assert victim.status == 403
    assert victim.visits("/account/").at == "/login/"


def test_a_sign_in_begun_elsewhere_is_not_finished_here(
    wang: Citizen, citizens: Citizens, shebao: Portal
) -> None:
    """The victim is lured onto the attacker's way to a portal."""
    mallory = citizens("13700000000").visits(shebao.url())
    query = mallory.page.request.query_string.decode()
    number = query.partition("i=")[2].partition("&")[0]

    for url in (f"/login/?{query}", f"/oauth/authorize?resume={number}", f"/consent/?{query}"):
        wang.visits(url)
        assert wang.status == 403 or wang.at.startswith("/error/"), url


def test_cookies_planted_before_a_sign_in_open_nothing_after_it(
    wang: Citizen, citizens: Citizens
) -> None:
    """Fixation: whoever knows every cookie from before knows none that counts."""
    mallory = citizens("13700000000").visits("/login/?m=sms")
    victim = citizens(wang.number)
    for name in ("browser", "form"):
        cookie = mallory.browser.get_cookie(f"hutong_{name}")
        assert cookie is not None
        victim.browser.set_cookie(cookie.key, cookie.value)

    assert victim.signs_in_by_code().at == "/account/"

    assert mallory.visits("/account/").at == "/login/"


def test_the_cookie_from_before_signing_in_again_opens_nothing(wang: Citizen) -> None:
    old = wang.browser.get_cookie("hutong_sso")
    assert old is not None
    wang.visits("/login/").visits(wang.at_url("switch=1&m=password"))
    wang.submits("login-submit", username="wang_xm", password=GOOD)
    assert wang.at == "/account/"

    wang.browser.set_cookie("hutong_sso", old.value)

    assert wang.visits("/account/").at == "/login/"


def test_a_session_named_by_a_stranger_has_another_name_after_signing_in(
    wang: Citizen, citizens: Citizens
) -> None:
    """The attacker's own live session, planted in the victim's browser, stays the attacker's."""
    mallory = citizens("13700000000").signs_up()
    planted = mallory.browser.get_cookie("hutong_sso")
    assert planted is not None
    victim = citizens(wang.number)
    victim.browser.set_cookie("hutong_sso", planted.value)

    victim.visits("/login/").visits(victim.at_url("switch=1&m=sms")).signs_in_by_code()

    mine = victim.browser.get_cookie("hutong_sso")
    assert mine is not None
    assert mine.value[:24] != planted.value[:24]
    mallory.visits("/account/")
    assert "wang_xm" not in mallory.text


def test_no_answer_is_shown_in_a_frame_of_others(app: flask.Flask, wang: Citizen) -> None:
    for path in [*rules(app, "GET"), "/nowhere", "/error/HT-1002"]:
        answer = wang.browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
        if answer.mimetype == "text/html" and "Location" not in answer.headers:
            assert answer.headers["X-Frame-Options"] == "DENY", path


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_following_a_link_changes_nothing(app: flask.Flask, wang: Citizen, method: str) -> None:
    for path in rules(app, "POST"):
        wang.browser.open(path, method=method)

    assert wang.visits("/account/").at == "/account/"
    assert "wang_xm" in wang.text
