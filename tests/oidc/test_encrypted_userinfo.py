"""Userinfo as a signed JWT inside a JWE, to the client's own key (Core §5.3.2, RFC 7519 §11.2)."""

from collections.abc import Callable
from typing import Any

import flask
import orjson
import pytest
from joserfc.jwk import ECKey, RSAKey

from idp import standing
from idp.oidc import client_keys
from idp.outbound.wire import Answer
from idp.standing import InvalidRegistration
from idp.store.clients import CONTENT_ENCRYPTION, KEY_MANAGEMENT
from tests.oidc.actors import Person, Portal

URI = "https://letters.test/jwks.json"
RSA = RSAKey.generate_key(2048)


def key_for(alg: str, **members: Any) -> Any:
    """A new key of the kind ``alg`` needs, for encryption unless ``members`` say otherwise."""
    made = {"use": "enc", "kid": "e-1"} | members
    if alg.startswith("RSA"):
        return RSAKey.import_key({**RSA.as_dict(private=True), **made})
    return ECKey.import_key({**ECKey.generate_key("P-256").as_dict(private=True), **made})


def jwks(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def wanting(alg: str = "ECDH-ES", enc: str = "A256GCM", **members: Any) -> dict[str, Any]:
    """The members of a registration that wants its userinfo encrypted."""
    return {
        "userinfo_signed_response_alg": "ES256",
        "userinfo_encrypted_response_alg": alg,
        "userinfo_encrypted_response_enc": enc,
    } | members


@pytest.fixture
def letters(register: Callable[..., Portal]) -> Callable[..., Portal]:
    """``letters(alg, enc)``: a portal whose userinfo is encrypted."""

    def made(alg: str = "ECDH-ES", enc: str = "A256GCM", **members: Any) -> Portal:
        key = key_for(alg)
        portal = register("letters", **wanting(alg, enc, jwks=jwks(key)) | members)
        portal.key = key
        return portal

    return made


@pytest.fixture
def published(app: flask.Flask) -> Any:
    """What a portal publishes at its ``jwks_uri``, and how often it was asked."""

    class Published:
        keys: tuple[Any, ...] = ()
        status = 200
        asked = 0

        def get(self, uri: str) -> Answer:
            assert uri == URI
            self.asked += 1
            return Answer(self.status, {}, orjson.dumps(jwks(*self.keys)))

    found = Published()
    app.extensions["idp"].outbound.foreign_get = found.get
    client_keys._fetched.clear()
    yield found
    client_keys._fetched.clear()


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTION)
@pytest.mark.parametrize("alg", KEY_MANAGEMENT)
def test_what_is_said_is_signed_and_then_encrypted(
    wang: Person, letters: Callable[..., Portal], alg: str, enc: str
) -> None:
    portal = letters(alg, enc)
    tokens = portal.tokens_for(wang, scope="openid phone")

    answer = portal.userinfo(tokens["access_token"])

    assert answer.mimetype == "application/jwt"
    assert answer.headers["Cache-Control"] == "no-store"
    claims = portal.reads(portal.decrypts(answer.text))
    assert {k: portal.envelope[k] for k in ("alg", "enc", "cty", "kid")} == {
        "alg": alg,
        "enc": enc,
        "cty": "JWT",
        "kid": "e-1",
    }
    assert (claims["iss"], claims["aud"]) == ("http://localhost:8000", "letters")
    assert claims["sub"] == portal.reads(tokens["id_token"])["sub"]
    assert claims["phone_number"] == "+8613800000001"
    assert "nonce" not in claims


def test_no_two_answers_are_alike(wang: Person, letters: Callable[..., Portal]) -> None:
    portal = letters()
    token = portal.tokens_for(wang)["access_token"]

    assert portal.userinfo(token).text != portal.userinfo(token).text


