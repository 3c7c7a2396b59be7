"""What a node answers as an entity of a federation (OpenID Federation §8, §9)."""

import time

import pytest

from idp.federation import answers, statements
from idp.federation.signed import Typ
from idp.federation.trust_marks import Status
from idp.trust import admission
from tests.trust.nodes import LIU, RULES, Node, Nodes


def test_an_entity_configuration_says_what_the_node_is(nodes: Nodes, anchor: Node) -> None:
    jia = nodes.below(anchor, "jia", node={"region": "330000", "organiser": "甲省数据局"})

    answer = jia.get("/.well-known/openid-federation")

    assert answer.headers["content-type"] == "application/entity-statement+jwt"
    found = statements.parse(answer.text, RULES)
    statements.verify_configuration(found)
    assert (found.iss, found.sub) == (jia.url, jia.url)
    assert found.authority_hints == (anchor.url,)
    assert set(found.metadata) == {"federation_entity", "openid_provider", "openid_relying_party"}
    assert found.metadata["openid_provider"]["issuer"] == jia.url
    assert found.metadata["federation_entity"]["organization_name"] == "甲省数据局"
    assert found.metadata["federation_entity"]["cn_region"] == "330000"
    assert "federation_fetch_endpoint" not in found.metadata["federation_entity"], "a leaf has none"
    assert found.lifetime.ends - time.time() == pytest.approx(86400, abs=60)


def test_federation_keys_and_protocol_keys_are_different_ones(nodes: Nodes, anchor: Node) -> None:
    found = nodes.below(anchor, "jia").configuration()

    federation = set(found.keys.by_kid)
    provider = {key["kid"] for key in found.metadata["openid_provider"]["jwks"]["keys"]}
    client = {key["kid"] for key in found.metadata["openid_relying_party"]["jwks"]["keys"]}

    assert federation.isdisjoint(provider | client)
    assert provider.isdisjoint(client)


def test_an_anchor_has_no_superior_and_names_who_gives_which_marks(anchor: Node) -> None:
    found = anchor.configuration()

    assert "authority_hints" not in found.claims
    gateway = f"{anchor.url}/tm/gateway"
    assert found.claims["trust_mark_issuers"][gateway] == [anchor.url]
    assert set(found.metadata["federation_entity"]) >= {
        "federation_fetch_endpoint",
        "federation_list_endpoint",
        "federation_resolve_endpoint",
        "federation_trust_mark_status_endpoint",
    }


def test_a_superior_states_the_keys_it_checked_and_its_limits(nodes: Nodes, anchor: Node) -> None:
    limits = {"naming_constraints": {"permitted": [".localhost"]}, "max_path_length": 0}
    jia = nodes.below(anchor, "jia", limits=limits)

    answer = anchor.get("/federation/fetch", sub=jia.url)

    assert answer.headers["content-type"] == "application/entity-statement+jwt"
    found = statements.parse(answer.text, RULES)
    assert (found.iss, found.sub) == (anchor.url, jia.url)
    assert found.claims["jwks"] == jia.own_keys
    assert found.claims["constraints"] == limits
    assert found.claims["source_endpoint"] == f"{anchor.url}/federation/fetch"
    assert found.policy["openid_provider"]["require_pushed_authorization_requests"] == {
        "value": True
    }
    assert "authority_hints" not in found.claims


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"sub": ["https://a.example", "https://b.example"]}, 400, "invalid_request"),
        ({"sub": "https://nobody.example"}, 404, "not_found"),
        ({"sub": "https://" + "a" * 5000}, 404, "not_found"),
        ({"sub": "nonsense"}, 404, "not_found"),
    ],
    ids=["missing", "twice", "unknown", "long", "nonsense"],
)
def test_asking_for_nobody_s_statement_is_answered_in_json(
    anchor: Node, params: dict[str, object], status: int, error: str
) -> None:
    answer = anchor.get("/federation/fetch", **params)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].isascii()


def test_nobody_is_below_itself(anchor: Node) -> None:
    answer = anchor.get("/federation/fetch", sub=anchor.url)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_list_names_who_is_vouched_for_now(nodes: Nodes, anchor: Node) -> None:
    jia, yi = nodes.below(anchor, "jia"), nodes.below(anchor, "yi")
    assert anchor.get("/federation/list").json() == [jia.url, yi.url]

    with anchor.app.app_context():
        admission.suspend(yi.url, LIU)

    assert anchor.get("/federation/list").json() == [jia.url]
    assert anchor.get("/federation/fetch", sub=yi.url).status_code == 404


