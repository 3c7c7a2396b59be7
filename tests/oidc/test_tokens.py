"""Codes, tokens and what becomes of them (protocol.md §3.1; RFC 6749, 7009, 7662, 9068, 9700)."""

import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import ECKey

from idp import consents, sessions, staff, standing, stops
from idp.store import buckets
from idp.store.ephemeral import digest
from tests.oidc.actors import Person, Portal


@pytest.fixture
def spa(register: Callable[..., Portal]) -> Portal:
    """A public client: a page in a browser."""
    return register(
        "spa", token_endpoint_auth_method="none", web_origins=["https://spa.test"], scope="openid"
    )


class TestRedeeming:
    def test_an_id_token_says_who_for_whom_since_when_and_how(
        self, wang: Person, shebao: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)

        claims = shebao.reads(tokens["id_token"])

        now = int(time.time())
        assert claims["iss"] == "http://localhost:8000"
        assert claims["aud"] == "shebao"
        assert claims["nonce"] == "n-1"
        assert (claims["acr"], claims["amr"]) == ("ial1.aal1", ["pwd"])
        assert abs(claims["iat"] - now) < 5
        assert claims["exp"] > now
        assert claims["auth_time"] <= now
        half = sha256(tokens["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == urlsafe_b64encode(half).rstrip(b"=").decode()
        assert shebao.header["alg"] == "ES256"
        assert shebao.header["kid"]
        assert not {"name", "phone_number", "email"} & set(claims)

    def test_a_client_without_pkce_or_nonce_may_be_registered_so(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        old = register("old", require_pkce=False, id_token_signed_response_alg="RS256")
        wang.opens(
            old.url(code_challenge=None, code_challenge_method=None, nonce=None)
        ).signs_in().presses("consent-allow")

        answer = old.redeems(wang.arrived["code"], code_verifier=None)

        assert "nonce" not in old.reads(answer.json["id_token"])
        assert old.header["alg"] == "RS256"

    def test_an_answer_is_never_cached(self, wang: Person, shebao: Portal) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")

        answer = shebao.redeems(wang.arrived["code"])

        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["token_type"] == "Bearer"
        assert len(answer.json["access_token"]) > 40

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"code": None}, "invalid_request"),
            ({"code": "nonsense"}, "invalid_grant"),
            ({"redirect_uri": "https://shebao.test/other"}, "invalid_grant"),
            ({"redirect_uri": None}, "invalid_grant"),
            ({"code_verifier": "y" * 50}, "invalid_grant"),
            ({"code_verifier": None}, "invalid_grant"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "密码"}, "unsupported_grant_type"),
            ({"grant_type": None}, "invalid_request"),
        ],
    )
    def test_a_wrong_redemption_is_refused_and_leaves_the_code_good(
        self, wang: Person, shebao: Portal, change: dict, error: str
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]

        refused = shebao.redeems(**{"code": code, **change})

        assert (refused.status_code, refused.json["error"]) == (400, error)
        assert refused.json.get("error_description", "").isascii()
        assert shebao.redeems(code).status_code == 200

    def test_a_code_of_another_client_is_refused_and_nothing_is_revoked(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)
        wang.opens(shebao.url(), follow=False)
        code = wang.arrived["code"]

        stolen = gjj.redeems(code, redirect_uri=shebao.redirect_uri)
        assert (stolen.status_code, stolen.json["error"]) == (400, "invalid_grant")
        assert shebao.redeems(code).status_code == 200
        again = gjj.redeems(code)
        assert again.json["error"] == "invalid_grant"
        assert shebao.userinfo(tokens["access_token"]).status_code == 200

    def test_a_code_used_twice_by_its_client_ends_what_it_bore(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]
        tokens = shebao.redeems(code).json

        again = shebao.redeems(code)

        assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
        assert shebao.userinfo(tokens["access_token"]).status_code == 401
        assert shebao.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"

    def test_a_code_used_again_after_thirty_seconds_still_ends_it(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]
        tokens = shebao.redeems(code).json
        with time_machine.travel(time.time() + 31, tick=True):
            assert shebao.redeems(code).json["error"] == "invalid_grant"
            assert shebao.userinfo(tokens["access_token"]).status_code == 401

    def test_of_fifty_redemptions_at_once_one_wins_and_then_the_family_ends(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]

        answers = _all_at_once(50, lambda: _twin(shebao).redeems(code))

        won = [answer for answer in answers if answer.status_code == 200]
        assert len(won) == 1
        assert {a.json["error"] for a in answers if a.status_code != 200} == {"invalid_grant"}
        assert shebao.userinfo(won[0].json["access_token"]).status_code == 401

    def test_fifty_strangers_at_once_revoke_nothing(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]
        tokens = shebao.redeems(code).json

        answers = _all_at_once(50, lambda: _twin(gjj).redeems(code))

        assert {answer.status_code for answer in answers} == {400}
        assert shebao.userinfo(tokens["access_token"]).status_code == 200

    def test_an_unauthenticated_redemption_revokes_nothing(
        self, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]
        tokens = shebao.redeems(code).json
        form = {"grant_type": "authorization_code", "code": code, "client_id": "shebao"}

        refused = shebao.calls("/oauth/token", auth=False, **form)

        assert refused.json["error"] == "invalid_client"
        assert shebao.userinfo(tokens["access_token"]).status_code == 200

    def test_a_code_outlives_neither_its_minute_nor_its_session(
        self, app: Any, wang: Person, shebao: Portal
    ) -> None:
        wang.opens(shebao.url()).signs_in().presses("consent-allow")
        code = wang.arrived["code"]
        key = buckets.code(code[:2], digest(code))
        lifetime = app.extensions["redis"].pttl(key)
        assert 0 < lifetime <= 60_000

        with app.app_context():
            sessions.end_all(wang.account_id, reason="test")

        assert shebao.redeems(code).json["error"] == "invalid_grant"

    def test_a_public_client_redeems_with_its_verifier_alone(
        self, wang: Person, spa: Portal
    ) -> None:
        tokens = spa.tokens_for(wang)

        assert spa.reads(tokens["id_token"])["aud"] == "spa"

    def test_a_code_is_not_a_token_and_a_token_not_a_code(
        self, wang: Person, shebao: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)
        wang.opens(shebao.url(), follow=False)
        code = wang.arrived["code"]

        assert shebao.userinfo(code).status_code == 401
        assert shebao.userinfo(tokens["refresh_token"]).status_code == 401
        assert shebao.refreshes(code).json["error"] == "invalid_grant"
        assert shebao.refreshes(tokens["access_token"]).json["error"] == "invalid_grant"
        assert shebao.redeems(tokens["access_token"]).json["error"] == "invalid_grant"


