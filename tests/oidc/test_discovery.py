"""Metadata and keys (protocol.md §3.2; OIDC Discovery §3; RFC 8414; RFC 7517)."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest

from idp import settings
from idp.oidc.client_auth import CLIENT_AUTH
from idp.oidc.endpoints import ENDPOINTS
from idp.oidc.grants import GRANTS
from idp.services import services
from tests.engines import pairs
from tests.oidc.actors import Person, Portal

KNOWN = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "ui_locales_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_object_signing_alg_values_supported",
    "require_signed_request_object",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "code_challenge_methods_supported",
    "prompt_values_supported",
    "token_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "frontchannel_logout_session_supported",
    "verified_claims_supported",
    "trust_frameworks_supported",
    "claims_in_verified_claims_supported",
    "evidence_supported",
    "electronic_records_supported",
    "documents_supported",
    "documents_check_methods_supported",
}
"""Members OpenID Connect Discovery, RFC 8414, the logout specifications and OpenID Connect for
Identity Assurance define."""


@pytest.fixture
def metadata(client: Any) -> dict[str, Any]:
    answer = client.get("/.well-known/openid-configuration")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return answer.json


def test_the_issuer_is_where_the_metadata_is(metadata: dict[str, Any], client: Any) -> None:
    assert metadata["issuer"] == "http://localhost:8000"
    parts = urlsplit(metadata["issuer"])
    assert not (parts.query or parts.fragment or parts.username)
    assert client.get("/.well-known/oauth-authorization-server").json == metadata


def test_the_issuer_never_follows_the_request(client: Any) -> None:
    spoofed = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}

    answer = client.get("/.well-known/openid-configuration", headers=spoofed)

    assert answer.json["issuer"] == "http://localhost:8000"
    assert b"evil" not in answer.data


def test_only_standard_members_are_published(metadata: dict[str, Any]) -> None:
    assert set(metadata) <= KNOWN


def test_everything_registered_is_published_and_nothing_else(metadata: dict[str, Any]) -> None:
    assert metadata["grant_types_supported"] == [grant.GRANT_TYPE for grant in GRANTS]
    assert metadata["token_endpoint_auth_methods_supported"] == list(CLIENT_AUTH)
    for endpoint in ENDPOINTS:
        assert metadata[endpoint.name] == f"http://localhost:8000{endpoint.path}"


def test_what_is_promised_is_there(metadata: dict[str, Any], client: Any) -> None:
    for name, url in metadata.items():
        if name.endswith(("_endpoint", "jwks_uri")):
            assert client.get(urlsplit(url).path).status_code != 404, name


def test_algorithms_scopes_and_modes_are_what_certification_asks_for(
    metadata: dict[str, Any],
) -> None:
    assert {"RS256", "ES256"} <= set(metadata["id_token_signing_alg_values_supported"])
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    assert "openid" in metadata["scopes_supported"]
    assert metadata["subject_types_supported"] == ["pairwise"]
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert "refresh_token" in metadata["grant_types_supported"]
    assert "registration_endpoint" not in metadata


def test_every_level_there_is_a_way_to_is_published(metadata: dict[str, Any]) -> None:
    levels = metadata["acr_values_supported"]

    assert levels == [f"ial{ial}.aal{aal}" for ial in (1, 2, 3, 4) for aal in (1, 2)]


def test_languages_are_canonical_tags(metadata: dict[str, Any]) -> None:
    for tag in metadata["ui_locales_supported"]:
        assert re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", tag)


def test_keys_have_distinct_ids_and_nothing_private(client: Any) -> None:
    keys = client.get("/jwks.json").json["keys"]

    assert len({key["kid"] for key in keys}) == len(keys)
    assert {key["kty"] for key in keys} == {"EC", "RSA"}
    assert {key["use"] for key in keys} == {"sig"}
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)


def test_a_rotation_publishes_the_new_keys_before_they_sign(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    tokens = shebao.tokens_for(wang)
    before = {key["kid"] for key in shebao.http.get("/jwks.json").json["keys"]}
    with app.app_context():
        services.keys.rotate()

    after = {key["kid"] for key in shebao.http.get("/jwks.json").json["keys"]}

    assert before < after
    shebao.reads(shebao.refreshes(tokens["refresh_token"]).json["id_token"])
    assert shebao.header["kid"] in before
    shebao.reads(tokens["id_token"])


@pytest.fixture
def hasty(engines: pairs.Engines) -> settings.Settings:
    """A node whose new keys sign after a moment."""
    keys = {"signing_overlap": 0.2, "signing_retired": 3600}
    return settings.load(environment="testing", keys=keys, **engines.settings)


class TestRotationUnderLoad:
    @pytest.fixture
    def configured(self, hasty: settings.Settings) -> settings.Settings:
        return hasty

    def test_breaks_nobody_who_looks_again_for_a_key_they_do_not_know(
        self, app: flask.Flask, people: Callable[..., Person], gjj: Portal
    ) -> None:
        stop, failures, kids = threading.Event(), [], set()
        walkers = [people(f"walker{n}", f"+861380000000{n}") for n in range(3)]

        def walk(person: Person) -> None:
            portal = Portal(app, gjj.client_id, gjj.secret, gjj.redirect_uri)
            try:
                while not stop.is_set():
                    token = portal.tokens_for(person)["id_token"]
                    portal.reads(token)
                    kids.add(portal.header["kid"])
                    person.opens(gjj.url(prompt="none", id_token_hint=token), follow=False)
                    assert "code" in person.arrived
            except Exception as error:  # told to the main thread below
                failures.append(error)

        threads = [threading.Thread(target=walk, args=(walker,)) for walker in walkers]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.8)
            with app.app_context():
                services.keys.rotate()
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()

        assert failures == []
        assert len(kids) >= 3


class TestCors:
    def test_metadata_and_keys_are_for_every_origin(self, client: Any) -> None:
        for path in ("/.well-known/openid-configuration", "/jwks.json"):
            answer = client.get(path, headers={"Origin": "https://anywhere.test"})
            assert answer.headers["Access-Control-Allow-Origin"] == "*"

    def test_a_public_clients_origin_may_read_tokens_without_credentials(
        self, client: Any, register: Any
    ) -> None:
        register("spa", token_endpoint_auth_method="none", web_origins=["https://spa.test"])
        for path in ("/oauth/token", "/oauth/userinfo", "/oauth/revoke"):
            asked = client.options(
                path,
                headers={"Origin": "https://spa.test", "Access-Control-Request-Method": "POST"},
            )
            assert asked.headers["Access-Control-Allow-Origin"] == "https://spa.test"
            assert "authorization" in asked.headers["Access-Control-Allow-Headers"].lower()
            told = client.post(path, headers={"Origin": "https://spa.test"})
            assert told.headers["Access-Control-Allow-Origin"] == "https://spa.test"
            assert "Access-Control-Allow-Credentials" not in told.headers

    def test_any_other_origin_may_not(self, client: Any, register: Any) -> None:
        register("spa", token_endpoint_auth_method="none", web_origins=["https://spa.test"])
        for origin in ("https://evil.test", "null", "https://spa.test.evil.test"):
            for path in ("/oauth/token", "/oauth/userinfo"):
                asked = client.options(path, headers={"Origin": origin})
                assert "Access-Control-Allow-Origin" not in asked.headers
                told = client.post(path, headers={"Origin": origin})
                assert "Access-Control-Allow-Origin" not in told.headers

    def test_pages_and_introspection_are_for_no_origin(self, client: Any, register: Any) -> None:
        register("spa", token_endpoint_auth_method="none", web_origins=["https://spa.test"])
        for path in ("/oauth/authorize", "/oauth/logout", "/oauth/introspect", "/login/"):
            answer = client.open(path, method="OPTIONS", headers={"Origin": "https://spa.test"})
            assert "Access-Control-Allow-Origin" not in answer.headers
