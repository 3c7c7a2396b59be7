"""A chain is valid when every link of it is, up to an anchor of ours, and only then."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.federation import chains, jwks, signed, statements
from idp.federation.chains import Anchor
from idp.federation.constraints import Constraints
from idp.federation.errors import (
    ConstraintViolated,
    FederationError,
    InvalidChain,
    InvalidKeys,
    InvalidMetadata,
    InvalidSignature,
    InvalidStatement,
    PolicyError,
)
from idp.federation.rules import Rules
from tests.federation import builder
from tests.federation.builder import ANCHOR, CITY, DAY, GATEWAY, NOW, PROVINCE

OTHER = "https://fed.prov-b.gov.example"
OP = {"openid_provider": {"issuer": GATEWAY}}


def anchored(*keys, pins=None):
    pinned = jwks.parse(builder.jwks(*(keys or [ANCHOR])))
    return {ANCHOR: Anchor(ANCHOR, pinned, pins or {})}


ANCHORS = anchored()


def tokens(leaf=None, province=None, anchor=None, top=None):
    """Gateway, its province, the anchor; each statement with the claims that it is given."""
    return [
        builder.configuration(GATEWAY, PROVINCE, **(leaf or {"metadata": OP})),
        builder.statement(PROVINCE, GATEWAY, **(province or {})),
        builder.statement(ANCHOR, PROVINCE, **(anchor or {})),
        builder.configuration(ANCHOR, **(top or {})),
    ]


def validate(chain, anchors=None, now=NOW, **more):
    return chains.validate(chains.parse(chain), anchors or ANCHORS, now, **more)


def long_chain(**claims):
    """With a city between the province and the gateway; claims by the entity that states them."""
    return [
        builder.configuration(GATEWAY, CITY, **claims.get("gateway", {})),
        builder.statement(CITY, GATEWAY, **claims.get("city", {})),
        builder.statement(PROVINCE, CITY, **claims.get("province", {})),
        builder.statement(ANCHOR, PROVINCE, **claims.get("anchor", {})),
        builder.configuration(ANCHOR),
    ]


def test_a_chain_leads_from_the_subject_to_the_anchor():
    chain = validate(tokens(anchor={"exp": NOW + 99}), subject=GATEWAY)
    assert (chain.subject, chain.anchor.entity_id) == (GATEWAY, ANCHOR)
    assert chain.metadata == OP
    assert chain.anchor_configuration.sub == ANCHOR
    assert list(chain.keys.by_kid) == [f"of-{GATEWAY}"]


@pytest.mark.parametrize("shortest", range(4))
def test_a_chain_lasts_as_long_as_its_shortest_statement(shortest):
    ends = [{"exp": NOW + (99 if place == shortest else DAY)} for place in range(4)]
    assert validate(tokens(*ends)).expires == NOW + 99


def test_the_anchors_configuration_may_be_left_out():
    chain = validate(tokens()[:-1])
    assert chain.subject == GATEWAY
    assert chain.anchor_configuration is None


def test_the_anchor_is_at_the_end_of_its_own_chain():
    chain = validate([builder.configuration(ANCHOR)])
    assert chain.subject == ANCHOR


@pytest.mark.parametrize(
    "misplaced",
    [
        pytest.param({"leaf": {"constraints": {}}}, id="constraints-of-the-leaf-s-own"),
        pytest.param({"top": {"constraints": {}}}, id="constraints-of-the-anchor-s-own"),
        pytest.param({"province": {"trust_marks": []}}, id="marks-in-a-statement-about-another"),
    ],
)
def test_misplaced_claims_are_passed_over_only_for_an_anchor_that_tolerates_them(misplaced):
    """Reading is as lenient as the most lenient anchor; a chain's own anchor then decides."""
    tolerated = frozenset({"constraints", "trust_marks"})
    read = chains.parse(tokens(**misplaced), Rules(tolerated=tolerated))
    lenient = {ANCHOR: replace(ANCHORS[ANCHOR], tolerated=tolerated)}
    assert chains.validate(read, lenient, NOW).subject == GATEWAY
    with pytest.raises(InvalidStatement, match="misplaced"):
        chains.validate(read, ANCHORS, NOW)


