"""Signed authorization requests (RFC 9101): only what the client signed counts, for us, in time."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import flask
import orjson
import pytest
from authlib.oauth2 import OAuth2Error
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from idp import standing
from idp.oidc import client_keys
from tests.oidc.actors import Person, Portal

ISSUER = "http://localhost:8000"
Objects = Callable[..., str]


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": "k1", "use": "sig"})


@pytest.fixture
def careful(register: Callable[..., Portal], key: ECKey) -> Portal:
    return register("careful", jwks={"keys": [key.as_dict(private=False)]})


@pytest.fixture
def signs(careful: Portal, key: ECKey) -> Objects:
    """``signs(state="x")``: the portal's request under its key; None leaves a claim out."""

    def made(header: dict[str, Any] | None = None, by: Any = None, **changes: Any) -> str:
        now = int(time.time())
        about = {"iss": "careful", "aud": ISSUER, "exp": now + 60, "nbf": now, "iat": now}
        claims = careful.asks() | about | {"jti": f"j-{time.time_ns()}"} | changes
        header = {"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"} | (header or {})
        header = {name: value for name, value in header.items() if value is not None}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, by or key, algorithms=[header["alg"]])

    return made


def url(token: str, **outside: str) -> str:
    return "/oauth/authorize?" + urlencode({"client_id": "careful", "request": token, **outside})


@pytest.fixture
def signed_in(wang: Person, careful: Portal) -> Person:
    careful.tokens_for(wang)
    return wang


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(person: Person, address: str) -> None:
    """A page of ours: what it says of where the answer goes is nobody's word."""
    person.opens(address)
    assert (person.page.status_code, person.page.request.path) == (400, "/error/HT-1008")


class TestASignedRequest:
    def test_leads_through_every_page_to_the_tokens(
        self, wang: Person, careful: Portal, signs: Objects
    ) -> None:
        wang.opens(url(signs(state="inside", scope="openid phone"))).signs_in()
        wang.presses("consent-allow")
        assert wang.arrived["state"] == "inside"
        answer = careful.redeems(wang.arrived["code"])
        assert careful.reads(answer.json["id_token"])["nonce"] == "n-1"

    def test_is_answered_at_once_where_nobody_has_to_be_asked(
        self, signed_in: Person, signs: Objects
    ) -> None:
        assert "code" in signed_in.opens(url(signs()), follow=False).arrived

    def test_alone_counts_whatever_stands_beside_it(
        self, signed_in: Person, careful: Portal, signs: Objects
    ) -> None:
        outside = {
            "state": "forged",
            "redirect_uri": "https://evil.test/",
            "prompt": "login",
            "scope": "openid phone",
            "nonce": "forged",
        }
        signed_in.opens(url(signs(state="inside"), **outside), follow=False)
        assert signed_in.arrived["state"] == "inside"
        assert signed_in.page.headers["Location"].startswith(careful.redirect_uri)
        answer = careful.redeems(signed_in.arrived["code"])
        assert careful.reads(answer.json["id_token"])["nonce"] == "n-1"

    def test_may_be_posted(self, signed_in: Person, signs: Objects) -> None:
        form = {"client_id": "careful", "request": signs()}
        signed_in.page = signed_in.browser.post("/oauth/authorize", data=form)
        while signed_in._leads_on():
            signed_in.page = signed_in.browser.get(signed_in._target())
        assert "code" in signed_in.arrived

    def test_may_be_pushed(self, signed_in: Person, careful: Portal, signs: Objects) -> None:
        pushed = careful.calls("/oauth/par", request=signs(state="inside"), state="outside")
        assert pushed.status_code == 201, pushed.json
        query = {"client_id": "careful", "request_uri": pushed.json["request_uri"]}
        signed_in.opens(f"/oauth/authorize?{urlencode(query)}", follow=False)
        assert signed_in.arrived["state"] == "inside"

    def test_may_hold_claims_and_numbers_as_json(self, signed_in: Person, signs: Objects) -> None:
        claims = {"id_token": {"auth_time": {"essential": True}}}
        signed_in.opens(url(signs(claims=claims, max_age=10_000)), follow=False)
        assert "code" in signed_in.arrived

    @pytest.mark.parametrize("typ", [None, "JWT"])
    def test_may_leave_its_type_out(
        self, signed_in: Person, signs: Objects, typ: str | None
    ) -> None:
        assert "code" in signed_in.opens(url(signs({"typ": typ})), follow=False).arrived

    def test_what_it_asks_wrongly_is_told_to_the_portal(
        self, signed_in: Person, signs: Objects
    ) -> None:
        signed_in.opens(url(signs(code_challenge=None)), follow=False)
        assert signed_in.arrived["error"] == "invalid_request"

    def test_a_redirect_uri_that_is_not_registered_leads_nowhere(
        self, signed_in: Person, signs: Objects
    ) -> None:
        signed_in.opens(url(signs(redirect_uri="https://evil.test/")))
        assert signed_in.page.request.path == "/error/HT-1002"


