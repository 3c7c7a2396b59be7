"""A trust mark proves something of who shows it, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.federation import chains, jwks, trust_marks
from idp.federation.chains import Anchor
from idp.federation.errors import (
    FederationError,
    InvalidJwt,
    InvalidKeys,
    InvalidSignature,
    InvalidTrustMark,
)
from idp.federation.signed import Typ
from idp.federation.trust_marks import Shown, Status
from tests.federation import builder
from tests.federation.builder import ANCHOR, DAY, GATEWAY, MARKS, NOW, OWNER, PROVINCE

TYPE = "https://gov.example/tm/gateway"
OWNED = "https://gov.example/tm/ial/4"
OPEN = "https://gov.example/tm/self-declared"
OTHER = "https://ta.other.example"

ANCHOR_CLAIMS = {
    "trust_mark_issuers": {TYPE: [MARKS], OWNED: [MARKS], OPEN: []},
    "trust_mark_owners": {OWNED: {"sub": OWNER, "jwks": builder.jwks(OWNER)}},
}


def anchor(entity=ANCHOR):
    return {entity: Anchor(entity, jwks.parse(builder.jwks(entity)))}


def trusted(entity, under=ANCHOR, top=ANCHOR_CLAIMS, now=NOW, **about):
    """The chain of an entity directly under an anchor."""
    tokens = [
        builder.configuration(entity, under),
        builder.statement(under, entity, **about),
        *([] if top is None else [builder.configuration(under, **top)]),
    ]
    return chains.validate(chains.parse(tokens), anchor(under), now)


SUBJECT, ISSUER = trusted(GATEWAY), trusted(MARKS)


def mark(kind=TYPE, by=MARKS, typ="trust-mark+jwt", **claims):
    default = {
        "iss": MARKS,
        "sub": GATEWAY,
        "trust_mark_type": kind,
        "iat": NOW - 600,
        "exp": NOW + 7 * DAY,
    }
    return builder.sign(builder.without(default | claims), by, typ)


def delegation(by=OWNER, typ="trust-mark-delegation+jwt", **claims):
    default = {"iss": OWNER, "sub": MARKS, "trust_mark_type": OWNED, "iat": NOW - 600}
    return builder.sign(builder.without(default | claims), by, typ)


def validate(token, subject=SUBJECT, issuer=ISSUER, status=None, now=NOW):
    return trust_marks.validate(Shown(token, status), subject, issuer, now)


def test_a_mark_says_something_of_who_shows_it():
    found = validate(mark(max_assurance_level=4))
    assert (found.iss, found.sub, found.type) == (MARKS, GATEWAY, TYPE)
    assert found.claims["max_assurance_level"] == 4


def test_we_sign_what_we_would_read():
    claims = {"iss": MARKS, "sub": GATEWAY, "trust_mark_type": TYPE, "iat": NOW, "exp": NOW + 9}
    validate(trust_marks.make(claims, builder.key(MARKS)))
    with pytest.raises(InvalidTrustMark):
        trust_marks.make(claims | {"trust_mark_type": ""}, builder.key(MARKS))
    leave = {"iss": OWNER, "sub": MARKS, "trust_mark_type": OWNED, "iat": NOW}
    made = trust_marks.make(leave, builder.key(OWNER), Typ.TRUST_MARK_DELEGATION)
    validate(mark(OWNED, delegation=made))


@pytest.mark.parametrize("claim", ["iss", "sub", "trust_mark_type", "iat"])
@pytest.mark.parametrize("value", [..., None, "", 0.5, []])
def test_required_claims_are_there(claim, value):
    if (claim, value) == ("iat", 0.5):
        return
    with pytest.raises(InvalidTrustMark):
        validate(mark(**{claim: value}))


@pytest.mark.parametrize("typ", [None, "JWT", "entity-statement+jwt", "trust-mark-delegation+jwt"])
def test_a_mark_is_typed(typ):
    with pytest.raises(InvalidJwt):
        validate(mark(typ=typ))


def test_a_mark_of_one_entity_is_no_mark_of_another():
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(), subject=trusted(PROVINCE))
    assert failure.value.reason == "sub"
    with pytest.raises(InvalidTrustMark):
        validate(mark(sub=GATEWAY + "/"))


def test_a_mark_is_by_the_entity_it_names():
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(), issuer=trusted(PROVINCE))
    assert failure.value.reason == "iss"
    with pytest.raises(InvalidKeys):
        validate(mark(by="stranger"))
    with pytest.raises(InvalidSignature):
        validate(mark(by=builder.key("stranger", f"of-{MARKS}")))


def test_an_issuer_whose_key_was_taken_back_has_issued_nothing():
    both = builder.jwks(MARKS, "new")
    tokens = [
        builder.sign(builder.configuration_claims(MARKS, ANCHOR, jwks=both), "new"),
        builder.statement(ANCHOR, MARKS, jwks=builder.jwks("new")),
        builder.configuration(ANCHOR, **ANCHOR_CLAIMS),
    ]
    with pytest.raises(InvalidKeys):
        validate(mark(), issuer=chains.validate(chains.parse(tokens), anchor(), NOW))


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"iat": NOW + 61}, "not-yet"),
        ({"exp": NOW - 60}, "expired"),
        ({"iat": NOW + 60}, None),
        ({"exp": NOW - 59}, None),
        ({"exp": NOW - 600}, "lifetime"),
        ({"exp": "tomorrow"}, "exp"),
    ],
)
def test_a_mark_holds_for_its_time(times, reason):
    if reason is None:
        validate(mark(**times))
        return
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(**times))
    assert failure.value.reason == reason


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.REVOKED, Status.INVALID])
def test_a_mark_whose_status_is_not_active_proves_nothing(status):
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(), status=status)
    assert (failure.value.reason, failure.value.about) == ("status", status)


def test_a_mark_without_an_end_needs_an_answer_of_its_status():
    validate(mark(exp=...), status=Status.ACTIVE)
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(exp=...))
    assert failure.value.reason == "unending"


def test_the_anchor_says_who_issues_what():
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark("https://gov.example/tm/unheard-of"))
    assert failure.value.reason == "type"
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(iss=PROVINCE, by=PROVINCE), issuer=trusted(PROVINCE))
    assert failure.value.reason == "issuer"
    with pytest.raises(InvalidTrustMark):
        validate(mark(), issuer=trusted(MARKS, top={}))


def test_a_type_open_to_all_may_be_declared_by_oneself():
    validate(mark(OPEN, by=GATEWAY, iss=GATEWAY), issuer=SUBJECT)


def test_only_the_anchor_names_issuers():
    """The same claim in the configuration of anybody else changes nothing."""
    claims = {"trust_mark_issuers": {"https://mine.example": []}}
    tokens = [
        builder.configuration(MARKS, ANCHOR, **claims),
        builder.statement(ANCHOR, MARKS),
        builder.configuration(ANCHOR, **ANCHOR_CLAIMS),
    ]
    issuer = chains.validate(chains.parse(tokens), anchor(), NOW)
    with pytest.raises(InvalidTrustMark):
        validate(mark("https://mine.example"), issuer=issuer)


def test_issuer_and_subject_are_trusted_under_the_same_anchor():
    for issuer in (trusted(MARKS, under=OTHER), trusted(MARKS, top=None)):
        with pytest.raises(InvalidTrustMark) as failure:
            validate(mark(), issuer=issuer)
        assert failure.value.reason == "anchor"


def test_trust_in_the_issuer_ends_with_its_chain():
    issuer = trusted(MARKS, exp=NOW + 99)
    validate(mark(), issuer=issuer, now=NOW + 158)
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(), issuer=issuer, now=NOW + 159)
    assert failure.value.reason == "issuer-expired"


def test_a_type_with_an_owner_needs_the_owners_leave():
    validate(mark(OWNED, delegation=delegation()))
    validate(mark(OWNED, delegation=delegation(exp=NOW + DAY)))
    with pytest.raises(InvalidTrustMark) as failure:
        validate(mark(OWNED))
    assert failure.value.reason == "delegation"


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (delegation(iss=PROVINCE), InvalidTrustMark),
        (delegation(sub=PROVINCE), InvalidTrustMark),
        (delegation(trust_mark_type=TYPE), InvalidTrustMark),
        (delegation(trust_mark_type=...), InvalidTrustMark),
        (delegation(iat=...), InvalidTrustMark),
        (delegation(iat=NOW + 61), InvalidTrustMark),
        (delegation(exp=NOW - 60), InvalidTrustMark),
        (delegation(typ="trust-mark+jwt"), InvalidJwt),
        (delegation(typ=None), InvalidJwt),
        (delegation(by=MARKS), InvalidKeys),
        (delegation(by=builder.key("stranger", f"of-{OWNER}")), InvalidSignature),
        ("x", InvalidJwt),
        (1, InvalidJwt),
    ],
)
def test_a_leave_that_is_not_the_owners_for_this_issuer_and_type_is_none(token, error):
    with pytest.raises(error):
        validate(mark(OWNED, delegation=token))


def test_a_leave_nobody_can_verify_is_refused():
    """The anchor knows no owner of the type, so no keys to try the delegation with."""
    with pytest.raises(InvalidTrustMark):
        validate(mark(delegation=delegation(trust_mark_type=TYPE)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)
names = st.sampled_from(["iss", "sub", "iat", "exp", "trust_mark_type", "delegation", "nbf"])


@given(st.dictionaries(names, json_values | st.just(delegation())))
def test_any_claims_are_a_mark_or_refused(claims):
    try:
        validate(mark(OWNED, **claims))
    except FederationError as error:
        assert error.reason
