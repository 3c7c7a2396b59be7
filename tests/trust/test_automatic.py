"""Automatic registration (OpenID Federation §12.1): who asks is whatever its chain makes of it."""

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from werkzeug.wrappers import Response

from idp import standing
from idp.crypto import base64url
from idp.federation import signed
from idp.federation.signed import Typ
from idp.store import clients, statements
from idp.store.clients import Registration
from idp.trust import admission
from tests.oidc.actors import Person, with_account
from tests.trust.nodes import LIU, Node
from tests.trust.peers import Peer, new_key, public

Peers = Callable[..., Peer]


def record(node: Node, peer: Peer) -> Registration | None:
    with node.app.app_context():
        return clients.look_up(peer.url)


def signed_in(node: Node) -> Person:
    with node.app.app_context():
        return with_account(node.app, "wangxm", "+8613800000001")


def test_an_entity_never_met_signs_a_person_in(jia: Node, peer: Peers) -> None:
    bdc = peer().joins()
    pushed = bdc.pushes(jia, bdc.request_object(jia)).json()
    wang = signed_in(jia)

    wang.opens(f"/oauth/authorize?client_id={bdc.url}&request_uri={pushed['request_uri']}")
    wang.signs_in().presses("consent-allow")

    assert wang.page.headers["Location"].startswith(bdc.redirect_uri)
    assert wang.arrived["iss"] == jia.url
    token = bdc.redeems(jia, wang.arrived["code"])
    assert token.status_code == 200, token.text
    found = record(jia, bdc)
    assert found is not None
    assert (found.name, found.federated) == ("不动产登记", "strict")
    assert found.legal_name == "甲州市不动产登记中心"


def test_a_request_may_be_pushed_without_a_request_object(jia: Node, peer: Peers) -> None:
    assert peer().joins().pushes(jia).status_code == 201


