"""An interop anchor: what the certification suite sends comes through, and nothing it should not.

The node under test trusts two anchors: a strict one, which vouches for it, and the suite's.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from idp.federation import strict
from idp.store import clients, statements
from tests.oidc.actors import Person, with_account
from tests.trust import suite as suites
from tests.trust.nodes import Node, Nodes
from tests.trust.peers import Peer
from tests.trust.suite import Suite

Sends = Callable[[Person, Suite, Node, str], None]
ACCEPTED = {"invalid_request", "invalid_request_object", "invalid_client"}
"""What the suite takes for a refusal at the redirect; a page of ours will do as well."""
STANDARD = {"federation_entity", "openid_provider", "openid_relying_party"}
YEARS = 5 * 365 * 86400
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


@pytest.fixture
def suite() -> Iterator[Suite]:
    with ExitStack() as stack:
        yield Suite(stack)


Trusting = Callable[..., Node]


@pytest.fixture
def trusting(nodes: Nodes, anchor: Node, suite: Suite, tmp_path: Path) -> Trusting:
    """A province under a strict anchor that trusts the suite's besides."""

    def made(name: str = "jia", **federation: Any) -> Node:
        keys = tmp_path / "suite-keys.json"
        keys.write_text(json.dumps(suites.public(suite.anchor_key)))
        theirs = {"entity_id": suite.anchor, "keys": str(keys), "profile": "interop"}
        return nodes.below(anchor, name, federation={"anchors": [theirs], **federation})

    return made


@pytest.fixture
def jia(trusting: Trusting) -> Node:
    return trusting()


@pytest.fixture
def wang(jia: Node) -> Person:
    return with_account(jia.app, "wangxm", "+8613800000001")


def by_get(person: Person, suite: Suite, _node: Node, request: str) -> None:
    person.opens(suite.address(request))


def by_post(person: Person, suite: Suite, _node: Node, request: str) -> None:
    person.page = person.browser.post("/oauth/authorize", data=suite.outside(request))
    location = person.page.headers.get("Location", "")
    if location.startswith("/"):
        person.opens(location)


def by_par(person: Person, suite: Suite, node: Node, request: str) -> None:
    pushed = suite.pushes(node, request)
    assert pushed.status_code == 201, pushed.text
    uri = pushed.json()["request_uri"]
    person.opens(f"/oauth/authorize?client_id={suite.url}&request_uri={uri}")


WAYS = pytest.mark.parametrize("sends", [by_get, by_post, by_par], ids=["get", "post", "par"])


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = strict.loads(strict.decode(token.split(".")[1]))
    return found


def comes_through(sends: Sends, wang: Person, suite: Suite, jia: Node, request: str) -> None:
    sends(wang, suite, jia, request)
    wang.signs_in().presses("consent-allow")

    assert wang.page.headers["Location"].startswith(suite.redirect_uri + "?")
    assert "state" not in wang.arrived
    answer = suite.redeems(jia, wang.arrived["code"])
    assert answer.status_code == 200, answer.text
    token = answer.json()["id_token"]
    assert strict.header(token)["alg"] == "RS256"
    assert claims_of(token)["aud"] in (suite.url, [suite.url])
    assert "nonce" not in claims_of(token)


@WAYS
def test_the_suite_signs_a_person_in(sends: Sends, jia: Node, suite: Suite, wang: Person) -> None:
    comes_through(sends, wang, suite, jia, suite.request_object(jia))

    with jia.app.app_context():
        record = clients.look_up(suite.url)
    assert record is not None and record.federated == "interop"
    assert {"/test/a/hutong" + suites.WELL_KNOWN, "/test/a/hutong/trust-anchor/fetch"} <= set(
        suite.asked
    )


@WAYS
def test_the_suite_signs_a_person_in_by_the_chain_in_its_header(
    sends: Sends, jia: Node, suite: Suite, wang: Person
) -> None:
    request = suite.request_object(jia, {"trust_chain": suite.chain()})

    comes_through(sends, wang, suite, jia, request)


def refused(person: Person, suite: Suite) -> bool:
    """Told the client, or the person on a page; nobody was asked to sign in."""
    if person.page.status_code in {400, 403, 503}:
        return True
    location = person.page.headers.get("Location", "")
    return location.startswith(suite.redirect_uri + "?") and person.arrived["error"] in ACCEPTED