def test_the_list_is_filtered_by_type_by_rank_and_by_mark(nodes: Nodes, anchor: Node) -> None:
    jia = nodes.below(anchor, "jia", federation={"role": "intermediate", "provider": False})
    yi = nodes.below(anchor, "yi")
    anchor.marks(yi, "gateway")
    gateway = f"{anchor.url}/tm/gateway"

    def listed(**filters: object) -> list[str]:
        found: list[str] = anchor.get("/federation/list", **filters).json()
        return found

    assert listed(entity_type="openid_provider") == [yi.url]
    assert listed(entity_type=["openid_provider", "openid_relying_party"]) == [yi.url]
    assert listed(entity_type="federation_entity") == [jia.url]
    assert listed(intermediate="true") == [jia.url]
    assert listed(intermediate="false") == [yi.url]
    assert listed(trust_mark_type=gateway) == [yi.url]
    assert listed(trust_marked="true") == [yi.url]
    refused = anchor.get("/federation/list", trust_marked="false")
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_parameter")
    assert anchor.get("/federation/list", intermediate="perhaps").status_code == 400


def test_a_resolver_answers_with_metadata_marks_and_the_proof(nodes: Nodes, anchor: Node) -> None:
    jia = nodes.below(anchor, "jia", federation={"marks": [_mark(anchor, "gateway")]})
    anchor.marks(jia, "gateway")
    jia.refreshes_its_marks()

    answer = anchor.get("/federation/resolve", sub=jia.url, trust_anchor=anchor.url)

    assert answer.headers["content-type"] == "application/resolve-response+jwt"
    found = answers.parse_resolve_response(answer.text, rules=RULES)
    answers.verify(found.signed, anchor.configuration().keys)
    assert (found.iss, found.sub) == (anchor.url, jia.url)
    assert len(found.trust_chain) == 3
    assert [each["trust_mark_type"] for each in found.signed.claims["trust_marks"]] == [
        f"{anchor.url}/tm/gateway"
    ]
    assert found.metadata["openid_provider"]["require_pushed_authorization_requests"] is True
    assert found.lifetime.ends - time.time() <= 3600 + 1


def test_a_resolver_answers_for_one_type_if_that_is_asked(nodes: Nodes, anchor: Node) -> None:
    jia = nodes.below(anchor, "jia")

    answer = anchor.get(
        "/federation/resolve",
        sub=jia.url,
        trust_anchor=anchor.url,
        entity_type="openid_relying_party",
    )

    assert set(answers.parse_resolve_response(answer.text, rules=RULES).metadata) == {
        "openid_relying_party"
    }


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({"trust_anchor": "{anchor}"}, 400, "invalid_request"),
        ({"sub": "{jia}"}, 400, "invalid_request"),
        ({"sub": "{jia}", "trust_anchor": "https://other.example"}, 404, "invalid_trust_anchor"),
        (
            {"sub": "http://nobody.localhost:59999", "trust_anchor": "{anchor}"},
            503,
            "temporarily_una",
        ),
        ({"sub": "https://", "trust_anchor": "{anchor}"}, 400, "invalid_trust_chain"),
    ],
    ids=["no-sub", "no-anchor", "other-anchor", "away", "nonsense"],
)
def test_a_resolver_says_why_it_does_not(
    nodes: Nodes, anchor: Node, params: dict[str, str], status: int, error: str
) -> None:
    jia = nodes.below(anchor, "jia")
    told = {name: value.format(anchor=anchor.url, jia=jia.url) for name, value in params.items()}

    answer = anchor.get("/federation/resolve", **told)

    assert answer.status_code == status
    assert answer.json()["error"].startswith(error)


def test_a_mark_is_signed_shown_and_confirmed(nodes: Nodes, anchor: Node) -> None:
    type_ = f"{anchor.url}/tm/ial/3"
    jia = nodes.below(anchor, "jia", federation={"marks": [_mark(anchor, "ial/3")]})
    assert jia.refreshes_its_marks() == 0, "not given yet"
    assert "trust_marks" not in jia.configuration().claims
    anchor.marks(jia, "ial/3")

    assert jia.refreshes_its_marks() == 1

    (shown,) = jia.configuration().claims["trust_marks"]
    assert shown["trust_mark_type"] == type_
    assert _status(anchor, shown["trust_mark"]) is Status.ACTIVE
    answer = anchor.get("/federation/trust-mark", trust_mark_type=type_, sub=jia.url)
    assert answer.headers["content-type"] == "application/trust-mark+jwt"
    assert anchor.get("/federation/trust-marked", trust_mark_type=type_).json() == [jia.url]


