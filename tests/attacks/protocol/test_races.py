"""What a portal or a browser may use once, tried many times in one moment."""

import time
from collections.abc import Callable
from typing import Any

import flask
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import func, select

from idp.store.connections import Connection
from idp.store.engines import db
from tests.attacks.crowds import MANY, at_once
from tests.oidc.actors import Person, Portal

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_an_assertion_counts_once(app: flask.Flask, register: Callable[..., Portal]) -> None:
    key = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    register(
        "careful",
        token_endpoint_auth_method="private_key_jwt",
        grant_types=["client_credentials"],
        jwks={"keys": [key.as_dict(private=False)]},
        scope="report",
    )
    claims = {
        "iss": "careful",
        "sub": "careful",
        "aud": "http://localhost:8000",
        "exp": int(time.time()) + 60,
        "jti": "once",
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": BEARER,
        "client_assertion": jwt.encode({"alg": "ES256", "kid": "k1"}, claims, key, ["ES256"]),
    }

    answers = at_once([lambda: app.test_client().post("/oauth/token", data=form)] * MANY)

    assert sorted(each.status_code for each in answers) == [200] + [401] * (MANY - 1)


def test_a_consent_given_many_times_at_once_is_one(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    wang.opens(shebao.url(scope="openid phone")).signs_in()
    assert wang.page.request.path == "/consent/"
    those = [_twin(wang) for _ in range(MANY)]

    at_once([lambda each=each: each.presses("consent-allow") for each in those])

    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Connection)) == 1
    codes = [each.arrived["code"] for each in those if "code" in each.arrived]
    assert codes
    assert len(set(codes)) == len(codes)


def test_of_many_revocations_and_refreshes_at_once_nothing_survives(
    wang: Person, shebao: Portal
) -> None:
    tokens = shebao.tokens_for(wang)

    def refresh() -> Any:
        return _other(shebao).refreshes(tokens["refresh_token"])

    def revoke() -> Any:
        return _other(shebao).calls("/oauth/revoke", token=tokens["refresh_token"])

    answers = at_once([refresh, revoke] * (MANY // 2))

    assert {each.status_code for each in answers} <= {200, 400}
    for answer in answers:
        if answer.status_code == 200 and "access_token" in answer.json:
            assert shebao.userinfo(answer.json["access_token"]).status_code == 401
            assert shebao.refreshes(answer.json["refresh_token"]).status_code == 400


def test_signing_out_while_codes_are_redeemed_leaves_no_token(wang: Person, shebao: Portal) -> None:
    shebao.tokens_for(wang)
    codes = []
    for _ in range(8):
        codes.append(wang.opens(shebao.url(), follow=False).arrived["code"])
    wang.opens("/oauth/logout")

    redeeming = [lambda code=code: _other(shebao).redeems(code) for code in codes]
    *answers, _ = at_once([*redeeming, lambda: wang.presses("logout-yes")])

    for answer in answers:
        assert answer.status_code in {200, 400}
        if answer.status_code == 200:
            assert shebao.userinfo(answer.json["access_token"]).status_code == 401
            assert shebao.refreshes(answer.json["refresh_token"]).status_code == 400


def _twin(person: Person) -> Person:
    """The same browser at the same page, for another thread."""
    made = Person(person.app, person.account_id, person.username)
    for name in ("sso", "browser", "form"):
        if cookie := person.browser.get_cookie(f"hutong_{name}"):
            made.browser.set_cookie(cookie.key, cookie.value)
    made.page = person.page
    return made


def _other(portal: Portal) -> Portal:
    """Another worker of the same portal."""
    made = Portal(portal.app, portal.client_id, portal.secret, portal.redirect_uri)
    made.verifier = portal.verifier
    return made