def told(value: Any, jia: Node, suite: Suite) -> Any:
    return value.format(op=jia.url, rp=suite.url) if isinstance(value, str) else value


BREACHES = pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "{rp}/other"}, id="another-client"),
        pytest.param({"iss": "{rp}/other"}, id="another-issuer"),
        pytest.param({"iss": None}, id="no-issuer"),
        pytest.param({"aud": "{op}/other"}, id="another-audience"),
        pytest.param({"aud": None}, id="no-audience"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": None}, id="without-end"),
        pytest.param({"jti": None}, id="no-jti"),
        pytest.param({"sub": "{rp}"}, id="with-a-subject"),
    ],
)


@BREACHES
def test_the_suite_is_refused_for_every_rule_it_breaks(
    jia: Node, suite: Suite, wang: Person, changes: dict[str, Any]
) -> None:
    changed = {name: told(value, jia, suite) for name, value in changes.items()}
    request = suite.request_object(jia, **changed)

    for sends in (by_get, by_post):
        sends(wang, suite, jia, request)
        assert refused(wang, suite), sends.__name__
    assert suite.pushes(jia, request).json()["error"] in ACCEPTED


def test_another_client_outside_the_object_than_in_it_is_refused(
    jia: Node, suite: Suite, wang: Person
) -> None:
    wang.opens(suite.address(suite.request_object(jia), client_id=f"{suite.url}/other"))

    assert refused(wang, suite)


def test_a_broken_signature_and_one_by_other_keys_are_refused(
    jia: Node, suite: Suite, wang: Person
) -> None:
    good = suite.request_object(jia)
    head, _, signature = good.split(".")
    by_get(wang, suite, jia, f"{head}.{suite.request_object(jia).split('.')[1]}.{signature}")
    assert refused(wang, suite)

    claims = claims_of(good)
    by_get(wang, suite, jia, suites.signed(claims, suites.new_key(), {"typ": "JWT"}))
    assert refused(wang, suite)


def test_a_request_object_of_the_suite_counts_once(jia: Node, suite: Suite, wang: Person) -> None:
    request = suite.request_object(jia)
    by_get(wang, suite, jia, request)
    assert not refused(wang, suite)

    by_get(wang, suite, jia, request)

    assert refused(wang, suite)
    assert suite.pushes(jia, request).json()["error"] == "invalid_request_object"


@pytest.mark.parametrize("introduced", [False, True], ids=["looked-for", "in-the-header"])
def test_a_configuration_of_another_issuer_makes_nobody_known(
    jia: Node, suite: Suite, wang: Person, introduced: bool
) -> None:
    suite.configured["iss"] = f"{suite.url}/other"
    header = {"trust_chain": suite.chain()} if introduced else {}

    by_get(wang, suite, jia, suite.request_object(jia, header))

    assert refused(wang, suite)
    with jia.app.app_context():
        assert clients.look_up(suite.url) is None


def test_what_the_suite_stated_is_forgotten_with_its_five_minutes(
    jia: Node, suite: Suite, wang: Person
) -> None:
    by_get(wang, suite, jia, suite.request_object(jia))

    with jia.app.app_context():
        chain = jia.services.trust.chain(suite.url)
        assert statements.find(suite.url + suites.WELL_KNOWN) is not None
        with time_machine.travel(time.time() + suites.LIVES + 1):
            assert statements.find(suite.url + suites.WELL_KNOWN) is None
            assert jia.services.trust.chain(suite.url) is not chain


def test_a_node_told_to_keep_nothing_takes_the_suite_as_it_is_now(
    trusting: Trusting, suite: Suite
) -> None:
    jia = trusting(refresh=timedelta(0), retry=timedelta(0))
    suite.configured["iss"] = f"{suite.url}/other"
    assert suite.pushes(jia, suite.request_object(jia)).status_code == 400

    suite.configured.clear()
    for _ in range(2):
        suite.asked.clear()
        assert suite.pushes(jia, suite.request_object(jia)).status_code == 201
        assert "/test/a/hutong" + suites.WELL_KNOWN in suite.asked