def test_an_anchor_may_have_superiors_of_its_own():
    validate(tokens(top={"authority_hints": [OTHER]}))


def swapped(place, token):
    chain = tokens()
    chain[place] = token
    return chain


BROKEN = {
    "it is empty": ([], "length"),
    "it is no list": ("x", "length"),
    "it is too long": (tokens() * 3, "length"),
    "it does not begin with a configuration": (tokens()[1:], "order"),
    "a configuration is in the middle": (
        swapped(2, builder.configuration(PROVINCE, ANCHOR)),
        "order",
    ),
    "the same configuration is there twice": ([builder.configuration(ANCHOR)] * 2, "order"),
    "a statement is missing": ([*tokens()[:1], *tokens()[2:]], "link"),
    "the first link is broken": (swapped(1, builder.statement(PROVINCE, CITY)), "link"),
    "a link in the middle is broken": (swapped(2, builder.statement(ANCHOR, OTHER)), "link"),
    "the last link is broken": (swapped(3, builder.configuration(OTHER)), "link"),
    "it is upside down": (tokens()[::-1], "link"),
    "it goes round": (
        [
            builder.configuration(GATEWAY, PROVINCE),
            builder.statement(PROVINCE, GATEWAY),
            builder.statement(CITY, PROVINCE),
            builder.statement(PROVINCE, CITY),
            builder.statement(ANCHOR, PROVINCE),
            builder.configuration(ANCHOR),
        ],
        "loop",
    ),
    "the subject names no superior": (
        swapped(0, builder.configuration(GATEWAY)),
        "authority_hints",
    ),
    "the subject names another superior": (
        swapped(0, builder.configuration(GATEWAY, OTHER, ANCHOR)),
        "authority_hints",
    ),
    "it ends at somebody else's anchor": (
        [
            builder.configuration(GATEWAY, OTHER),
            builder.statement(OTHER, GATEWAY),
            builder.configuration(OTHER),
        ],
        "anchor",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_chain_is_refused_when(case):
    chain, reason = BROKEN[case]
    with pytest.raises(InvalidChain) as failure:
        validate(chain)
    assert failure.value.reason == reason


def test_a_chain_about_somebody_else_is_refused():
    with pytest.raises(InvalidChain) as failure:
        validate(tokens(), subject=CITY)
    assert failure.value.reason == "subject"


def test_a_hint_is_compared_by_code_point():
    with pytest.raises(InvalidChain):
        validate(swapped(0, builder.configuration(GATEWAY, PROVINCE + "/")))


def test_statements_about_superiors_are_checked_against_their_configurations_when_known():
    chain = chains.parse(tokens())
    known = statements.parse(builder.configuration(PROVINCE, ANCHOR))
    chains.check_hint(chain[2], known)
    with pytest.raises(InvalidChain):
        chains.check_hint(chain[2], statements.parse(builder.configuration(PROVINCE, OTHER)))


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    "times", [{"exp": NOW - 60}, {"iat": NOW + 61}, {"exp": NOW - 9999, "iat": NOW - 99999}]
)
def test_one_statement_out_of_its_time_breaks_the_chain(place, times):
    claims = [{}, {}, {}, {}]
    claims[place] = times
    with pytest.raises(InvalidStatement):
        validate(tokens(*claims))


@pytest.mark.parametrize("place", range(4))
def test_one_signature_by_a_stranger_breaks_the_chain(place):
    signer = statements.parse(tokens()[place]).signed.kid
    claims = dict(statements.parse(tokens()[place]).claims)
    forged = builder.sign(claims, builder.key("stranger", signer))
    with pytest.raises(InvalidSignature):
        validate(swapped(place, forged))
    unknown = builder.sign(claims, builder.key("stranger"))
    with pytest.raises(InvalidKeys):
        validate(swapped(place, unknown))


@pytest.mark.parametrize("place", range(4))
def test_one_changed_statement_breaks_the_chain(place):
    head, _, signature = tokens()[place].split(".")
    claims = dict(statements.parse(tokens()[place]).claims, extra=1)
    payload = builder.sign(claims, "x").split(".")[1]
    with pytest.raises(InvalidSignature):
        validate(swapped(place, ".".join((head, payload, signature))))


def test_a_key_its_superior_took_back_signs_no_configuration():
    """However loudly the configuration itself names it: this is how a stolen key is stopped."""
    replaced = {"jwks": builder.jwks(builder.key("new"))}
    with pytest.raises(InvalidKeys):
        validate(tokens(province=replaced))
    same_kid = {"jwks": builder.jwks(builder.key("new", f"of-{GATEWAY}"))}
    with pytest.raises(InvalidSignature):
        validate(tokens(province=same_kid))


def test_a_key_its_superior_took_back_signs_no_statement():
    with pytest.raises(InvalidKeys):
        validate(tokens(anchor={"jwks": builder.jwks(builder.key("new"))}))


def test_a_configuration_is_signed_with_a_key_it_shows_itself():
    with pytest.raises(InvalidKeys):
        validate(tokens(leaf={"jwks": builder.jwks(builder.key("new"))}))


def test_while_keys_are_changed_the_old_and_the_new_both_serve():
    both = {"jwks": builder.jwks(GATEWAY, "new")}
    for signer in (GATEWAY, "new"):
        claims = builder.configuration_claims(GATEWAY, PROVINCE, **both)
        chain = tokens(province=both)
        chain[0] = builder.sign(claims, signer)
        assert len(validate(chain).keys.by_kid) == 2


def test_what_a_superior_and_its_subject_do_not_agree_on_is_no_key_of_the_subject():
    chain = validate(
        tokens(
            leaf={"jwks": builder.jwks(GATEWAY, "mine")},
            province={"jwks": builder.jwks(GATEWAY, "theirs")},
        )
    )
    assert list(chain.keys.by_kid) == [f"of-{GATEWAY}"]


@pytest.mark.parametrize("place", [2, 3])
def test_an_anchor_signs_with_keys_we_pinned_not_with_those_it_shows(place):
    both = {"jwks": builder.jwks(ANCHOR, "unpinned")}
    chain = tokens(top=both)
    chain[place] = builder.sign(dict(statements.parse(chain[place]).claims), "unpinned")
    with pytest.raises(InvalidKeys):
        validate(chain)
    validate(chain, anchored(ANCHOR, "unpinned"))


def test_an_anchor_that_shows_other_keys_than_we_pinned_is_refused():
    with pytest.raises(InvalidKeys):
        validate(tokens(), anchored("other"))
    with pytest.raises(InvalidKeys):
        validate(tokens()[:-1], anchored("other"))
    with pytest.raises(InvalidSignature):
        validate(tokens()[:-1], anchored(builder.key("other", f"of-{ANCHOR}")))


def test_each_signature_is_verified_once_and_only_at_the_end(monkeypatch):
    verified = []
    monkeypatch.setattr(signed, "verify", lambda one, key: verified.append((one.token, key)))
    chain = tokens()
    validate(chain)
    assert [token for token, _ in verified] == chain
    verified.clear()
    for refused in (
        tokens(anchor={"constraints": {"max_path_length": 0}}),
        tokens(province={"metadata_policy": {"openid_provider": {"x": {"essential": True}}}}),
        tokens(top={"exp": NOW - 60}),
        swapped(1, builder.statement(PROVINCE, CITY)),
    ):
        with pytest.raises(FederationError):
            validate(refused)
    assert not verified


def test_metadata_is_resolved_in_order():
    """Own, then the immediate superior's, then allowed types, then the merged policy."""
    chain = validate(
        tokens(
            leaf={
                "metadata": {
                    "openid_provider": {"issuer": GATEWAY, "contacts": ["own"], "name": "own"},
                    "openid_relying_party": {"contacts": ["own"]},
                    "federation_entity": {"organization_name": "own"},
                }
            },
            province={
                "metadata": {
                    "openid_provider": {"name": "the province's", "scopes": ["a", "b"]},
                    "oauth_client": {"name": "nobody asked"},
                },
                "metadata_policy": {"openid_provider": {"scopes": {"subset_of": ["b", "c"]}}},
            },
            anchor={
                "metadata": {"federation_entity": {"organization_name": "of the province only"}},
                "metadata_policy": {
                    "openid_provider": {"name": {"one_of": ["the province's"]}},
                    "openid_relying_party": {"never": {"essential": True}},
                },
                "constraints": {"allowed_entity_types": ["openid_provider"]},
            },
        )
    )
    assert chain.metadata == {
        "openid_provider": {
            "issuer": GATEWAY,
            "contacts": ["own"],
            "name": "the province's",
            "scopes": ["b"],
        },
        "federation_entity": {"organization_name": "own"},
    }


def test_a_superior_gives_no_entity_a_type_that_it_does_not_claim():
    given = {"metadata": {"oauth_client": {"name": "x"}}}
    assert validate(tokens(province=given)).metadata == OP


def test_policies_that_contradict_each_other_break_the_chain():
    def one_of(value):
        return {"metadata_policy": {"openid_provider": {"alg": {"one_of": [value]}}}}

    with pytest.raises(PolicyError):
        validate(tokens(province=one_of("a"), anchor=one_of("b")))


def test_the_superior_wins_the_merge_whichever_way_the_chain_is_written():
    def subset(*values):
        return {"metadata_policy": {"openid_provider": {"s": {"subset_of": list(values)}}}}

    own = {"openid_provider": {"issuer": GATEWAY, "s": ["a", "b", "c"]}}
    chain = validate(tokens({"metadata": own}, subset("c", "b"), subset("a", "b")))
    assert chain.metadata["openid_provider"]["s"] == ["b"]


def test_a_provider_whose_issuer_a_superior_changes_is_not_used():
    policy = {"openid_provider": {"issuer": {"value": PROVINCE}}}
    with pytest.raises(InvalidMetadata):
        validate(tokens(province={"metadata_policy": policy}))


@pytest.mark.parametrize("name", ["federation_fetch_endpoint", "federation_list_endpoint"])
def test_a_superior_does_not_move_an_entitys_endpoints(name):
    own, theirs = "https://id.prov-a.gov.example/f", "https://evil.example/f"
    chain = validate(
        tokens(
            leaf={"metadata": {"federation_entity": {name: own}}},
            province={"metadata": {"federation_entity": {name: theirs, "contacts": ["c"]}}},
        )
    )
    assert chain.metadata["federation_entity"] == {name: own, "contacts": ["c"]}


@pytest.mark.parametrize(
    ("who", "length", "valid"),
    [
        ("anchor", 2, True),
        ("anchor", 1, False),
        ("province", 1, True),
        ("province", 0, False),
        ("city", 0, True),
    ],
)
def test_max_path_length_counts_intermediates_down_to_the_subject(who, length, valid):
    chain = long_chain(**{who: {"constraints": {"max_path_length": length}}})
    if valid:
        validate(chain)
        return
    with pytest.raises(ConstraintViolated) as failure:
        validate(chain)
    assert failure.value.reason == "max_path_length"


@pytest.mark.parametrize(
    ("who", "naming", "valid"),
    [
        ("anchor", {"permitted": [".gov.example"]}, True),
        ("anchor", {"permitted": [".prov-a.gov.example"]}, True),
        ("anchor", {"permitted": [".prov-b.gov.example"]}, False),
        ("anchor", {"permitted": ["id.prov-a.gov.example"]}, False),
        ("anchor", {"permitted": []}, False),
        ("anchor", {"excluded": ["fed.prov-a.gov.example"]}, False),
        ("anchor", {"excluded": ["fed.city-a1.prov-a.gov.example"]}, False),
        ("anchor", {"permitted": [".gov.example"], "excluded": [".prov-a.gov.example"]}, False),
        ("province", {"excluded": ["fed.prov-a.gov.example"]}, True),
        ("province", {"permitted": [".PROV-A.gov.example"]}, True),
        ("city", {"permitted": ["id.prov-a.gov.example"]}, True),
        ("city", {"permitted": [".id.prov-a.gov.example"]}, False),
    ],
)
def test_names_are_constrained_for_everybody_below(who, naming, valid):
    chain = long_chain(**{who: {"constraints": {"naming_constraints": naming}}})
    if valid:
        validate(chain)
        return
    with pytest.raises(ConstraintViolated) as failure:
        validate(chain)
    assert failure.value.reason == "naming_constraints"


@pytest.mark.parametrize("subject", ["https://192.0.2.1", "https://[2001:db8::1]/x"])
def test_an_address_satisfies_no_naming_constraint(subject):
    chain = [
        builder.configuration(subject, ANCHOR),
        builder.statement(
            ANCHOR, subject, constraints={"naming_constraints": {"excluded": [".evil.example"]}}
        ),
    ]
    with pytest.raises(ConstraintViolated):
        validate(chain)


def test_the_anchors_own_pin_refuses_a_host_the_anchor_vouches_for():
    """A stolen or coerced anchor: it says all the right words about the wrong host."""
    evil = "https://id.evil.example"
    chain = [
        builder.configuration(evil, ANCHOR),
        builder.statement(ANCHOR, evil),
        builder.configuration(ANCHOR),
    ]
    validate(chain)
    pin = {ANCHOR: Constraints(permitted=(".gov.example",))}
    with pytest.raises(ConstraintViolated):
        validate(chain, anchored(pins=pin))
    validate(tokens(), anchored(pins=pin))


def test_a_pin_holds_a_province_to_its_own_names():
    other = "https://id.prov-b.gov.example"
    chain = [
        builder.configuration(other, PROVINCE),
        builder.statement(PROVINCE, other),
        builder.statement(ANCHOR, PROVINCE),
        builder.configuration(ANCHOR),
    ]
    validate(chain)
    with pytest.raises(ConstraintViolated):
        validate(chain, anchored(pins={PROVINCE: Constraints(permitted=(".prov-a.gov.example",))}))


def under_another_anchor(**claims):
    """The same province, but its anchor is vouched for by a second one."""
    return [
        *tokens()[:3],
        builder.statement(OTHER, ANCHOR, **claims),
        builder.configuration(OTHER),
    ]


def two_anchors(**more):
    return {**anchored(**more), OTHER: Anchor(OTHER, jwks.parse(builder.jwks(OTHER)))}


def test_one_anchor_does_not_speak_for_another():
    """The second names a key of its own as the first's, and signs with it in the first's name."""
    forged = {"jwks": builder.jwks("forger")}
    chain = under_another_anchor(**forged)
    chain[2] = builder.sign(dict(statements.parse(chain[2]).claims), "forger")
    assert validate(under_another_anchor(), two_anchors()).anchor.entity_id == OTHER
    with pytest.raises(InvalidKeys):
        validate(chain, two_anchors())


def test_a_pin_holds_in_the_chain_of_another_anchor_as_well():
    pins = {PROVINCE: Constraints(permitted=(".prov-b.gov.example",))}
    with pytest.raises(ConstraintViolated):
        validate(under_another_anchor(), two_anchors(pins=pins))


def test_a_pin_limits_length_and_types_as_well():
    with pytest.raises(ConstraintViolated):
        validate(tokens(), anchored(pins={ANCHOR: Constraints(max_path_length=0)}))
    pin = Constraints(allowed_entity_types=frozenset({"openid_relying_party"}))
    assert validate(tokens(), anchored(pins={PROVINCE: pin})).metadata == {}


def test_a_split_and_a_unified_province_differ_by_one_constraint():
    """The same city may be a provider, or only a relying party, as its superior says."""
    own = {"metadata": OP | {"openid_relying_party": {"contacts": ["c"]}, "federation_entity": {}}}

    def kept(*types):
        limits = {"constraints": {"allowed_entity_types": list(types)}}
        return set(validate(tokens(own, limits)).metadata)

    assert kept("openid_provider", "openid_relying_party") == {*OP, *kept("openid_relying_party")}
    assert kept("openid_relying_party") == {"openid_relying_party", "federation_entity"}
    assert kept() == {"federation_entity"}


def test_the_shortest_chain_is_chosen_then_the_longest_lasting():
    direct = [
        builder.configuration(GATEWAY, PROVINCE, ANCHOR),
        builder.statement(ANCHOR, GATEWAY),
        builder.configuration(ANCHOR),
    ]
    soon = [*direct[:1], builder.statement(ANCHOR, GATEWAY, exp=NOW + 99), *direct[2:]]
    parsed = [chains.parse(one) for one in (tokens(), soon, direct)]
    chosen = chains.choose(parsed, ANCHORS, NOW)
    assert [one.token for one in chosen.statements] == direct
    broken = chains.parse([direct[0], builder.statement(ANCHOR, GATEWAY, exp=NOW - 60)])
    assert len(chains.choose([broken, parsed[0]], ANCHORS, NOW).statements) == 4


def test_without_a_valid_chain_there_is_no_trust():
    for candidates in ([], [chains.parse(tokens()[:2]), chains.parse(tokens()[:1])]):
        with pytest.raises(InvalidChain) as failure:
            chains.choose(candidates, ANCHORS, NOW)
        assert failure.value.reason == "none"
    with pytest.raises(InvalidStatement):
        chains.choose([chains.parse(tokens(top={"exp": NOW - 60}))], ANCHORS, NOW)


def test_a_longer_chain_than_we_care_for_is_refused():
    with pytest.raises(InvalidChain):
        validate(tokens(), rules=Rules(max_length=3))


PIECES = [
    statements.parse(token)
    for token in [*tokens(), *long_chain(), builder.statement(PROVINCE, ANCHOR)]
]


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_whatever_order_statements_come_in_only_a_chain_is_a_chain(pieces):
    try:
        chain = chains.validate(pieces, ANCHORS, NOW)
    except FederationError as error:
        assert error.reason
        return
    assert chain.statements[-1].iss == ANCHOR
    for below, above in pairwise(chain.statements):
        assert below.iss == above.sub


any_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=9) | st.sampled_from(tokens()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(any_json)
def test_any_json_is_a_chain_or_refused(value):
    try:
        chain = validate(value)
    except FederationError as error:
        assert error.reason
    else:
        assert chain.subject == ANCHOR or len(value) > 1


names = st.sampled_from([".gov.example", ".prov-a.gov.example", "id.prov-a.gov.example"])
types = st.frozensets(st.sampled_from(["openid_provider", "openid_relying_party"]))
limits = st.builds(
    Constraints,
    st.none() | st.integers(0, 3),
    st.none() | st.lists(names, max_size=2).map(tuple),
    st.lists(names, max_size=1).map(tuple),
    st.none() | types,
)
FULL = chains.parse(
    tokens(leaf={"metadata": OP | {"openid_relying_party": {}, "federation_entity": {}}})
)


@given(st.dictionaries(st.sampled_from([ANCHOR, PROVINCE]), limits))
def test_more_constraints_never_allow_more(pins):
    free = chains.validate(FULL, ANCHORS, NOW).metadata
    try:
        bound = chains.validate(FULL, anchored(pins=pins), NOW).metadata
    except ConstraintViolated:
        return
    assert bound.items() <= free.items()
    assert "federation_entity" in bound
