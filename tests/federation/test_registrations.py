"""An explicit registration is between one relying party and one provider."""

import pytest

from idp.federation import chains, jwks, registrations, statements
from idp.federation.chains import Anchor
from idp.federation.errors import (
    FederationError,
    InvalidJwt,
    InvalidKeys,
    InvalidRegistration,
    InvalidSignature,
    InvalidStatement,
)
from tests.federation import builder
from tests.federation.builder import ANCHOR, DAY, GATEWAY, NOW, PROVINCE

PORTAL = "https://portal.prov-b.gov.example"
ANCHORS = {ANCHOR: Anchor(ANCHOR, jwks.parse(builder.jwks(ANCHOR)))}
CLIENT = {"openid_relying_party": {"client_id": PORTAL, "redirect_uris": [PORTAL + "/cb"]}}
TYP = "explicit-registration-response+jwt"


def trusted(entity, **about):
    tokens = [
        builder.configuration(entity, ANCHOR),
        builder.statement(ANCHOR, entity, **about),
        builder.configuration(ANCHOR),
    ]
    return chains.validate(chains.parse(tokens), ANCHORS, NOW)


OWN, PROVIDER = trusted(PORTAL), trusted(GATEWAY)


def request(by=PORTAL, **claims):
    default = {"aud": GATEWAY, "metadata": {"openid_relying_party": {}}}
    return builder.sign(builder.configuration_claims(PORTAL, ANCHOR, **(default | claims)), by)


def response(by=GATEWAY, typ=TYP, **claims):
    default = {
        "iss": GATEWAY,
        "sub": PORTAL,
        "aud": PORTAL,
        "iat": NOW,
        "exp": NOW + 3600,
        "trust_anchor": ANCHOR,
        "authority_hints": [ANCHOR],
        "metadata": CLIENT,
    }
    return builder.sign(builder.without(default | claims), by, typ)


def read(token, own=OWN, provider=PROVIDER, now=NOW):
    return registrations.parse_response(token, own, provider, now)


def test_a_request_is_the_relying_partys_configuration_for_one_provider():
    made = registrations.parse_request(request(), GATEWAY)
    chain = [made, *chains.parse([builder.statement(ANCHOR, PORTAL)])]
    assert chains.validate(chain, ANCHORS, NOW).subject == PORTAL
    with pytest.raises(InvalidStatement):
        statements.parse(request())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ...},
        {"aud": PROVINCE},
        {"aud": [GATEWAY]},
        {"aud": [GATEWAY, PROVINCE]},
        {"authority_hints": ...},
        {"authority_hints": []},
        {"metadata": ...},
        {"metadata": {"openid_provider": {"issuer": PORTAL}}},
        {"trust_anchor": ANCHOR},
        {"sub": PROVINCE},
    ],
)
def test_a_request_has_its_form(claims):
    with pytest.raises((InvalidRegistration, InvalidStatement)):
        registrations.parse_request(request(**claims), GATEWAY)


def test_a_response_says_what_was_registered_and_until_when():
    found = read(response(jwks=builder.jwks(PORTAL)))
    assert (found.client, found.expires) == (CLIENT["openid_relying_party"], NOW + 3600)


def test_a_registration_ends_with_either_chain():
    long = response(exp=NOW + 9 * DAY)
    assert read(long, own=trusted(PORTAL, exp=NOW + 99)).expires == NOW + 99
    assert read(long, provider=trusted(GATEWAY, exp=NOW + 88)).expires == NOW + 88


def test_a_registration_under_a_chain_that_has_ended_is_none():
    with pytest.raises(InvalidRegistration):
        read(response(exp=NOW + 9 * DAY), own=trusted(PORTAL, exp=NOW + 99), now=NOW + 159)


def test_both_chains_end_at_the_anchor_that_is_named():
    elsewhere = "https://ta.other.example"
    anchors = {elsewhere: Anchor(elsewhere, jwks.parse(builder.jwks(elsewhere)))}
    tokens = [builder.configuration(GATEWAY, elsewhere), builder.statement(elsewhere, GATEWAY)]
    provider = chains.validate(chains.parse(tokens), anchors, NOW)
    with pytest.raises(InvalidRegistration):
        read(response(), provider=provider)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": PROVINCE},
        {"sub": GATEWAY},
        {"aud": ...},
        {"aud": [PORTAL]},
        {"aud": GATEWAY},
        {"trust_anchor": ...},
        {"trust_anchor": PROVINCE},
        {"authority_hints": ...},
        {"authority_hints": []},
        {"authority_hints": [PROVINCE]},
        {"authority_hints": [ANCHOR, PROVINCE]},
        {"iat": ...},
        {"iat": NOW + 61},
        {"exp": ...},
        {"exp": NOW - 60, "iat": NOW - 99},
        {"crit": ["jti"], "jti": "1"},
        {"jwks": {"keys": []}},
        {"metadata": ...},
        {"metadata": {}},
        {"metadata": {"openid_relying_party": {}}},
        {"metadata": {"openid_relying_party": {"client_id": None}}},
    ],
)
def test_a_response_has_its_form(claims):
    with pytest.raises(FederationError):
        read(response(**claims))


@pytest.mark.parametrize("typ", [None, "JWT", "entity-statement+jwt"])
def test_a_response_is_typed(typ):
    with pytest.raises(InvalidJwt):
        read(response(typ=typ))


def test_a_response_is_signed_by_the_provider():
    with pytest.raises(InvalidKeys):
        read(response(by=ANCHOR))
    with pytest.raises(InvalidSignature):
        read(response(by=builder.key("stranger", f"of-{GATEWAY}")))