class TestKeys:
    @pytest.mark.parametrize(
        "spoiled",
        [
            {"use": "sig"},
            {"use": None},
            {"alg": "ECDH-ES+A256KW"},
            {"alg": "ES256"},
        ],
    )
    def test_a_key_that_is_not_there_to_encrypt_to_is_never_encrypted_to(
        self, published: Any, wang: Person, register: Callable[..., Portal], spoiled: dict[str, Any]
    ) -> None:
        portal = register("letters", **wanting(jwks_uri=URI))
        members = {"use": "enc", "kid": "e-1"} | spoiled
        bare = ECKey.generate_key("P-256").as_dict(private=True)
        published.keys = (
            ECKey.import_key({**bare, **{k: v for k, v in members.items() if v is not None}}),
        )
        token = portal.tokens_for(wang)["access_token"]

        refused = portal.userinfo(token)

        assert (refused.status_code, refused.json["error"]) == (400, "invalid_client_metadata")
        assert "phone" not in refused.text

    @pytest.mark.parametrize(
        "key",
        [
            RSAKey.import_key({**RSA.as_dict(private=True), "use": "enc"}),
            ECKey.import_key(
                {**ECKey.generate_key("secp256k1").as_dict(private=True), "use": "enc"}
            ),
        ],
        ids=["another kind", "another curve"],
    )
    def test_a_key_of_another_kind_does_not_do(
        self, published: Any, wang: Person, register: Callable[..., Portal], key: Any
    ) -> None:
        portal = register("letters", **wanting(jwks_uri=URI))
        published.keys = (key,)
        token = portal.tokens_for(wang)["access_token"]

        assert portal.userinfo(token).json["error"] == "invalid_client_metadata"

    @pytest.mark.filterwarnings("ignore:Key size")
    def test_a_short_rsa_key_does_not_do(
        self, published: Any, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("letters", **wanting("RSA-OAEP-256", jwks_uri=URI))
        short = RSAKey.generate_key(1024)
        published.keys = (RSAKey.import_key({**short.as_dict(private=True), "use": "enc"}),)
        token = portal.tokens_for(wang)["access_token"]

        assert portal.userinfo(token).json["error"] == "invalid_client_metadata"

    def test_among_several_keys_the_one_for_encryption_is_found(
        self, published: Any, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("letters", **wanting(jwks_uri=URI))
        portal.key = key_for("ECDH-ES")
        signing = key_for("ECDH-ES", use="sig", kid="s-1")
        published.keys = (signing, key_for("RSA-OAEP-256"), portal.key)

        assert portal.is_told(portal.tokens_for(wang)["access_token"])["sub"]

    def test_keys_are_asked_for_once_and_again_when_none_will_do(
        self, published: Any, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("letters", **wanting(jwks_uri=URI))
        published.keys = (key_for("ECDH-ES", use="sig"),)
        token = portal.tokens_for(wang)["access_token"]
        assert portal.userinfo(token).status_code == 400
        assert portal.userinfo(token).status_code == 400
        assert published.asked == 1, "once a minute, whatever is missing"
        portal.key = key_for("ECDH-ES")
        published.keys = (portal.key,)
        (known,) = client_keys._fetched.values()
        client_keys._fetched[URI] = client_keys._Fetched(known.keys, known.at - client_keys.AGAIN)

        assert portal.is_told(token)["sub"]
        assert portal.is_told(token)["sub"]
        assert published.asked == 2

    def test_nothing_is_said_in_plain_where_the_keys_cannot_be_had(
        self, published: Any, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("letters", **wanting(jwks_uri=URI))
        published.status = 500
        token = portal.tokens_for(wang)["access_token"]

        assert portal.userinfo(token).status_code == 400


class TestRegistration:
    @pytest.mark.parametrize(
        "change",
        [
            {"userinfo_encrypted_response_alg": "RSA1_5"},
            {"userinfo_encrypted_response_alg": "RSA-OAEP"},
            {"userinfo_encrypted_response_alg": "dir"},
            {"userinfo_encrypted_response_alg": "none"},
            {"userinfo_encrypted_response_enc": "A128CBC-HS256"},
            {"userinfo_encrypted_response_enc": ""},
            {"userinfo_encrypted_response_alg": ""},
            {"userinfo_signed_response_alg": ""},
            {"jwks": None},
            {"jwks": {"keys": []}},
            {"jwks": {"keys": "e-1"}},
            {"jwks": jwks(key_for("ECDH-ES", use="sig"))},
        ],
    )
    def test_one_that_could_not_be_answered_is_refused(
        self, app: flask.Flask, change: dict[str, Any]
    ) -> None:
        given = {"name": "letters", "redirect_uris": ["https://letters.test/callback"]}
        asked = given | wanting(jwks=jwks(key_for("ECDH-ES"))) | change
        with app.app_context(), pytest.raises(InvalidRegistration):
            standing.create_client("letters", asked)

    def test_discovery_names_the_algorithms(self, client: Any) -> None:
        told = client.get("/.well-known/openid-configuration").json

        assert told["userinfo_encryption_alg_values_supported"] == list(KEY_MANAGEMENT)
        assert told["userinfo_encryption_enc_values_supported"] == list(CONTENT_ENCRYPTION)
