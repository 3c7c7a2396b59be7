"""The userinfo endpoint (protocol.md §3.1; OIDC Core §5.3; RFC 6750)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest

from idp import sessions
from idp.crypto.keyring import KeyRing
from idp.oidc.claims import SCOPES
from idp.store import accounts, rekeying
from tests.oidc.actors import EVERYTHING, Person, Portal

PROFILE = {
    "name": "小明",
    "given_name": "明",
    "family_name": "王",
    "middle_name": "·",
    "nickname": "𠮷野",
    "profile": "https://wang.example/",
    "picture": "https://wang.example/me.png",
    "website": "https://wang.example/blog",
    "gender": "male",
    "birthdate": "1990-01-01",
    "zoneinfo": "Asia/Shanghai",
    "locale": "zh-CN",
    "email": "wang@example.cn",
    "email_verified": True,
    "address": {"formatted": "北京市", "country": "CN"},
}


@pytest.fixture
def full(people: Callable[..., Person]) -> Person:
    """A person who has filled in everything."""
    return people("full", "+8613800000009", profile=PROFILE)


def test_every_claim_of_every_standard_scope_is_told_in_its_own_type(
    full: Person, shebao: Portal
) -> None:
    tokens = shebao.tokens_for(full, scope=EVERYTHING)

    told = shebao.userinfo(tokens["access_token"]).json

    wanted = {claim for scope in EVERYTHING.split() for claim in SCOPES[scope]}
    assert wanted <= set(told)
    assert told["sub"] == shebao.reads(tokens["id_token"])["sub"]
    assert isinstance(told["updated_at"], int)
    assert told["email_verified"] is True
    assert told["phone_number_verified"] is True
    assert isinstance(told["address"], dict)
    assert told["nickname"] == "𠮷野"


def test_what_is_unknown_is_absent(wang: Person, shebao: Portal) -> None:
    tokens = shebao.tokens_for(wang, scope="openid profile email address")

    told = shebao.userinfo(tokens["access_token"]).json

    assert None not in told.values()
    assert "" not in told.values()
    assert not {"name", "email", "address", "gender"} & set(told)


def test_reordered_scopes_mean_the_same(wang: Person, shebao: Portal) -> None:
    tokens = shebao.tokens_for(wang, scope="phone openid")

    assert "phone_number" in shebao.userinfo(tokens["access_token"]).json


def test_a_token_comes_in_the_header_or_the_form_never_the_query(
    wang: Person, shebao: Portal
) -> None:
    token = shebao.tokens_for(wang)["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    http = shebao.http

    assert http.get("/oauth/userinfo", headers=bearer).status_code == 200
    assert http.post("/oauth/userinfo", headers=bearer).status_code == 200
    assert http.post("/oauth/userinfo", data={"access_token": token}).status_code == 200
    lower = {"Authorization": f"bearer {token}"}
    assert http.get("/oauth/userinfo", headers=lower).status_code == 200
    in_query = http.get(f"/oauth/userinfo?access_token={token}")
    assert in_query.status_code == 400
    both = http.post("/oauth/userinfo", headers=bearer, data={"access_token": token})
    assert both.status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 9000])
def test_a_bad_token_is_refused_with_a_challenge(shebao: Portal, header: str) -> None:
    answer = shebao.http.get("/oauth/userinfo", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_claim_asked_for_by_name_goes_where_it_was_asked_for(
    full: Person, shebao: Portal
) -> None:
    claims = '{"userinfo": {"name": {"essential": true}}, "id_token": {"nickname": null}}'
    tokens = shebao.tokens_for(full, claims=claims)

    in_token = shebao.reads(tokens["id_token"])
    told = shebao.userinfo(tokens["access_token"]).json

    assert told["name"] == "小明"
    assert "name" not in in_token
    assert in_token["nickname"] == "𠮷野"


def test_a_claim_outside_the_registered_scopes_cannot_be_asked_for(
    full: Person, register: Callable[..., Portal]
) -> None:
    modest = register("modest", scope="openid")

    tokens = modest.tokens_for(full, claims='{"userinfo": {"phone_number": null}}')

    assert set(modest.userinfo(tokens["access_token"]).json) == {"sub"}


def test_a_signed_answer_names_issuer_and_audience_and_no_nonce(
    wang: Person, register: Callable[..., Portal]
) -> None:
    portal = register("signed", userinfo_signed_response_alg="RS256")
    tokens = portal.tokens_for(wang)

    answer = portal.userinfo(tokens["access_token"])

    assert answer.mimetype == "application/jwt"
    claims = portal.reads(answer.text)
    assert (claims["iss"], claims["aud"]) == ("http://localhost:8000", "signed")
    assert "nonce" not in claims


def test_two_sectors_know_one_person_by_two_names_and_one_sector_by_one(
    wang: Person, shebao: Portal, gjj: Portal
) -> None:
    first = shebao.reads(shebao.tokens_for(wang)["id_token"])
    second = gjj.reads(gjj.tokens_for(wang)["id_token"])
    again = shebao.reads(shebao.tokens_for(wang)["id_token"])

    assert first["sub"] != second["sub"]
    assert first["sid"] != second["sid"]
    assert (again["sub"], again["sid"]) == (first["sub"], first["sid"])
    assert wang.account_id not in {first["sub"], second["sub"]}


def test_a_changed_number_is_told_at_once(app: Any, wang: Person, shebao: Portal) -> None:
    token = shebao.tokens_for(wang, scope="openid phone")["access_token"]
    assert shebao.userinfo(token).json["phone_number"] == "+8613800000001"

    with app.app_context():
        account = accounts.by_id(wang.account_id)
        assert account is not None
        account.phone = account.phone_index = "+8613800000077"
        sessions.claims_changed(account.id)

    assert shebao.userinfo(token).json["phone_number"] == "+8613800000077"


def test_a_token_without_openid_says_nothing_of_the_person(wang: Person, shebao: Portal) -> None:
    tokens = shebao.tokens_for(wang, scope="phone")
    assert "id_token" not in tokens

    refused = shebao.userinfo(tokens["access_token"])

    assert refused.status_code == 403
    assert refused.json["error"] == "insufficient_scope"


def test_nobody_notices_that_the_master_key_they_began_under_is_dropped(
    app: flask.Flask, wang: Person, gjj: Portal, tmp_path: Path
) -> None:
    token = gjj.tokens_for(wang, scope="openid phone")["access_token"]
    before = gjj.userinfo(token).json
    assert before["phone_number"]
    path = tmp_path / "keys.toml"
    with app.app_context():
        sealer = app.extensions["sealer"]
        path.write_bytes(sealer.ring.path.read_bytes())
        path.chmod(0o600)
        sealer.ring = ring = KeyRing.load(path)
        ring.activate(ring.add("gm"))
        list(rekeying.rekey())
        for kid in ring.kids[1:]:
            ring.drop(kid)

    assert gjj.userinfo(token).json == before
    wang.opens(gjj.url(scope="openid phone"), follow=False)
    again = gjj.redeems(wang.arrived["code"]).json
    assert gjj.userinfo(again["access_token"]).json == before
