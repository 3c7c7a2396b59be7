"""ID tokens signed with SM2 for who asks (GM/T 0125), beside everything else as it was."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import flask
import orjson
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

import idp
from idp import settings, standing
from idp.crypto import base64url, sm2
from idp.crypto.errors import AlgorithmOff
from idp.crypto.sm2 import ALG, Sm2Key
from idp.services import services
from idp.signals.logout import Means, logout_token
from idp.store import clients
from tests.crypto import textbook
from tests.engines import pairs
from tests.oidc.actors import Person, Portal

Register = Callable[..., Portal]


@pytest.fixture
def configured(engines: pairs.Engines) -> settings.Settings:
    return settings.load(environment="testing", keys={"sm2": True}, **engines.settings)


@pytest.fixture
def gmxt(register: Register) -> Portal:
    """A portal that must use national algorithms."""
    return register("gmxt", id_token_signed_response_alg=ALG)


def published(portal: Portal, path: str = "/jwks-gm.json") -> list[dict[str, str]]:
    keys: list[dict[str, str]] = portal.http.get(path).json["keys"]
    return keys


def read(portal: Portal, token: str) -> dict[str, Any]:
    """The claims, the signature checked by the textbook against what is published."""
    head, claims, signature = token.split(".")
    portal.header = orjson.loads(base64url.decode(head))
    assert portal.header["alg"] == ALG
    (key,) = [each for each in published(portal) if each["kid"] == portal.header["kid"]]
    x, y = (int.from_bytes(base64url.decode(key[name])) for name in "xy")
    assert textbook.verifies((x, y), f"{head}.{claims}".encode(), base64url.decode(signature))
    found: dict[str, Any] = orjson.loads(base64url.decode(claims))
    return found


def test_an_id_token_verifies_with_the_sm2_keys(wang: Person, gmxt: Portal) -> None:
    tokens = gmxt.tokens_for(wang)
    claims = read(gmxt, tokens["id_token"])

    assert (claims["aud"], claims["nonce"]) == ("gmxt", "n-1")
    half = sm2.sm3(tokens["access_token"].encode())[:16]
    assert claims["at_hash"] == base64url.encode(half)
    again = gmxt.refreshes(tokens["refresh_token"]).json
    assert read(gmxt, again["id_token"])["sub"] == claims["sub"]


def test_the_general_keys_hold_no_curve_a_library_may_not_know(gmxt: Portal) -> None:
    assert {key["kty"] + key.get("crv", "") for key in published(gmxt, "/jwks.json")} == {
        "ECP-256",
        "RSA",
    }
    (key,) = published(gmxt)
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "sm2p256v1", ALG, "sig")


def test_whoever_did_not_ask_gets_what_they_always_got(
    wang: Person, gmxt: Portal, shebao: Portal
) -> None:
    gmxt.tokens_for(wang)
    shebao.reads(shebao.tokens_for(wang)["id_token"])
    assert shebao.header["alg"] == "ES256"


def test_metadata_name_the_algorithm_and_nothing_unknown(gmxt: Portal) -> None:
    told = gmxt.http.get("/.well-known/openid-configuration").json
    assert told["id_token_signing_alg_values_supported"] == ["ES256", "RS256", ALG]
    assert told["userinfo_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert not [name for name in told if "gm" in name or "sm2" in name]


def test_a_jwt_access_token_is_for_others_and_stays_with_the_general_keys(
    wang: Person, register: Register
) -> None:
    portal = register("gmxt", id_token_signed_response_alg=ALG, access_token_format="jwt")
    portal.reads(portal.tokens_for(wang)["access_token"])
    assert portal.header["alg"] == "ES256"


def test_a_logout_token_is_signed_as_the_id_token_is(gmxt: Portal, inside: flask.Flask) -> None:
    """Back-Channel Logout 1.0 §2.6: the portal has one way of verifying, and it is this."""
    client = clients.look_up("gmxt")
    assert client is not None
    given = (services.keys, services.outbound, lambda *_: True, services.linking.learn)
    means = Means("http://localhost:8000", *given)
    token = logout_token(client, {"client_id": "gmxt", "sub": "s", "sid": "i"}, means)
    assert read(gmxt, token)["sid"] == "i"


def test_such_a_token_is_a_hint_like_any_other(wang: Person, gmxt: Portal) -> None:
    hint = gmxt.tokens_for(wang)["id_token"]

    wang.opens(gmxt.url(prompt="none", id_token_hint=hint), follow=False)
    assert "code" in wang.arrived
    head, claims, signature = hint.split(".")
    forged = f"{head}.{claims}.{signature[:-6]}AAAAAA"
    wang.opens(gmxt.url(prompt="none", id_token_hint=forged), follow=False)
    assert "error" in wang.arrived
    back = {"id_token_hint": hint, "post_logout_redirect_uri": "https://gmxt.test/bye"}
    wang.opens("/oauth/logout?" + urlencode(back))
    shown = wang.page.headers.get("Location", "") + wang.page.text
    assert "https://gmxt.test/bye" in shown


def test_a_portal_that_uses_joserfc_may_borrow_our_key(wang: Person, gmxt: Portal) -> None:
    token = gmxt.tokens_for(wang)["id_token"]
    keys = KeySet([Sm2Key.import_key(key) for key in published(gmxt)])
    assert jws.deserialize_compact(token, keys, algorithms=[ALG]).headers()["alg"] == ALG


class TestTurnedOff:
    @pytest.fixture
    def configured(self, engines: pairs.Engines) -> settings.Settings:
        return settings.load(environment="testing", **engines.settings)

    def test_nobody_registers_for_it(self, register: Register) -> None:
        with pytest.raises(standing.InvalidRegistration) as refused:
            register("gmxt", id_token_signed_response_alg=ALG)
        assert "keys.sm2" in refused.value.params["reason"]

    def test_nothing_speaks_of_it(self, client: Any) -> None:
        told = client.get("/.well-known/openid-configuration").json
        assert told["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
        assert client.get("/jwks-gm.json").json == {"keys": []}

    def test_who_registered_before_is_told_of_the_server_and_the_operator_why(
        self, app: flask.Flask, engines: pairs.Engines, wang: Person
    ) -> None:
        on = settings.load(environment="testing", keys={"sm2": True}, **engines.settings)
        before = idp.create_app(on)
        with before.app_context():
            secret = standing.create_client(
                "gmxt", {"name": "gmxt", "redirect_uris": ["https://gmxt.test/callback"],
                         "id_token_signed_response_alg": ALG}
            )  # fmt: skip
        before.extensions["redis"].close()
        portal = Portal(app, "gmxt", secret, "https://gmxt.test/callback")
        wang.opens(portal.url()).signs_in()
        if wang.page.request.path == "/consent/":
            wang.presses("consent-allow")

        answer = portal.redeems(wang.arrived["code"])

        assert (answer.status_code, answer.json["error"]) == (500, "server_error")
        with app.app_context(), pytest.raises(AlgorithmOff, match=ALG):
            services.keys.signer(ALG)
