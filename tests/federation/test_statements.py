"""Every rule an entity statement has to keep that needs no other statement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.federation import constraints, statements
from idp.federation.errors import (
    FederationError,
    InvalidJwt,
    InvalidKeys,
    InvalidMetadata,
    InvalidSignature,
    InvalidStatement,
    PolicyError,
)
from idp.federation.rules import Rules
from tests.federation import builder
from tests.federation.builder import ANCHOR, GATEWAY, MARKS, NOW, PROVINCE

MARK = builder.sign({"trust_mark_type": "https://gov.example/tm"}, MARKS, "trust-mark+jwt")
OWNER = {"sub": builder.OWNER, "jwks": builder.jwks("owner")}
FEDERATION_ENTITY = {
    "federation_fetch_endpoint": "https://ta.gov.example/fetch?tenant=1",
    "federation_list_endpoint": "https://ta.gov.example/list",
}


def configuration(**claims):
    return statements.parse(builder.configuration(GATEWAY, PROVINCE, **claims))


def subordinate(**claims):
    return statements.parse(builder.statement(PROVINCE, GATEWAY, **claims))


def test_a_configuration_is_read():
    read = configuration(metadata={"openid_provider": {"issuer": GATEWAY}})
    assert read.is_configuration
    assert (read.iss, read.sub, read.authority_hints) == (GATEWAY, GATEWAY, (PROVINCE,))
    assert read.metadata == {"openid_provider": {"issuer": GATEWAY}}
    statements.check_now(read, NOW)
    statements.verify_configuration(read)


def test_a_subordinate_statement_is_read():
    read = subordinate(constraints={"max_path_length": 0})
    assert not read.is_configuration
    assert (read.iss, read.sub) == (PROVINCE, GATEWAY)
    assert read.constraints.max_path_length == 0
    with pytest.raises(InvalidStatement):
        statements.verify_configuration(read)


@pytest.mark.parametrize(
    "claims",
    [
        {"metadata": {"federation_entity": FEDERATION_ENTITY}},
        {"metadata": {"something_of_ours": {}}},
        {"trust_anchor_hints": [ANCHOR]},
        {"trust_marks": []},
        {"trust_marks": [{"trust_mark_type": "https://gov.example/tm", "trust_mark": MARK}]},
        {"trust_mark_issuers": {"https://gov.example/tm": [MARKS], "https://any.example": []}},
        {"trust_mark_owners": {"https://gov.example/tm": OWNER}},
        {"a_claim_of_others": {"x": None}},
    ],
)
def test_a_configuration_may_hold(claims):
    configuration(**claims)


@pytest.mark.parametrize(
    "claims",
    [
        {"metadata_policy": {"openid_provider": {"contacts": {"essential": True}}}},
        {"metadata_policy": {"openid_provider": {}}},
        {"constraints": {"unknown_member": 1}},
        {"source_endpoint": "https://fed.prov-a.gov.example/fetch?x=1"},
        {"metadata": {"openid_provider": {"issuer": GATEWAY}}},
        {"metadata": {"federation_entity": FEDERATION_ENTITY}},
    ],
)
def test_a_subordinate_statement_may_hold(claims):
    subordinate(**claims)


@pytest.mark.parametrize("claim", ["iss", "sub", "iat", "exp"])
@pytest.mark.parametrize("value", [..., None, True, [], {}, "x"])
def test_required_claims_are_there_and_of_their_kind(claim, value):
    for make in (configuration, subordinate):
        with pytest.raises(InvalidStatement):
            make(**{claim: value})


@pytest.mark.parametrize(
    ("claim", "value"),
    [("iat", -1), ("exp", 2**60), ("exp", 1e300), ("exp", NOW - 600), ("nbf", "x")],
)
def test_times_are_sound(claim, value):
    with pytest.raises(InvalidStatement):
        configuration(**{claim: value})


@pytest.mark.parametrize("identifier", ["http://a.example", "https://a.example?x", "a", 1])
def test_issuer_and_subject_are_entities(identifier):
    for claim in ("iss", "sub"):
        with pytest.raises(InvalidStatement):
            subordinate(**{claim: identifier})


@pytest.mark.parametrize("value", [..., None, {}, {"keys": []}, {"keys": [{"kty": "EC"}]}])
def test_keys_are_required(value):
    for make in (configuration, subordinate):
        with pytest.raises(InvalidKeys):
            make(jwks=value)


@pytest.mark.parametrize(
    "claims",
    [
        {"constraints": {}},
        {"metadata_policy": {}},
        {"metadata_policy_crit": ["regexp"]},
        {"source_endpoint": "https://ta.gov.example/fetch"},
        {"aud": PROVINCE},
        {"trust_anchor": ANCHOR},
    ],
)
def test_a_configuration_must_not_hold(claims):
    with pytest.raises(InvalidStatement) as failure:
        configuration(**claims)
    assert (failure.value.reason, failure.value.about) == ("misplaced", next(iter(claims)))


@pytest.mark.parametrize(
    "claims",
    [
        {"authority_hints": [ANCHOR]},
        {"trust_anchor_hints": [ANCHOR]},
        {"trust_marks": []},
        {"trust_mark_issuers": {}},
        {"trust_mark_owners": {}},
        {"aud": PROVINCE},
        {"trust_anchor": ANCHOR},
    ],
)
def test_a_subordinate_statement_must_not_hold(claims):
    with pytest.raises(InvalidStatement) as failure:
        subordinate(**claims)
    assert (failure.value.reason, failure.value.about) == ("misplaced", next(iter(claims)))


@pytest.mark.parametrize(
    "claims",
    [
        {"authority_hints": []},
        {"authority_hints": ANCHOR},
        {"authority_hints": ["http://ta.gov.example"]},
        {"authority_hints": [None]},
        {"trust_anchor_hints": []},
        {"trust_anchor_hints": {}},
        {"trust_marks": {}},
        {"trust_marks": ["x"]},
        {"trust_marks": [{"trust_mark": MARK}]},
        {"trust_marks": [{"id": "https://gov.example/tm", "trust_mark": MARK}]},
        {"trust_marks": [{"trust_mark_type": "https://gov.example/other", "trust_mark": MARK}]},
        {"trust_mark_issuers": []},
        {"trust_mark_issuers": {"https://gov.example/tm": MARKS}},
        {"trust_mark_issuers": {"https://gov.example/tm": ["tmi"]}},
        {"trust_mark_owners": {"https://gov.example/tm": []}},
        {"trust_mark_owners": {"https://gov.example/tm": OWNER | {"sub": "x"}}},
    ],
)
def test_claims_of_a_configuration_have_their_form(claims):
    with pytest.raises(InvalidStatement):
        configuration(**claims)


def test_a_mark_in_a_configuration_is_a_jwt():
    with pytest.raises(InvalidJwt):
        configuration(trust_marks=[{"trust_mark_type": "https://gov.example/tm"}])


def test_the_keys_of_an_owner_of_marks_are_keys():
    with pytest.raises(InvalidKeys):
        configuration(trust_mark_owners={"https://gov.example/tm": {"sub": builder.OWNER}})


@pytest.mark.parametrize(
    "constraints",
    [
        None,
        [],
        {"max_path_length": -1},
        {"max_path_length": True},
        {"max_path_length": 1.0},
        {"max_path_length": "1"},
        {"naming_constraints": []},
        {"naming_constraints": {"permitted": ".gov.example"}},
        {"naming_constraints": {"permitted": ["https://gov.example"]}},
        {"naming_constraints": {"permitted": ["*.gov.example"]}},
        {"naming_constraints": {"permitted": ["."]}},
        {"naming_constraints": {"excluded": [""]}},
        {"naming_constraints": {"excluded": [1]}},
        {"allowed_entity_types": "openid_provider"},
        {"allowed_entity_types": [1]},
        {"allowed_entity_types": ["federation_entity"]},
    ],
)
def test_constraints_have_their_form(constraints):
    with pytest.raises(InvalidStatement) as failure:
        subordinate(constraints=constraints)
    assert failure.value.reason == "constraints"


@pytest.mark.parametrize(
    "claims",
    [
        {"metadata_policy": None},
        {"metadata_policy": []},
        {"metadata_policy": {"openid_provider": []}},
        {"metadata_policy": {"openid_provider": {"contacts": True}}},
        {"metadata_policy_crit": []},
        {"metadata_policy_crit": "regexp"},
        {"metadata_policy_crit": [1]},
        {"metadata_policy_crit": ["subset_of"]},
        {"metadata_policy_crit": ["regexp"]},
    ],
)
def test_policies_have_their_form_and_nothing_critical_is_unknown(claims):
    with pytest.raises(PolicyError):
        subordinate(**claims)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        {"openid_provider": None},
        {"openid_provider": []},
        {"openid_provider": {"issuer": None}},
        {"openid_provider": {"issuer": PROVINCE}},
        {"openid_relying_party": {"contacts": None}},
        {"federation_entity": {"jwks": {"keys": []}}},
        {"federation_entity": {"jwks_uri": "https://a.example/jwks"}},
        {"federation_entity": {"signed_jwks_uri": "https://a.example/jwks"}},
        {"federation_entity": {"federation_fetch_endpoint": "http://a.example/fetch"}},
        {"federation_entity": {"federation_fetch_endpoint": "https://a.example/fetch#x"}},
        {"federation_entity": {"federation_fetch_endpoint": "https://a.example/fetch?a=1#x"}},
        {"federation_entity": {"federation_list_endpoint": "https://u@a.example/list"}},
        {"federation_entity": {"federation_list_endpoint": 1}},
    ],
)
def test_metadata_has_its_form(metadata):
    for make in (configuration, subordinate):
        with pytest.raises(InvalidMetadata):
            make(metadata=metadata)


@pytest.mark.parametrize("url", ["http://a.example/fetch", "https://a.example#x", 1, None, "x"])
def test_the_source_endpoint_is_an_endpoint(url):
    with pytest.raises(InvalidMetadata):
        subordinate(source_endpoint=url)


@pytest.mark.parametrize("crit", [[], "jti", {}, [1], ["jti"], ["metadata"], ["jti", "exp"]])
def test_what_is_critical_and_not_understood_is_refused(crit):
    for make in (configuration, subordinate):
        with pytest.raises(InvalidStatement) as failure:
            make(crit=crit, jti="1")
        assert failure.value.reason == "crit"


def test_what_is_critical_and_understood_is_accepted():
    token = builder.configuration(GATEWAY, crit=["jti"], jti="1")
    statements.parse(token, Rules(understood=frozenset({"jti"})))


@pytest.mark.parametrize("name", sorted(statements.DEFINED))
def test_claims_of_the_specification_are_never_in_crit(name):
    token = builder.configuration(GATEWAY, crit=[name])
    with pytest.raises(InvalidStatement):
        statements.parse(token, Rules(understood=frozenset({name})))


@pytest.mark.parametrize(
    ("iat", "exp", "reason"),
    [
        (NOW, NOW + 1, None),
        (NOW + 60, NOW + 99, None),
        (NOW + 61, NOW + 99, "not-yet"),
        (NOW - 99, NOW - 59, None),
        (NOW - 99, NOW - 60, "expired"),
        (NOW - 99.5, NOW + 0.5, None),
    ],
)
def test_a_statement_holds_from_iat_to_exp_give_or_take_a_minute(iat, exp, reason):
    read = configuration(iat=iat, exp=exp)
    if reason is None:
        statements.check_now(read, NOW)
        return
    with pytest.raises(InvalidStatement) as failure:
        statements.check_now(read, NOW)
    assert failure.value.reason == reason


def test_a_statement_does_not_hold_before_nbf():
    with pytest.raises(InvalidStatement):
        statements.check_now(configuration(nbf=NOW + 99), NOW)


def test_a_configuration_is_signed_with_a_key_it_shows():
    claims = builder.configuration_claims(GATEWAY, PROVINCE)
    for by in (builder.key("stranger"), builder.key("stranger", f"of-{GATEWAY}")):
        with pytest.raises((InvalidKeys, InvalidSignature)):
            statements.verify_configuration(statements.parse(builder.sign(claims, by)))


def test_we_sign_what_we_would_accept():
    claims = builder.configuration_claims(GATEWAY, PROVINCE)
    made = statements.parse(statements.make(claims, builder.key(GATEWAY)))
    statements.verify_configuration(made)
    with pytest.raises(InvalidStatement):
        statements.make(claims | {"authority_hints": []}, builder.key(GATEWAY))


def test_loopback_entities_exist_where_it_is_allowed():
    token = builder.configuration("http://127.0.0.1:8000", "http://127.0.0.1:8001")
    assert statements.parse(token, Rules(allow_loopback=True)).sub == "http://127.0.0.1:8000"
    with pytest.raises(InvalidStatement):
        statements.parse(token)


def test_what_a_peer_is_known_to_misplace_is_passed_over_if_we_say_so():
    """spid-cie-oidc 1.6.3 has constraints in its configuration and marks in its statements."""
    known = Rules(tolerated=frozenset({"constraints", "trust_marks", "aud"}))
    claims = {"constraints": {"max_path_length": 0, "naming_constraints": "not even read"}}
    read = statements.parse(builder.configuration(ANCHOR, **claims), known)
    assert read.constraints == constraints.FREE
    statements.parse(builder.statement(ANCHOR, PROVINCE, trust_marks="nor this"), known)
    limited = statements.parse(
        builder.statement(ANCHOR, PROVINCE, constraints={"max_path_length": 0}), known
    )
    assert limited.constraints.max_path_length == 0
    for refused in (
        builder.configuration(ANCHOR, metadata_policy={}),
        builder.configuration(ANCHOR, aud=PROVINCE),
        builder.configuration(ANCHOR, trust_marks="read where it belongs"),
    ):
        with pytest.raises(InvalidStatement):
            statements.parse(refused, known)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
claim_values = json_values | st.sampled_from(
    [ANCHOR, GATEWAY, [ANCHOR], NOW, {"keys": [builder.jwk(builder.key(GATEWAY))]}]
)


@given(st.dictionaries(st.sampled_from(sorted(statements.DEFINED)), claim_values))
def test_any_claims_are_a_statement_or_refused(claims):
    for make in (builder.configuration_claims(GATEWAY), builder.statement_claims(ANCHOR, GATEWAY)):
        try:
            statements.parse(builder.sign(make | claims, GATEWAY))
        except FederationError as error:
            assert error.reason