class TestRefused:
    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": None},
            {"iss": "somebody"},
            {"client_id": "somebody"},
            {"sub": "careful"},
            {"aud": None},
            {"aud": "https://elsewhere.test"},
            {"aud": [f"{ISSUER}/"]},
            {"exp": None},
            {"exp": 1},
            {"exp": 4102444800},
            {"exp": "soon"},
            {"exp": True},
            {"nbf": 4102444800},
            {"nbf": 1},
            {"iat": 4102444800},
            {"jti": ""},
            {"jti": 7},
            {"request": "eyJ"},
            {"request_uri": "https://careful.test/r"},
            {"response_type": ["code"]},
            {"max_age": True},
        ],
        ids=str,
    )
    def test_what_is_not_this_client_s_for_us_now(
        self, signed_in: Person, signs: Objects, changes: dict[str, Any]
    ) -> None:
        refused(signed_in, url(signs(**changes)))

    @pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "secevent+jwt", "x"])
    def test_a_jwt_made_for_something_else(
        self, signed_in: Person, signs: Objects, typ: str
    ) -> None:
        refused(signed_in, url(signs({"typ": typ})))

    def test_one_that_was_used(self, signed_in: Person, signs: Objects) -> None:
        token = signs()
        assert "code" in signed_in.opens(url(token), follow=False).arrived
        refused(signed_in, url(token))

    def test_one_that_says_something_else_than_outside(
        self, signed_in: Person, signs: Objects
    ) -> None:
        refused(signed_in, url(signs(), response_type="token"))

    def test_one_under_another_s_key(self, signed_in: Person, signs: Objects) -> None:
        refused(signed_in, url(signs(by=ECKey.generate_key("P-256"))))
        refused(signed_in, url(signs({"kid": "k2"})))
        rsa = RSAKey.generate_key(2048)
        refused(signed_in, url(signs({"alg": "RS256"}, by=rsa)))

    def test_one_under_the_public_key_as_a_secret(
        self, signed_in: Person, signs: Objects, key: ECKey
    ) -> None:
        """Algorithm confusion."""
        payload = signs().split(".")[1]
        head = base64url(orjson.dumps({"alg": "HS256", "kid": "k1"}))
        mac = hmac.digest(key.as_pem(private=False), f"{head}.{payload}".encode(), "sha256")
        refused(signed_in, url(f"{head}.{payload}.{base64url(mac)}"))

    def test_one_that_brings_its_own_key(self, signed_in: Person, signs: Objects) -> None:
        mine = ECKey.generate_key("P-256", parameters={"kid": "k1"})
        refused(signed_in, url(signs({"jwk": mine.as_dict(private=False)}, by=mine)))

    def test_one_whose_members_two_parsers_would_read_differently(
        self, signed_in: Person, key: ECKey, signs: Objects
    ) -> None:
        payload = jws.extract_compact(signs().encode()).payload
        twice = payload[:-1] + b',"state":"other"}'
        token = jws.serialize_compact({"alg": "ES256", "kid": "k1"}, twice, key)
        refused(signed_in, url(token))

    @pytest.mark.parametrize("token", ["x", "x.y.z", "eyJ.e30.", "." * 10, "é.é.é", "x" * 20_000])
    def test_what_is_no_jwt(self, signed_in: Person, token: str) -> None:
        signed_in.opens(url(token))
        assert signed_in.page.status_code in {400, 414}
        assert "Location" not in signed_in.page.headers

    def test_not_as_wrong_where_the_keys_cannot_be_had_now(
        self, signed_in: Person, signs: Objects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def hangs(*_: Any) -> Any:
            raise OAuth2Error(error="temporarily_unavailable", status_code=503)

        monkeypatch.setattr(client_keys, "candidates", hangs)
        signed_in.opens(url(signs()))
        assert (signed_in.page.status_code, signed_in.page.request.path) == (503, "/error/HT-1009")

    def test_one_of_a_client_nobody_knows(self, wang: Person, signs: Objects) -> None:
        wang.opens("/oauth/authorize?" + urlencode({"client_id": "nobody", "request": signs()}))
        assert wang.page.request.path == "/error/HT-1001"

    def test_the_algorithm_is_the_registered_one(
        self, app: flask.Flask, signed_in: Person, signs: Objects
    ) -> None:
        with app.app_context():
            standing.change_client("careful", {"request_object_signing_alg": "PS256"})
        refused(signed_in, url(signs()))

    def test_a_portal_held_to_the_issuer_names_it_alone(
        self, app: flask.Flask, signed_in: Person, signs: Objects
    ) -> None:
        both = [ISSUER, "https://elsewhere.test"]
        assert "code" in signed_in.opens(url(signs(aud=both)), follow=False).arrived
        with app.app_context():
            standing.change_client("careful", {"assertion_audience": "issuer"})
        refused(signed_in, url(signs(aud=both)))
        refused(signed_in, url(signs(aud=[ISSUER])))
        assert "code" in signed_in.opens(url(signs()), follow=False).arrived


class TestWhereItIsRequired:
    @pytest.fixture
    def strict(self, app: flask.Flask, signed_in: Person) -> Person:
        with app.app_context():
            standing.change_client("careful", {"require_signed_request_object": True})
        return signed_in

    def test_a_plain_request_is_refused(self, strict: Person, careful: Portal) -> None:
        strict.opens(careful.url(), follow=False)
        assert strict.arrived["error"] == "invalid_request"

    def test_a_plain_pushed_request_is_refused(self, strict: Person, careful: Portal) -> None:
        answer = careful.calls("/oauth/par", **careful.asks())
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")

    def test_a_signed_one_is_good_through_pages_too(
        self, strict: Person, careful: Portal, signs: Objects
    ) -> None:
        assert "code" in strict.opens(url(signs()), follow=False).arrived
        strict.opens(url(signs(prompt="login"))).signs_in()
        assert "code" in strict.arrived

    def test_one_without_a_beginning_is_refused(self, strict: Person, signs: Objects) -> None:
        refused(strict, url(signs(nbf=None)))

    def test_needs_keys_to_be_registered(self, register: Callable[..., Portal]) -> None:
        with pytest.raises(standing.InvalidRegistration):
            register("keyless", require_signed_request_object=True)


def test_metadata_say_so(careful: Portal) -> None:
    found = careful.http.get("/.well-known/openid-configuration").json
    assert found["request_parameter_supported"] is True
    assert found["request_uri_parameter_supported"] is False
    assert found["request_object_signing_alg_values_supported"] == [
        "ES256",
        "PS256",
        "RS256",
        "EdDSA",
    ]