def test_a_misplaced_claim_is_passed_over_below_the_interop_anchor_alone(
    jia: Node, suite: Suite, peer: Callable[..., Peer]
) -> None:
    limits = {"max_path_length": 1}
    suite.configured["constraints"] = limits
    assert suite.pushes(jia, suite.request_object(jia)).status_code == 201

    bdc = peer().joins()
    bdc.claims["constraints"] = limits
    answer = bdc.pushes(jia)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_trust_chain")


@pytest.mark.parametrize("leniency", ["typ", "pkce", "par", "audience"])
def test_below_the_strict_anchor_none_of_the_four_leniencies_holds(
    jia: Node, suite: Suite, wang: Person, peer: Callable[..., Peer], leniency: str
) -> None:
    by_get(wang, suite, jia, suite.request_object(jia))  # the lenient one is known here by now
    assert not refused(wang, suite)

    answer = _STRICT[leniency](peer().joins(), jia, wang)

    assert answer in {"invalid_request", "invalid_request_object", "invalid_client"}


def _another_type(bdc: Peer, jia: Node, _wang: Person) -> Any:
    return bdc.pushes(jia, bdc.request_object(jia, {"typ": "JWT"})).json()["error"]


def _without_pkce(bdc: Peer, jia: Node, wang: Person) -> Any:
    plain = bdc.request_object(jia, code_challenge=None, code_challenge_method=None)
    pushed = bdc.pushes(jia, plain)
    if pushed.status_code >= 400:
        return pushed.json()["error"]
    uri = pushed.json()["request_uri"]
    return wang.opens(f"/oauth/authorize?client_id={bdc.url}&request_uri={uri}").arrived["error"]


def _without_par(bdc: Peer, jia: Node, wang: Person) -> Any:
    url = f"/oauth/authorize?client_id={bdc.url}&request={bdc.request_object(jia)}"
    return wang.opens(url, follow=False).arrived["error"]


def _another_audience(bdc: Peer, jia: Node, _wang: Person) -> Any:
    return bdc.pushes(jia, **bdc.authentication(f"{jia.url}/oauth/token")).json()["error"]


_STRICT: dict[str, Callable[[Peer, Node, Person], Any]] = {
    "typ": _another_type,
    "pkce": _without_pkce,
    "par": _without_par,
    "audience": _another_audience,
}


def test_the_node_s_own_configuration_is_as_the_deployed_plan_wants_it(jia: Node) -> None:
    answer = jia.get("/.well-known/openid-federation")

    assert answer.headers["content-type"] == "application/entity-statement+jwt"
    found = claims_of(answer.text)
    assert found["iss"] == found["sub"] == jia.url
    assert 0 < found["exp"] - found["iat"] <= YEARS
    assert not {"metadata_policy", "constraints", "source_endpoint"} & found.keys()
    assert set(found["metadata"]) <= STANDARD
    assert strict.header(answer.text)["kid"] in {key["kid"] for key in found["jwks"]["keys"]}
    for keys in (found["jwks"], *(each.get("jwks") for each in found["metadata"].values())):
        for key in (keys or {"keys": []})["keys"]:
            assert not PRIVATE & key.keys()
            assert key["kty"] in {"RSA", "EC", "OKP"}


def test_as_a_provider_it_says_what_discovery_says(jia: Node) -> None:
    stated = claims_of(jia.get("/.well-known/openid-federation").text)["metadata"]
    provider = stated["openid_provider"]
    discovered = jia.get("/.well-known/openid-configuration").json()

    assert provider["issuer"] == jia.url
    assert provider["jwks_uri"] == discovered["jwks_uri"]
    assert "RS256" in provider["id_token_signing_alg_values_supported"]
    assert "RS256" in provider["request_object_signing_alg_values_supported"]
    assert "automatic" in provider["client_registration_types_supported"]
    assert provider["response_types_supported"] == ["code"]
    assert not {"registration_endpoint", "federation_registration_endpoint"} & provider.keys()
    assert "request_object_encryption_alg_values_supported" not in provider, "nor accepted"


def test_its_superior_lists_it_and_states_nothing_that_is_its_own_to_state(
    jia: Node, anchor: Node
) -> None:
    assert jia.url in anchor.get("/federation/list").json()
    stated = claims_of(anchor.get("/federation/fetch", sub=jia.url).text)

    assert "authority_hints" not in stated
    entity = stated.get("metadata", {}).get("federation_entity", {})
    assert not [name for name in entity if name.endswith("_endpoint")]