def test_a_mark_taken_back_is_told_so_and_not_signed_again(nodes: Nodes, anchor: Node) -> None:
    type_ = f"{anchor.url}/tm/ial/3"
    jia = nodes.below(anchor, "jia", federation={"marks": [_mark(anchor, "ial/3")]})
    anchor.marks(jia, "ial/3")
    jia.refreshes_its_marks()
    (shown,) = jia.configuration().claims["trust_marks"]

    with anchor.app.app_context():
        anchor.services.trust.given.revoke("ial/3", jia.url, LIU)

    assert _status(anchor, shown["trust_mark"]) is Status.REVOKED
    assert (
        anchor.get("/federation/trust-mark", trust_mark_type=type_, sub=jia.url).status_code == 404
    )
    assert anchor.get("/federation/trust-marked", trust_mark_type=type_).json() == []


def test_a_mark_given_again_makes_the_one_before_it_void(nodes: Nodes, anchor: Node) -> None:
    jia = nodes.below(anchor, "jia", federation={"marks": [_mark(anchor, "ial/3")]})
    anchor.marks(jia, "ial/3")
    jia.refreshes_its_marks()
    (first,) = jia.configuration().claims["trust_marks"]

    anchor.marks(jia, "ial/3")

    assert _status(anchor, first["trust_mark"]) is Status.REVOKED


def test_a_mark_of_somebody_else_s_is_not_known(nodes: Nodes, anchor: Node) -> None:
    other = nodes.anchor("other")
    jia = nodes.below(anchor, "jia", federation={"marks": [_mark(anchor, "ial/3")]})
    anchor.marks(jia, "ial/3")
    jia.refreshes_its_marks()
    (shown,) = jia.configuration().claims["trust_marks"]

    assert (
        other.post("/federation/trust-mark-status", trust_mark=shown["trust_mark"]).status_code
        == 404
    )
    assert anchor.post("/federation/trust-mark-status", trust_mark="rubbish").status_code == 404
    assert anchor.post("/federation/trust-mark-status").status_code == 400


def test_keys_of_former_times_are_told_with_their_end(anchor: Node) -> None:
    former = anchor.thumbprint
    with anchor.app.app_context():
        anchor.services.keys.replace("federation")
        anchor.services.trust.forget()

    answer = anchor.get("/federation/historical-keys")

    found = answers.parse_historical_keys(answer.text, RULES)
    answers.verify(found.signed, anchor.configuration().keys)
    assert found.keys[former].compromised
    assert not found.keys[former].counted(time.time() - 10)


def test_a_node_in_no_federation_answers_nothing_of_it(nodes: Nodes) -> None:
    alone = nodes.start("alone")

    for path in ("/.well-known/openid-federation", "/federation/fetch", "/federation/list"):
        assert alone.get(path).status_code == 404


def test_a_leaf_vouches_for_nobody(nodes: Nodes, anchor: Node) -> None:
    jia = nodes.below(anchor, "jia")

    for path in ("/federation/fetch", "/federation/list", "/federation/resolve"):
        assert jia.get(path, sub=anchor.url).status_code == 404


def test_answers_may_be_kept_for_minutes_only(anchor: Node) -> None:
    answer = anchor.get("/.well-known/openid-federation")

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in answer.headers


def _mark(anchor: Node, name: str) -> dict[str, str]:
    return {"type": f"{anchor.url}/tm/{name}", "issuer": anchor.url}


def _status(issuer: Node, token: str) -> Status:
    answer = issuer.post("/federation/trust-mark-status", trust_mark=token)
    assert answer.headers["content-type"] == f"application/{Typ.TRUST_MARK_STATUS}"
    found = answers.parse_status(answer.text, token, RULES)
    answers.verify(found.signed, issuer.configuration().keys)
    return found.status


def test_a_resolver_looks_for_few_strangers_from_one_place(anchor: Node) -> None:
    def asked(number: int) -> int:
        subject = f"http://nobody.localhost:59999/{number}"
        answer = anchor.get("/federation/resolve", sub=subject, trust_anchor=anchor.url)
        return int(answer.status_code)

    statuses = [asked(number) for number in range(62)]

    assert statuses[0] == 503
    assert statuses[-1] == 429