class TestClientAuthentication:
    @pytest.mark.parametrize("secret", ["", "wrong", "密"])
    def test_a_wrong_secret_is_refused_with_a_challenge(self, shebao: Portal, secret: str) -> None:
        refused = shebao.http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=("shebao", secret)
        )

        assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")
        assert refused.headers["WWW-Authenticate"].startswith("Basic")

    def test_a_secret_in_the_form_works_only_where_registered(
        self, wang: Person, shebao: Portal, register: Callable[..., Portal]
    ) -> None:
        posting = register("posting", token_endpoint_auth_method="client_secret_post")
        wang.opens(posting.url()).signs_in().presses("consent-allow")
        form = {
            "grant_type": "authorization_code",
            "code": wang.arrived["code"],
            "redirect_uri": posting.redirect_uri,
            "code_verifier": posting.verifier,
            "client_id": "posting",
            "client_secret": posting.secret,
        }
        assert posting.calls("/oauth/token", auth=False, **form).status_code == 200
        other = form | {"client_id": "shebao", "client_secret": shebao.secret}
        assert shebao.calls("/oauth/token", auth=False, **other).json["error"] == "invalid_client"

    def test_two_ways_at_once_are_refused(self, shebao: Portal) -> None:
        refused = shebao.calls(
            "/oauth/token",
            grant_type="client_credentials",
            client_id="shebao",
            client_secret=shebao.secret,
        )

        assert refused.json["error"] == "invalid_request"

    def test_a_rotated_secret_and_the_one_before_both_work_for_a_while(
        self, app: Any, shebao: Portal
    ) -> None:
        old = shebao.secret
        with app.app_context():
            new = standing.rotate_secret("shebao")

        for secret in (old, new):
            shebao.secret = secret
            refused = shebao.refreshes("nothing")
            assert refused.json["error"] == "invalid_grant"
        with time_machine.travel(time.time() + 8 * 86400, tick=True):
            shebao.secret = old
            assert shebao.refreshes("nothing").json["error"] == "invalid_client"


