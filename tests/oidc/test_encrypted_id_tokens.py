"""ID tokens as a signed JWT inside a JWE, to the client's own key (Core §2), and never in clear."""

from collections.abc import Callable
from typing import Any

import flask
import pytest

from idp import standing
from idp.standing import InvalidRegistration
from idp.store.clients import CONTENT_ENCRYPTION, KEY_MANAGEMENT
from tests.oidc.actors import Person, Portal
from tests.oidc.test_encrypted_userinfo import URI, jwks, key_for, published

__all__ = ["published"]


def wanting(alg: str = "ECDH-ES+A256KW", enc: str = "A256GCM") -> dict[str, str]:
    return {"id_token_encrypted_response_alg": alg, "id_token_encrypted_response_enc": enc}


@pytest.fixture
def letters(register: Callable[..., Portal]) -> Callable[..., Portal]:
    """``letters(alg, enc)``: a portal whose ID tokens are encrypted."""

    def made(alg: str = "ECDH-ES+A256KW", enc: str = "A256GCM", **members: Any) -> Portal:
        key = key_for(alg)
        portal = register("letters", **wanting(alg, enc), **({"jwks": jwks(key)} | members))
        portal.key = key
        return portal

    return made


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTION)
@pytest.mark.parametrize("alg", KEY_MANAGEMENT)
def test_what_is_said_is_signed_and_then_encrypted(
    wang: Person, letters: Callable[..., Portal], alg: str, enc: str
) -> None:
    portal = letters(alg, enc)
    token = portal.tokens_for(wang)["id_token"]

    assert token.count(".") == 4
    claims = portal.reads(portal.decrypts(token))
    assert {name: portal.envelope[name] for name in ("alg", "enc", "cty", "kid")} == {
        "alg": alg,
        "enc": enc,
        "cty": "JWT",
        "kid": "e-1",
    }
    assert (claims["aud"], claims["nonce"]) == ("letters", "n-1")
    assert "at_hash" in claims


def test_a_refreshed_one_is_encrypted_too(wang: Person, letters: Callable[..., Portal]) -> None:
    portal = letters()
    tokens = portal.tokens_for(wang, scope="openid offline_access", prompt="consent")
    answer = portal.refreshes(tokens["refresh_token"])

    assert answer.status_code == 200
    assert portal.reads(portal.decrypts(answer.json["id_token"]))["aud"] == "letters"


def test_what_was_inside_is_a_hint(wang: Person, letters: Callable[..., Portal]) -> None:
    portal = letters()
    inside = portal.decrypts(portal.tokens_for(wang)["id_token"])
    wang.opens(portal.url(prompt="none", id_token_hint=inside), follow=False)
    assert "code" in wang.arrived


def test_without_a_key_nothing_leaves_and_the_code_is_still_good(
    app: flask.Flask, published: Any, wang: Person, register: Callable[..., Portal]
) -> None:
    portal = register("letters", **wanting(), jwks_uri=URI)
    wang.opens(portal.url()).signs_in()
    wang.presses("consent-allow")
    code = wang.arrived["code"]

    refused = portal.redeems(code)
    assert refused.status_code >= 400
    assert "id_token" not in refused.json
    assert "access_token" not in refused.json

    portal.key = key_for("ECDH-ES+A256KW")
    with app.app_context():
        standing.change_client("letters", {"jwks_uri": "", "jwks": jwks(portal.key)})
    answer = portal.redeems(code)
    assert answer.status_code == 200
    assert portal.reads(portal.decrypts(answer.json["id_token"]))["nonce"] == "n-1"


def test_without_a_key_a_refresh_token_is_still_good(
    app: flask.Flask, wang: Person, letters: Callable[..., Portal]
) -> None:
    portal = letters()
    token = portal.tokens_for(wang, scope="openid offline_access", prompt="consent")
    with app.app_context():
        standing.change_client("letters", {"jwks": None, "jwks_uri": "https://nowhere.test/k"})
    assert portal.refreshes(token["refresh_token"]).status_code >= 400

    with app.app_context():
        standing.change_client("letters", {"jwks": jwks(portal.key), "jwks_uri": ""})
    assert portal.refreshes(token["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "members",
    [
        {"id_token_encrypted_response_alg": "ECDH-ES"},
        {"id_token_encrypted_response_enc": "A256GCM"},
        wanting("RSA1_5"),
        wanting("dir"),
        wanting(enc="A128CBC-HS256"),
        wanting(),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_not_registered(
    register: Callable[..., Portal], members: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRegistration):
        register("letters", **members)


def test_a_key_to_sign_with_is_none_to_encrypt_to(register: Callable[..., Portal]) -> None:
    with pytest.raises(InvalidRegistration):
        register("letters", **wanting(), jwks=jwks(key_for("ECDH-ES", use="sig")))