def test_the_chain_in_the_header_spares_us_the_way_to_the_superior(
    anchor: Node, jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    request = bdc.request_object(jia, {"trust_chain": bdc.chain()})
    anchor.asked.clear()
    bdc.asked.clear()

    assert bdc.pushes(jia, request).status_code == 201

    assert "/federation/fetch" not in anchor.asked
    assert bdc.asked == []


def test_a_chain_in_the_header_that_superiors_said_long_ago_is_looked_for_again(
    nodes: Any, anchor: Node, jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    request = bdc.request_object(jia, {"trust_chain": bdc.chain()})
    with jia.app.app_context():
        settings = jia.services.trust._settings
        object.__setattr__(settings, "refresh", settings.refresh * 0)
    anchor.asked.clear()

    assert bdc.pushes(jia, request).status_code == 201
    assert "/federation/fetch" in anchor.asked


def test_a_forged_chain_in_the_header_leads_nowhere(jia: Node, anchor: Node, peer: Peers) -> None:
    stranger, bdc = peer("stranger"), peer().joins()
    forged = [stranger.configuration(), bdc.chain()[1], bdc.chain()[2]]

    answer = stranger.pushes(jia, stranger.request_object(jia, {"trust_chain": forged}))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_trust_chain")
    assert record(jia, stranger) is None


def test_whom_nobody_vouches_for_is_refused_without_a_trace(jia: Node, peer: Peers) -> None:
    stranger = peer("stranger")

    answer = stranger.pushes(jia)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_trust_chain")
    assert record(jia, stranger) is None
    person = signed_in(jia).opens(
        f"/oauth/authorize?client_id={stranger.url}&redirect_uri={stranger.redirect_uri}"
        "&response_type=code&scope=openid"
    )
    assert "HT-8201" in person.page.text
    assert stranger.url not in (person.page.headers.get("Location") or ""), "never sent there"


def test_where_the_superior_is_away_an_unknown_entity_is_asked_to_come_again(
    anchor: Node, jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    anchor.goes_down()

    answer = bdc.pushes(jia)

    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


def test_metadata_that_the_federation_s_policy_refuses_is_refused_here(
    jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    bdc.party["client_registration_types"] = ["explicit"]

    answer = bdc.pushes(jia)

    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_trust_chain", "invalid_metadata"}


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uris": "https://a.example/cb"},
        {"redirect_uris": [1, None]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["https://a.example/cb#fragment"]},
        {"redirect_uris": []},
        {"jwks": {"keys": []}},
        {"jwks": "keys"},
        {"id_token_signed_response_alg": "HS256"},
        {"logo_uri": ["https://a.example"]},
        {"response_types": ["token"]},
        {"grant_types": ["implicit"]},
        {"backchannel_logout_uri": "http://10.0.0.1/"},
        {"client_name": {"zh": "名"}},
    ],
    ids=lambda change: str(next(iter(change.items())))[:40],
)
def test_odd_metadata_never_breaks_anything(jia: Node, peer: Peers, change: dict[str, Any]) -> None:
    bdc = peer().joins()
    bdc.party.update(change)

    assert bdc.pushes(jia).status_code in {201, 400, 401}


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"aud": None}, {}),
        ({"aud": "https://other.example"}, {}),
        ({"aud": ["{op}", "https://other.example"]}, {}),
        ({"aud": ["{op}"]}, {}),
        ({"aud": "{op}/oauth/par"}, {}),
        ({"iss": "https://other.example"}, {}),
        ({"iss": None}, {}),
        ({"client_id": "https://other.example"}, {}),
        ({"sub": "{rp}"}, {}),
        ({"exp": None}, {}),
        ({"exp": 1}, {}),
        ({"jti": None}, {}),
        ({"jti": ""}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": "entity-statement+jwt"}),
        ({}, {"alg": "none"}),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_request_object_that_breaks_a_rule_is_refused(
    jia: Node, peer: Peers, changes: dict[str, Any], header: dict[str, Any]
) -> None:
    bdc = peer().joins()

    def told(value: Any) -> Any:
        if isinstance(value, list):
            return [told(each) for each in value]
        return value.format(op=jia.url, rp=bdc.url) if isinstance(value, str) else value

    changed = {name: told(value) for name, value in changes.items()}
    alg = header.pop("alg", "")
    request = bdc.request_object(jia, header, **changed)
    if alg:
        request = _unsigned(request)

    answer = bdc.pushes(jia, request)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("invalid_request")


def test_a_request_object_is_used_once(jia: Node, peer: Peers) -> None:
    bdc = peer().joins()
    request = bdc.request_object(jia)
    assert bdc.pushes(jia, request).status_code == 201

    assert bdc.pushes(jia, request).json()["error"] == "invalid_request_object"


def test_a_request_object_by_another_key_is_nobody_s(jia: Node, peer: Peers) -> None:
    bdc, other = peer().joins(), peer("other").joins()
    own, bdc.client_key = bdc.client_key, other.client_key
    request = bdc.request_object(jia)
    bdc.client_key = own

    assert bdc.pushes(jia, request).json()["error"] == "invalid_request_object"


@pytest.mark.parametrize(
    "audience",
    ["{op}/oauth/token", "{op}/oauth/par", ["{op}"], ["{op}", "https://other.example"], ""],
    ids=["token", "par", "array", "two", "none"],
)
def test_an_assertion_names_this_node_and_nobody_else(
    jia: Node, peer: Peers, audience: Any
) -> None:
    bdc = peer().joins()
    if isinstance(audience, list):
        audience = [each.format(op=jia.url) for each in audience]
    else:
        audience = audience.format(op=jia.url)

    answer = bdc.pushes(jia, **bdc.authentication(audience))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_request_object_is_no_assertion_and_an_assertion_no_request_object(
    jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    assertion = bdc.assertion(jia.url, **{k: v for k, v in bdc.asks().items()})

    assert bdc.pushes(jia, assertion).json()["error"] == "invalid_request_object"
    auth = bdc.authentication(jia.url) | {"client_assertion": bdc.request_object(jia)}
    assert bdc.pushes(jia, **auth).json()["error"] == "invalid_client"


def test_a_strict_federation_wants_requests_pushed(jia: Node, peer: Peers) -> None:
    bdc = peer().joins()

    person = signed_in(jia).opens(
        f"/oauth/authorize?client_id={bdc.url}&request={bdc.request_object(jia)}", follow=False
    )

    assert person.arrived["error"] == "invalid_request"


def test_who_is_suspended_between_the_code_and_the_token_gets_none(
    anchor: Node, jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    pushed = bdc.pushes(jia).json()
    wang = signed_in(jia)
    wang.opens(f"/oauth/authorize?client_id={bdc.url}&request_uri={pushed['request_uri']}")
    wang.signs_in().presses("consent-allow")
    code = wang.arrived["code"]

    with anchor.app.app_context():
        admission.suspend(bdc.url, LIU)
    _hears_of_it(jia)

    answer = bdc.redeems(jia, code)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_who_was_suspended_cannot_come_back_by_an_old_chain(
    anchor: Node, jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    old = bdc.chain()
    assert bdc.pushes(jia).status_code == 201
    with anchor.app.app_context():
        admission.suspend(bdc.url, LIU)
    _hears_of_it(jia)
    assert bdc.pushes(jia).status_code == 400

    shown = bdc.pushes(jia, bdc.request_object(jia, {"trust_chain": old}))

    assert shown.status_code == 400


def test_who_is_reinstated_goes_on_as_before(anchor: Node, jia: Node, peer: Peers) -> None:
    bdc = peer().joins()
    assert bdc.pushes(jia).status_code == 201
    with anchor.app.app_context():
        admission.suspend(bdc.url, LIU)
    _hears_of_it(jia)
    assert bdc.pushes(jia).status_code == 400
    with anchor.app.app_context():
        admission.reinstate(bdc.url, LIU)
    _hears_of_it(jia)

    assert bdc.pushes(jia).status_code == 201


def test_changed_metadata_is_taken_from_the_chain(jia: Node, peer: Peers) -> None:
    bdc = peer().joins()
    bdc.pushes(jia)
    fresh = new_key()
    bdc.client_key = fresh
    bdc.party["jwks"] = {"keys": [public(fresh, use="sig", alg="ES256")]}
    bdc.party["client_name"] = "不动产"
    _hears_of_it(jia)

    assert bdc.pushes(jia).status_code == 201

    found = record(jia, bdc)
    assert found is not None and found.name == "不动产"


def test_an_operator_s_stop_holds_whatever_the_federation_says(jia: Node, peer: Peers) -> None:
    bdc = peer().joins()
    bdc.pushes(jia)
    with jia.app.app_context():
        standing.stop_client(bdc.url, "投诉")

    answer = bdc.pushes(jia)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_names_of_people_go_to_gateways_alone(anchor: Node, jia: Node, peer: Peers) -> None:
    bdc = peer()
    bdc.party["scope"] = "openid profile realname id_number verified_claims nonsense"
    bdc.joins().pushes(jia)

    found = record(jia, bdc)

    assert found is not None
    assert found.scope == "openid profile verified_claims"
    assert found.sensitive_claims == ()


def test_a_gateway_s_mark_lets_it_be_told_names_but_no_numbers(
    anchor: Node, jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    anchor_mark(anchor, bdc, "gateway")
    bdc.party["scope"] = "openid realname"

    bdc.pushes(jia)

    found = record(jia, bdc)
    assert found is not None
    assert "realname" in found.scope.split()
    assert "real_name" in found.sensitive_claims
    assert "id_number" not in found.sensitive_claims


def test_a_mark_of_another_shown_as_one_s_own_is_no_mark(
    anchor: Node, jia: Node, peer: Peers
) -> None:
    yi, bdc = peer("yi").joins(), peer().joins()
    anchor_mark(anchor, yi, "gateway")
    bdc.claims["trust_marks"] = yi.claims["trust_marks"]
    bdc.party["scope"] = "openid realname"

    bdc.pushes(jia)

    found = record(jia, bdc)
    assert found is not None and found.sensitive_claims == ()


def test_keys_by_a_signed_address_are_believed_under_the_entity_s_own_key(
    jia: Node, peer: Peers
) -> None:
    bdc = peer().joins()
    keys = bdc.party.pop("jwks")["keys"]
    bdc.party["signed_jwks_uri"] = f"{bdc.url}/jwks.jose"
    _serves_keys(bdc, keys, bdc.federation_key)

    assert bdc.pushes(jia).status_code == 201

    liar = peer("liar").joins()
    keys = liar.party.pop("jwks")["keys"]
    liar.party["signed_jwks_uri"] = f"{liar.url}/jwks.jose"
    _serves_keys(liar, keys, liar.client_key)
    assert liar.pushes(jia).status_code == 400


def test_one_place_cannot_bring_in_strangers_without_end(jia: Node, peer: Peers) -> None:
    stranger, statuses = peer("stranger"), []
    for number in range(62):
        url = f"{stranger.url}/{number}"
        answer = jia.post("/oauth/par", client_id=url, client_assertion="x", request="x")
        statuses.append(answer.status_code)

    assert statuses[0] in {400, 503}
    assert statuses[-1] == 429
    assert len(stranger.asked) <= 60


def anchor_mark(anchor: Node, peer: Peer, name: str) -> None:
    type_ = f"{anchor.url}/tm/{name}"
    with anchor.app.app_context():
        given = anchor.services.trust.given
        given.give(name, peer.url, LIU, None, {})
        token = given.token(type_, peer.url)
    peer.claims["trust_marks"] = [{"trust_mark_type": type_, "trust_mark": token}]


def _hears_of_it(node: Node) -> None:
    """As after the soft life, or by a signal."""
    with node.app.app_context():
        statements.forget_all()
    node.forgets_what_it_knows()


def _serves_keys(peer: Peer, keys: list[dict[str, Any]], by: Any) -> None:
    claims = {"iss": peer.url, "sub": peer.url, "iat": int(time.time()), "keys": keys}
    token = signed.sign(claims, Typ.JWK_SET, by)
    peer.pages["/jwks.jose"] = lambda: Response(token, content_type="application/jwk-set+jwt")


def _unsigned(token: str) -> str:
    header = base64url.encode(orjson.dumps({"alg": "none"}))
    return f"{header}.{token.split('.')[1]}."
