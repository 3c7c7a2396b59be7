"""One thing is never taken for another: keys, algorithms, kinds of token, one-time handles."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import flask
import orjson
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey, import_key

from idp.signals import deliveries
from idp.store import outbox
from idp.store.engines import db
from tests.oidc.actors import Person, Portal

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EVIL = "https://evil.test/jwks.json"


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": "k1"})


@pytest.fixture
def careful(register: Callable[..., Portal], key: ECKey) -> Portal:
    return register(
        "careful",
        token_endpoint_auth_method="private_key_jwt",
        grant_types=["client_credentials"],
        jwks={"keys": [key.as_dict(private=False)]},
        scope="report",
    )


def asks(portal: Portal, assertion: str) -> int:
    answer = portal.calls(
        "/oauth/token",
        auth=False,
        grant_type="client_credentials",
        client_assertion_type=BEARER,
        client_assertion=assertion,
    )
    return int(answer.status_code)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    about = {"iss": "careful", "sub": "careful", "aud": "http://localhost:8000", "exp": now + 60}
    return about | {"jti": f"j-{time.time_ns()}"} | changes


def signed(header: dict[str, Any], key: Any, **changes: Any) -> str:
    """Whatever the header says, by whatever key."""
    alg = header["alg"]
    return jws.serialize_compact(header, orjson.dumps(claims(**changes)), key, algorithms=[alg])


def by_secret(header: dict[str, Any], about: dict[str, Any], secret: bytes) -> str:
    """HS256 by hand: libraries refuse to take a public key for a secret."""
    text = f"{_b64(orjson.dumps(header))}.{_b64(orjson.dumps(about))}"
    return f"{text}.{_b64(hmac.digest(secret, text.encode(), 'sha256'))}"


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class TestAlgorithms:
    def test_a_public_key_is_no_shared_secret(self, careful: Portal, key: ECKey) -> None:
        public = key.as_dict(private=False)
        for secret in (key.as_pem(private=False), key.as_der(private=False), orjson.dumps(public)):
            for kid in ({}, {"kid": "k1"}):
                assert asks(careful, by_secret({"alg": "HS256", **kid}, claims(), secret)) == 401

    def test_another_algorithm_than_the_registered_one_is_refused(self, careful: Portal) -> None:
        mine = RSAKey.generate_key(2048)
        for alg in ("RS256", "PS256"):
            assert asks(careful, signed({"alg": alg, "kid": "k1"}, mine)) == 401

    def test_an_id_token_hint_signed_with_our_public_key_is_refused(
        self, wang: Person, shebao: Portal
    ) -> None:
        hint = shebao.tokens_for(wang)["id_token"]
        told = shebao.reads(hint)
        for public in shebao.http.get("/jwks.json").json["keys"]:
            pem = import_key(public).as_pem(private=False)
            for secret in (orjson.dumps(public), pem, pem.strip()):
                forged = by_secret({"alg": "HS256", "kid": public["kid"]}, told, secret)
                wang.opens("/oauth/logout?" + urlencode({"id_token_hint": forged}))
                assert wang.page.request.path == "/error/HT-1006"

    def test_no_key_is_fetched_from_where_a_token_says(
        self, app: flask.Flask, careful: Portal, key: ECKey
    ) -> None:
        mine = ECKey.generate_key("P-256", parameters={"kid": "mine"})
        asked: list[str] = []

        def resolve(host: str, _port: int) -> list[str]:
            asked.append(host)
            return []

        app.extensions["idp"].outbound._resolve = resolve
        for header in (
            {"jku": EVIL},
            {"x5u": EVIL},
            {"jwk": mine.as_dict(private=False)},
            {"jku": EVIL, "kid": "mine"},
            {"kid": EVIL},
            {"kid": "../../../../dev/null"},
        ):
            text = jwt.encode({"alg": "ES256", **header}, claims(iss="careful"), mine, ["ES256"])
            assert asks(careful, text) == 401
        assert asked == []


class TestKinds:
    def test_no_signed_thing_of_ours_is_another(
        self, app: flask.Flask, wang: Person, register: Callable[..., Portal]
    ) -> None:
        """ID token, access token, userinfo and logout token are signed by one key."""
        portal = register(
            "many",
            access_token_format="jwt",
            userinfo_signed_response_alg="ES256",
            backchannel_logout_uri="https://many.test/bye",
        )
        tokens = portal.tokens_for(wang)
        about = portal.userinfo(tokens["access_token"]).text
        for hint in (tokens["access_token"], about, _logout_token(app, wang)):
            wang.opens("/oauth/logout?" + urlencode({"id_token_hint": hint}))
            assert wang.page.request.path == "/error/HT-1006"
        for token in (tokens["id_token"], about):
            assert portal.userinfo(token).status_code == 401
            assert portal.refreshes(token).status_code == 400
            assert portal.calls("/oauth/introspect", token=token).json == {"active": False}

    def test_no_handle_is_another(self, wang: Person, shebao: Portal) -> None:
        """Each kind of one-time handle has a name space of its own."""
        wang.opens(shebao.url(), follow=False)
        interaction = wang.page.headers["Location"].partition("i=")[2].partition("&")[0]
        posted = wang.browser.post("/oauth/authorize", data=shebao.asks()).headers["Location"]
        ended = wang.browser.post("/oauth/logout", data={"state": "x"}).headers["Location"]
        handles = [interaction, posted.partition("=")[2], ended.partition("=")[2]]
        assert all(len(each) > 15 for each in handles)

        for handle in handles[1:]:
            wang.opens(f"/oauth/authorize?resume={handle}")
            assert wang.page.status_code >= 400
            wang.opens(f"/login/?i={handle}")
            assert wang.page.status_code == 410
        for handle in (handles[0], handles[2]):
            wang.opens(f"/oauth/authorize?posted={handle}")
            assert wang.page.status_code >= 400
        for handle in handles:
            assert shebao.redeems(handle).status_code == 400
            assert shebao.userinfo(handle).status_code == 401
            assert shebao.refreshes(handle).status_code == 400


def _logout_token(app: flask.Flask, person: Person) -> str:
    """What a portal is told when this person signs out elsewhere."""
    told: list[str] = []
    outbound = app.extensions["idp"].outbound

    def post(_url: str, form: dict[str, str], *_: Any, **__: Any) -> Any:
        told.append(form["logout_token"])
        raise OSError("only looking")

    before, outbound.foreign_post = outbound.foreign_post, post
    with app.app_context():
        outbox.add("backchannel-logout", {"client_id": "many", "sub": "s", "sid": "x"})
        db.session.commit()
        with suppress(OSError):
            deliveries.deliver_due()
    outbound.foreign_post = before
    return told[0]
