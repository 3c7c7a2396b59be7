"""Nobody is kept out by what others do to them."""

import time
from collections.abc import Callable
from typing import Any

import flask
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.actors import Citizen
from tests.attacks.people import GOOD, WRONG, Citizens
from tests.oidc.actors import Portal
from tests.oidc.conftest import register, shebao

__all__ = ["register", "shebao"]

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_guessing_at_codes_spends_the_guessers_own_only(wang: Citizen, citizens: Citizens) -> None:
    mine = citizens(wang.number).visits("/login/?m=sms").submits("send-code", phone=wang.number)
    code = mine.phone.code()
    for turn in range(4):
        other = citizens("13700000000", address=f"198.51.{turn}.1").visits("/login/?m=sms")
        other.submits("send-code", phone=wang.number)
        for _ in range(6):
            if "login-submit" in other.text:
                other.submits("login-submit", sms_code="000000")

    assert mine.submits("login-submit", sms_code=code).at == "/account/"


def test_a_closed_password_way_leaves_the_code_the_recovery_and_the_session(
    wang: Citizen, citizens: Citizens
) -> None:
    for turn in range(110):
        other = citizens("13700000000", address=f"198.{turn // 200}.{turn % 200}.1")
        other.tries_password("wang_xm", WRONG)

    assert wang.visits("/account/").at == "/account/"
    assert citizens(wang.number).signs_in_by_code().at == "/account/"
    wang.visits("/login/").visits(wang.at_url("m=password&switch=1"))
    wang.submits("login-submit", username="wang_xm", password=GOOD)
    assert wang.at == "/account/"


def test_a_recovery_a_stranger_begins_changes_nothing(wang: Citizen, citizens: Citizens) -> None:
    stranger = citizens("13700000000").visits("/recover/")
    stranger.submits("send-code", phone=wang.number)
    stranger.submits("code-submit", sms_code="000000")

    assert wang.visits("/account/").at == "/account/"
    assert citizens("13700000001").signs_in_by_password("wang_xm", GOOD).at == "/account/"


def test_whoever_knows_a_client_id_does_not_lock_the_client(
    app: flask.Flask, shebao: Portal
) -> None:
    for number in range(150):
        wrong = app.test_client().post("/oauth/token", data={}, auth=("shebao", f"guess{number}"))
        assert wrong.status_code in {400, 401}

    assert shebao.refreshes("nothing").json["error"] == "invalid_grant"


def test_a_forged_assertion_uses_up_nobodys_jti(
    app: flask.Flask, register: Callable[..., Portal]
) -> None:
    key = ECKey.generate_key("P-256", parameters={"kid": "k1"})
    keys = {"keys": [key.as_dict(private=False)]}
    register(
        "careful",
        token_endpoint_auth_method="private_key_jwt",
        grant_types=["client_credentials"],
        jwks=keys,
        scope="report",
    )
    forger = ECKey.generate_key("P-256", parameters={"kid": "k1"})

    assert _shows(app, forger).status_code == 401
    assert _shows(app, key).status_code == 200


def test_pages_a_stranger_opens_by_the_thousand_close_nobodys(
    wang: Citizen, citizens: Citizens
) -> None:
    mine = citizens(wang.number).visits("/login/?m=sms").submits("send-code", phone=wang.number)
    stranger = wang.app.test_client()
    for _ in range(1000):
        assert stranger.get("/login/").status_code == 303

    assert mine.submits("login-submit", sms_code=mine.phone.code()).at == "/account/"


def _shows(app: flask.Flask, key: ECKey) -> Any:
    claims = {
        "iss": "careful",
        "sub": "careful",
        "aud": "http://localhost:8000",
        "exp": int(time.time()) + 60,
        "jti": "j-1",
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": BEARER,
        "client_assertion": jwt.encode({"alg": "ES256", "kid": "k1"}, claims, key, ["ES256"]),
    }
    return app.test_client().post("/oauth/token", data=form)