class TestPrivateKeyJwt:
    @pytest.fixture
    def key(self) -> ECKey:
        return ECKey.generate_key("P-256", parameters={"kid": "k1", "use": "sig"})

    @pytest.fixture
    def careful(self, register: Callable[..., Portal], key: ECKey) -> Portal:
        return register(
            "careful",
            token_endpoint_auth_method="private_key_jwt",
            grant_types=["client_credentials"],
            jwks={"keys": [key.as_dict(private=False)]},
            scope="report",
        )

    def _claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": "careful",
            "sub": "careful",
            "aud": "http://localhost:8000",
            "exp": now + 60,
            "iat": now,
            "jti": f"j-{time.time_ns()}",
        } | changes
        return {k: v for k, v in claims.items() if v is not None}

    def _asks(
        self,
        portal: Portal,
        key: ECKey,
        header: dict | None = None,
        path: str = "/oauth/token",
        **changes: Any,
    ) -> Any:
        header = {"alg": "ES256", "kid": "k1"} | (header or {})
        assertion = jwt.encode(header, self._claims(**changes), key, algorithms=["ES256"])
        return self._shows(portal, assertion, path)

    def _shows(self, portal: Portal, assertion: str, path: str = "/oauth/token") -> Any:
        wanted = {"grant_type": "client_credentials"} if path == "/oauth/token" else {"token": "x"}
        return portal.calls(
            path,
            auth=False,
            **wanted,
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            client_assertion=assertion,
        )

    @pytest.mark.parametrize(
        "aud",
        [
            "http://localhost:8000",
            "http://localhost:8000/oauth/token",
            ["http://localhost:8000", "https://elsewhere.test"],
        ],
    )
    def test_a_signed_assertion_works(self, careful: Portal, key: ECKey, aud: Any) -> None:
        assert self._asks(careful, key, aud=aud).status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "somebody"},
            {"sub": None},
            {"sub": "somebody"},
            {"aud": "https://elsewhere.test"},
            {"aud": None},
            {"exp": None},
            {"exp": 1},
            {"exp": 4102444800},
            {"exp": "soon"},
            {"nbf": 4102444800},
            {"iat": 4102444800},
            {"jti": None},
            {"jti": 7},
        ],
    )
    def test_a_wrong_assertion_is_refused(self, careful: Portal, key: ECKey, change: dict) -> None:
        assert self._asks(careful, key, **change).json["error"] == "invalid_client"

    def test_an_assertion_counts_once(self, careful: Portal, key: ECKey) -> None:
        assertion = jwt.encode({"alg": "ES256"}, self._claims(), key, algorithms=["ES256"])

        assert self._shows(careful, assertion).status_code == 200
        assert self._shows(careful, assertion).json["error"] == "invalid_client"

    def test_another_key_a_key_in_the_header_and_no_signature_are_refused(
        self, careful: Portal, key: ECKey
    ) -> None:
        mine = ECKey.generate_key("P-256", parameters={"kid": "k1"})
        assert self._asks(careful, mine).json["error"] == "invalid_client"
        header = {"jwk": mine.as_dict(private=False)}
        assert self._asks(careful, mine, header).json["error"] == "invalid_client"
        signed = jwt.encode({"alg": "ES256"}, self._claims(), key, algorithms=["ES256"])
        bare = "eyJhbGciOiJub25lIn0." + signed.split(".")[1] + "."
        assert self._shows(careful, bare).json["error"] == "invalid_client"
        assert self._shows(careful, "x" * 9000).json["error"] == "invalid_client"

    def test_a_client_held_to_the_issuer_accepts_no_other_audience(
        self, app: Any, careful: Portal, key: ECKey
    ) -> None:
        with app.app_context():
            standing.change_client("careful", {"assertion_audience": "issuer"})

        assert self._asks(careful, key).status_code == 200
        for aud in ("http://localhost:8000/oauth/token", ["http://localhost:8000"]):
            assert self._asks(careful, key, aud=aud).json["error"] == "invalid_client"

    @pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
    def test_a_client_held_to_the_issuer_is_held_to_it_wherever_it_says_who_it_is(
        self, app: Any, careful: Portal, key: ECKey, path: str
    ) -> None:
        with app.app_context():
            standing.change_client("careful", {"assertion_audience": "issuer"})
        issuer = "http://localhost:8000"

        assert self._asks(careful, key, path=path).status_code == 200
        for aud in (
            [issuer],
            [issuer, "https://elsewhere.test"],
            ["https://elsewhere.test", issuer],
            f"{issuer}/",
            f"{issuer}/oauth/token",
            issuer + path,
        ):
            refused = self._asks(careful, key, path=path, aud=aud)
            assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")


