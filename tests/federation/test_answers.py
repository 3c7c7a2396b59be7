"""What endpoints answer is believed for what was asked, from whom it was asked."""

import pytest

from idp.federation import answers, jwks
from idp.federation.errors import (
    FederationError,
    InvalidAnswer,
    InvalidJwt,
    InvalidKeys,
    InvalidMetadata,
    InvalidSignature,
)
from idp.federation.trust_marks import Status
from tests.federation import builder
from tests.federation.builder import ANCHOR, DAY, GATEWAY, MARKS, NOW, PROVINCE

RESOLVED, STATUS, KEYS = (
    "resolve-response+jwt",
    "trust-mark-status-response+jwt",
    "jwk-set+jwt",
)
MARK = "eyJ.eyJ.c2ln"


def resolved(by=ANCHOR, typ=RESOLVED, **claims):
    default = {
        "iss": ANCHOR,
        "sub": GATEWAY,
        "iat": NOW,
        "exp": NOW + 3600,
        "metadata": {"openid_provider": {"issuer": GATEWAY}},
        "trust_chain": [builder.configuration(GATEWAY)],
    }
    return builder.sign(builder.without(default | claims), by, typ)


def status(typ=STATUS, **claims):
    default = {"iss": MARKS, "iat": NOW, "trust_mark": MARK, "status": "active"}
    return builder.sign(builder.without(default | claims), MARKS, typ)


def past(*keys, **claims):
    default = {"iss": ANCHOR, "iat": NOW, "keys": list(keys)}
    return builder.sign(builder.without(default | claims), ANCHOR, KEYS)


def old(kid="old", **members):
    return builder.jwk(builder.key(kid, kid)) | {"exp": NOW} | members


def test_a_resolve_response_is_read_and_verified():
    read = answers.parse_resolve_response(resolved())
    assert (read.iss, read.sub, len(read.trust_chain)) == (ANCHOR, GATEWAY, 1)
    answers.check_now(read.lifetime, NOW)
    answers.verify(read.signed, jwks.parse(builder.jwks(ANCHOR)))
    with pytest.raises(InvalidAnswer):
        answers.check_now(read.lifetime, NOW + DAY)
    with pytest.raises(InvalidKeys):
        answers.verify(read.signed, jwks.parse(builder.jwks(PROVINCE)))
    forged = answers.parse_resolve_response(resolved(by=builder.key("x", f"of-{ANCHOR}")))
    with pytest.raises(InvalidSignature):
        answers.verify(forged.signed, jwks.parse(builder.jwks(ANCHOR)))


@pytest.mark.parametrize(
    "claims",
    [
        {"trust_chain": ...},
        {"trust_chain": []},
        {"trust_chain": "x"},
        {"trust_chain": [1]},
        {"trust_chain": ["x"] * 11},
        {"iss": ...},
        {"sub": "x"},
        {"iat": ...},
        {"exp": ...},
        {"aud": GATEWAY},
        {"aud": None},
        {"metadata": ...},
        {"metadata": {"openid_provider": {"issuer": None}}},
    ],
)
def test_a_resolve_response_has_its_form(claims):
    with pytest.raises((InvalidAnswer, InvalidMetadata)):
        answers.parse_resolve_response(resolved(**claims))


@pytest.mark.parametrize("typ", [None, "JWT", "entity-statement+jwt", STATUS, KEYS])
def test_a_resolve_response_is_typed(typ):
    with pytest.raises(InvalidJwt):
        answers.parse_resolve_response(resolved(typ=typ))


def test_a_resolve_response_for_somebody_is_for_nobody_else():
    answers.parse_resolve_response(resolved(aud=PROVINCE), audience=PROVINCE)
    for audience in (PROVINCE, [GATEWAY], [GATEWAY, PROVINCE]):
        with pytest.raises(InvalidAnswer):
            answers.parse_resolve_response(resolved(aud=audience), audience=GATEWAY)


@pytest.mark.parametrize("value", list(Status))
def test_a_status_is_of_the_mark_that_was_asked_about(value):
    assert answers.parse_status(status(status=str(value)), MARK).status is value
    with pytest.raises(InvalidAnswer) as failure:
        answers.parse_status(status(), MARK + "x")
    assert failure.value.reason == "trust_mark"


@pytest.mark.parametrize(
    "claims",
    [{"status": ...}, {"status": "fine"}, {"status": []}, {"iat": ...}, {"iss": ...}],
)
def test_a_status_has_its_form(claims):
    with pytest.raises(InvalidAnswer):
        answers.parse_status(status(**claims), MARK)


def test_a_status_is_typed():
    with pytest.raises(InvalidJwt):
        answers.parse_status(status(typ="trust-mark+jwt"), MARK)


@pytest.mark.parametrize(
    ("members", "at", "counts"),
    [
        ({}, NOW - 1, True),
        ({}, NOW, False),
        ({"iat": NOW - 9}, NOW - 10, False),
        ({"nbf": NOW - 9}, NOW - 9, True),
        ({"revoked": {"revoked_at": NOW - 9, "reason": "superseded"}}, NOW - 10, True),
        ({"revoked": {"revoked_at": NOW - 9, "reason": "superseded"}}, NOW - 9, False),
        ({"revoked": {"revoked_at": NOW - 9}}, NOW - 10, True),
        ({"revoked": {"revoked_at": NOW - 9, "reason": "compromised"}}, NOW - 10, False),
        ({"revoked": {"revoked_at": NOW - 9, "reason": "of another kind"}}, NOW - 10, False),
    ],
)
def test_a_key_of_the_past_counts_for_its_time(members, at, counts):
    read = answers.parse_historical_keys(past(old(**members)))
    assert read.keys["old"].counted(at) is counts


@pytest.mark.parametrize(
    "token",
    [
        past(old(exp="x")),
        past({name: value for name, value in old().items() if name != "exp"}),
        past(old(revoked=None)),
        past(old(revoked={})),
        past(old(revoked={"revoked_at": True})),
        past(old(), old()),
        past(old(d="AAAA")),
        past(),
        past(old(), iss=...),
        past(old(), iat=...),
        past(old(), keys=...),
    ],
)
def test_historical_keys_have_their_form(token):
    with pytest.raises(FederationError):
        answers.parse_historical_keys(token)


def test_protocol_keys_are_vouched_for_by_their_owner():
    def signed_jwks(**claims):
        default = {"iss": GATEWAY, "sub": GATEWAY, "keys": builder.jwks("signing")["keys"]}
        return builder.sign(builder.without(default | claims), GATEWAY, KEYS)

    read = answers.parse_signed_jwks(signed_jwks(), GATEWAY)
    answers.verify(read, jwks.parse(builder.jwks(GATEWAY)))
    with pytest.raises(InvalidKeys):
        answers.verify(read, jwks.parse(builder.jwks("signing")))
    for claims in ({"iss": PROVINCE}, {"sub": PROVINCE}, {"sub": ...}, {"keys": []}):
        with pytest.raises(FederationError):
            answers.parse_signed_jwks(signed_jwks(**claims), GATEWAY)