class TestRefreshing:
    def test_every_use_hands_out_the_next_and_a_new_id_token(
        self, wang: Person, shebao: Portal
    ) -> None:
        first = shebao.tokens_for(wang, scope="openid offline_access")
        before = shebao.reads(first["id_token"])
        with time_machine.travel(time.time() + 2, tick=True):
            second = shebao.refreshes(first["refresh_token"]).json
        after = shebao.reads(second["id_token"])

        assert second["refresh_token"] != first["refresh_token"]
        assert after["iat"] > before["iat"]
        for name in ("iss", "sub", "aud", "auth_time", "sid"):
            assert after[name] == before[name]
        assert "nonce" not in after

    def test_an_older_token_ends_the_family(self, wang: Person, shebao: Portal) -> None:
        first = shebao.tokens_for(wang)
        second = shebao.refreshes(first["refresh_token"]).json
        third = shebao.refreshes(second["refresh_token"]).json

        reused = shebao.refreshes(first["refresh_token"])

        assert reused.json["error"] == "invalid_grant"
        assert shebao.refreshes(third["refresh_token"]).json["error"] == "invalid_grant"
        assert shebao.userinfo(third["access_token"]).status_code == 401

    def test_a_confidential_client_that_lost_the_answer_gets_the_same_successor(
        self, wang: Person, shebao: Portal
    ) -> None:
        first = shebao.tokens_for(wang)
        lost = shebao.refreshes(first["refresh_token"]).json

        retried = shebao.refreshes(first["refresh_token"]).json

        assert retried["refresh_token"] == lost["refresh_token"]
        assert shebao.refreshes(retried["refresh_token"]).status_code == 200

    def test_a_retry_is_too_late_after_thirty_seconds(self, wang: Person, shebao: Portal) -> None:
        first = shebao.tokens_for(wang)
        shebao.refreshes(first["refresh_token"])
        with time_machine.travel(time.time() + 31, tick=True):
            assert shebao.refreshes(first["refresh_token"]).json["error"] == "invalid_grant"

    def test_a_public_client_has_no_second_try(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        spa = register("spa", token_endpoint_auth_method="none")
        first = spa.tokens_for(wang)
        second = spa.refreshes(first["refresh_token"]).json

        assert spa.refreshes(first["refresh_token"]).json["error"] == "invalid_grant"
        assert spa.refreshes(second["refresh_token"]).json["error"] == "invalid_grant"

    def test_of_many_refreshes_at_once_all_get_one_successor(
        self, wang: Person, shebao: Portal
    ) -> None:
        first = shebao.tokens_for(wang)

        answers = _all_at_once(20, lambda: _twin(shebao).refreshes(first["refresh_token"]))

        good = {a.json["refresh_token"] for a in answers if a.status_code == 200}
        assert len(good) == 1
        assert shebao.refreshes(good.pop()).status_code == 200

    def test_another_clients_token_is_refused_and_revokes_nothing(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)

        assert gjj.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"
        assert shebao.refreshes(tokens["refresh_token"]).status_code == 200

    def test_a_forged_token_revokes_nothing(self, wang: Person, shebao: Portal) -> None:
        tokens = shebao.tokens_for(wang)
        good = tokens["refresh_token"]
        head, n, kid, mac = good.split(".")

        for forged in (f"{head}.{n}.{kid}.{'A' * 43}", f"{head}.7.{kid}.{mac}", good + "x"):
            assert shebao.refreshes(forged).json["error"] == "invalid_grant"

        assert shebao.refreshes(good).status_code == 200

    def test_a_scope_may_be_narrowed_never_widened(self, wang: Person, shebao: Portal) -> None:
        tokens = shebao.tokens_for(wang, scope="openid phone")

        wider = shebao.refreshes(tokens["refresh_token"], scope="openid phone email")
        assert wider.json["error"] == "invalid_scope"
        narrow = shebao.refreshes(tokens["refresh_token"], scope="openid").json
        assert narrow["scope"] == "openid"
        assert set(shebao.userinfo(narrow["access_token"]).json) == {"sub"}

    def test_offline_access_outlives_the_session_and_nothing_else_does(
        self, app: Any, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        offline = shebao.tokens_for(wang, scope="openid offline_access")
        bound = gjj.tokens_for(wang)

        with app.app_context():
            sessions.end_all(wang.account_id, reason="test")

        assert gjj.refreshes(bound["refresh_token"]).json["error"] == "invalid_grant"
        assert gjj.userinfo(bound["access_token"]).status_code == 401
        assert shebao.refreshes(offline["refresh_token"]).status_code == 200


GATES = ("stop_account", "stop_client", "withdraw", "end_session")


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("path", ["code", "refresh", "userinfo", "introspect", "authorize"])
def test_what_is_stopped_is_cut_off_at_every_endpoint(
    app: Any, wang: Person, shebao: Portal, gate: str, path: str
) -> None:
    """The matrix of peers.md §3.2 «lock bypass by another grant»: state by endpoint."""
    tokens = shebao.tokens_for(wang)
    wang.opens(shebao.url(), follow=False)
    code = wang.arrived["code"]
    _shut(app, gate, wang, shebao)

    if path == "code":
        assert shebao.redeems(code).status_code in {400, 401}
    elif path == "refresh":
        assert shebao.refreshes(tokens["refresh_token"]).status_code in {400, 401}
    elif path == "userinfo":
        assert shebao.userinfo(tokens["access_token"]).status_code == 401
    elif path == "introspect":
        answer = shebao.calls("/oauth/introspect", token=tokens["access_token"])
        assert answer.status_code == 401 or answer.json == {"active": False}
    else:
        wang.opens(shebao.url(prompt="none"), follow=False)
        assert "code" not in wang.arrived


def _shut(app: Any, gate: str, person: Person, portal: Portal) -> None:
    with app.app_context():
        if gate == "stop_account":
            stops.stop(person.account_id, stops.OTHER, staff.Act("1", "test"))
        elif gate == "stop_client":
            standing.stop_client(portal.client_id, "test")
        elif gate == "withdraw":
            consents.withdraw(person.account_id, portal.client_id)
        else:
            sessions.end_all(person.account_id, reason="test")


def test_stopping_an_account_ends_offline_access_too(
    app: Any, wang: Person, shebao: Portal
) -> None:
    tokens = shebao.tokens_for(wang, scope="openid offline_access")
    with app.app_context():
        stops.stop(wang.account_id, stops.OTHER, staff.Act("1", "test"))

    assert shebao.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_withdrawing_consent_asks_again_and_starts_from_nothing(
    app: Any, wang: Person, shebao: Portal
) -> None:
    shebao.tokens_for(wang, scope="openid phone email")
    with app.app_context():
        consents.withdraw(wang.account_id, "shebao")

    wang.opens(shebao.url(scope="openid"))
    assert wang.page.request.path == "/consent/"
    wang.presses("consent-allow")
    wang.opens(shebao.url(scope="openid phone"))
    assert wang.page.request.path == "/consent/"


class TestRevocation:
    def test_a_refresh_token_takes_its_family_along(self, wang: Person, shebao: Portal) -> None:
        tokens = shebao.tokens_for(wang)

        assert shebao.calls("/oauth/revoke", token=tokens["refresh_token"]).status_code == 200

        assert shebao.userinfo(tokens["access_token"]).status_code == 401
        assert shebao.refreshes(tokens["refresh_token"]).json["error"] == "invalid_grant"

    def test_an_access_token_goes_alone(self, wang: Person, shebao: Portal) -> None:
        tokens = shebao.tokens_for(wang)

        shebao.calls("/oauth/revoke", token=tokens["access_token"])

        assert shebao.userinfo(tokens["access_token"]).status_code == 401
        assert shebao.refreshes(tokens["refresh_token"]).status_code == 200

    def test_a_strangers_or_senseless_token_is_answered_alike_and_left_alone(
        self, wang: Person, shebao: Portal, gjj: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)

        for token in (tokens["access_token"], tokens["refresh_token"], "nonsense"):
            answer = gjj.calls("/oauth/revoke", token=token)
            assert (answer.status_code, answer.json) == (200, {})

        assert shebao.userinfo(tokens["access_token"]).status_code == 200

    def test_who_does_not_say_who_they_are_revokes_nothing(
        self, wang: Person, shebao: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)

        refused = shebao.calls("/oauth/revoke", auth=False, token=tokens["access_token"])

        assert refused.json["error"] == "invalid_client"
        assert shebao.userinfo(tokens["access_token"]).status_code == 200

    def test_an_unknown_hint_is_said_to_be_one(self, shebao: Portal) -> None:
        answer = shebao.calls("/oauth/revoke", token="x", token_type_hint="cookie")

        assert answer.json["error"] == "unsupported_token_type"


class TestIntrospection:
    def test_its_own_client_and_a_named_resource_server_learn_of_a_token(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        api = register("api", grant_types=["client_credentials"], redirect_uris=[])
        portal = register("portal", audiences=["api"])
        tokens = portal.tokens_for(wang)

        for asker in (portal, api):
            told = asker.calls("/oauth/introspect", token=tokens["access_token"]).json
            assert told["active"] is True
            assert told["client_id"] == "portal"
            assert told["sub"] == portal.reads(tokens["id_token"])["sub"]
            assert "api" in told["aud"]

    def test_everybody_else_learns_nothing(
        self, wang: Person, shebao: Portal, gjj: Portal, spa: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)

        for token in (tokens["access_token"], tokens["refresh_token"], "nonsense"):
            assert gjj.calls("/oauth/introspect", token=token).json == {"active": False}
        form = {"token": tokens["access_token"], "client_id": "spa"}
        assert spa.calls("/oauth/introspect", **form).json["error"] == "invalid_client"

    def test_a_refresh_token_is_active_while_it_is_the_current_one(
        self, wang: Person, shebao: Portal
    ) -> None:
        tokens = shebao.tokens_for(wang)
        assert shebao.calls("/oauth/introspect", token=tokens["refresh_token"]).json["active"]

        shebao.refreshes(tokens["refresh_token"])

        told = shebao.calls("/oauth/introspect", token=tokens["refresh_token"])
        assert told.json == {"active": False}

    def test_an_expired_token_is_not_active(self, wang: Person, shebao: Portal) -> None:
        tokens = shebao.tokens_for(wang)
        with time_machine.travel(time.time() + 901, tick=True):
            told = shebao.calls("/oauth/introspect", token=tokens["access_token"])
            assert told.json == {"active": False}
            assert shebao.userinfo(tokens["access_token"]).status_code == 401


class TestJwtAccessTokens:
    def test_it_is_an_rfc_9068_token_that_lives_five_minutes_at_most(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("jwt", access_token_format="jwt", audiences=["api"])
        tokens = portal.tokens_for(wang)

        claims = portal.reads(tokens["access_token"])

        assert portal.header["typ"] == "at+jwt"
        assert claims["exp"] - claims["iat"] <= 300
        assert claims["aud"] == ["http://localhost:8000", "api"]
        assert claims["client_id"] == "jwt"
        assert claims["sub"] == portal.reads(tokens["id_token"])["sub"]
        assert portal.userinfo(tokens["access_token"]).status_code == 200

    def test_our_own_endpoints_cut_it_off_like_any_other(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("jwt", access_token_format="jwt")
        tokens = portal.tokens_for(wang)

        portal.calls("/oauth/revoke", token=tokens["access_token"])

        assert portal.userinfo(tokens["access_token"]).status_code == 401

    def test_a_forged_one_opens_nothing(
        self, wang: Person, register: Callable[..., Portal]
    ) -> None:
        portal = register("jwt", access_token_format="jwt")
        claims = portal.reads(portal.tokens_for(wang)["access_token"])
        mine = ECKey.generate_key("P-256")
        forged = jwt.encode({"alg": "ES256"}, claims, mine, algorithms=["ES256"])

        assert portal.userinfo(forged).status_code == 401
        assert portal.userinfo("eyJ.eyJ.x").status_code == 401
        assert portal.userinfo("eyJhbGciOiJub25lIn0.bnVsbA.").status_code == 401


class TestClientCredentials:
    @pytest.fixture
    def robot(self, register: Callable[..., Portal]) -> Portal:
        grants = ["client_credentials"]
        return register("robot", grant_types=grants, redirect_uris=[], scope="report openid")

    def test_a_client_acts_for_itself(self, robot: Portal) -> None:
        tokens = robot.calls("/oauth/token", grant_type="client_credentials", scope="report").json

        assert tokens["scope"] == "report"
        assert "refresh_token" not in tokens
        told = robot.calls("/oauth/introspect", token=tokens["access_token"]).json
        assert (told["active"], told["sub"]) == (True, "robot")
        assert robot.userinfo(tokens["access_token"]).status_code == 401

    def test_scopes_of_a_person_are_not_to_be_had(self, robot: Portal) -> None:
        answer = robot.calls("/oauth/token", grant_type="client_credentials", scope="openid")

        assert answer.json["error"] == "unauthorized_client"

    def test_it_is_for_clients_registered_for_it(self, shebao: Portal) -> None:
        answer = shebao.calls("/oauth/token", grant_type="client_credentials")

        assert answer.json["error"] == "unauthorized_client"


def test_parameters_in_the_query_and_repeated_ones_are_refused(shebao: Portal) -> None:
    form = {"grant_type": "client_credentials"}
    in_query = shebao.http.post("/oauth/token?scope=x", data=form, auth=("shebao", shebao.secret))
    assert in_query.json["error"] == "invalid_request"
    twice = shebao.http.post(
        "/oauth/token",
        data="grant_type=client_credentials&grant_type=refresh_token",
        content_type="application/x-www-form-urlencoded",
        auth=("shebao", shebao.secret),
    )
    assert twice.json["error"] == "invalid_request"


def _twin(portal: Portal) -> Portal:
    """The same client calling from a thread of its own."""
    twin = Portal(portal.app, portal.client_id, portal.secret, portal.redirect_uri)
    twin.verifier = portal.verifier
    return twin


def _all_at_once(count: int, call: Callable[[], Any]) -> list[Any]:
    barrier, answers = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        answers.append(call())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
