"""A signed JWT is what its type says, with a header that leaves nothing to choose."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from idp.crypto import base64url
from idp.federation import jwks, signed
from idp.federation.errors import FederationError, InvalidJwt, InvalidSignature
from idp.federation.rules import Rules
from idp.federation.signed import Typ
from tests.federation import builder

CLAIMS = {"iss": builder.ANCHOR}
MARK = Typ.TRUST_MARK
KEYS = jwks.parse(builder.jwks("one"))


def mark(claims=CLAIMS, by="one", typ="trust-mark+jwt", **header):
    return builder.sign(claims, by, typ, **header)


def test_what_is_signed_is_read_and_verified():
    read = signed.read(signed.sign(CLAIMS, MARK, builder.key("one")), MARK)
    assert (read.claims, read.kid, read.alg) == (CLAIMS, "of-one", "ES256")
    signed.verify(read, KEYS.find(read.kid, read.alg))


def test_rsa_keys_sign_ps256_and_peers_may_sign_rs256():
    rsa = builder.rsa(2048)
    keys = jwks.parse(builder.jwks(rsa))
    for token in (signed.sign(CLAIMS, MARK, rsa), mark(by=rsa, alg="RS256")):
        read = signed.read(token, MARK)
        signed.verify(read, keys.find(read.kid, read.alg))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": None}, "typ"),
        ({"typ": "JWT"}, "typ"),
        ({"typ": "entity-statement+jwt"}, "typ"),
        ({"typ": "application/trust-mark+jwt"}, "typ"),
        ({"typ": ["trust-mark+jwt"]}, "typ"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "ES384"}, "alg"),
        ({"alg": "EdDSA"}, "alg"),
        ({"alg": ["ES256"]}, "alg"),
        ({"kid": None}, "kid"),
        ({"kid": ""}, "kid"),
        ({"kid": 1}, "kid"),
        ({"jwk": builder.jwk(builder.key("one"))}, "header"),
        ({"jku": "https://a.example/jwks"}, "header"),
        ({"x5u": "https://a.example/x5u"}, "header"),
        ({"x5c": []}, "header"),
        ({"crit": ["exp"]}, "header"),
        ({"b64": False}, "header"),
    ],
)
def test_a_header_that_says_something_else_is_refused(header, reason):
    head = {"typ": "trust-mark+jwt", "alg": "ES256", "kid": "of-one"} | header
    text = json.dumps({name: value for name, value in head.items() if value is not None})
    token = builder.serialize(text, json.dumps(CLAIMS), builder.key("one"), "ES256")
    with pytest.raises(InvalidJwt) as failure:
        signed.read(token, MARK)
    assert failure.value.reason == reason


@pytest.mark.parametrize("name", ["trust_chain", "peer_trust_chain"])
def test_an_entity_statement_carries_no_chain(name):
    token = builder.sign(CLAIMS, "one", **{name: []})
    with pytest.raises(InvalidJwt):
        signed.read(token, Typ.ENTITY_STATEMENT)


def test_other_headers_do_not_matter_and_may_be_long():
    chain = ["x" * 1000] * 4
    read = signed.read(mark(trust_chain=chain, note="seen"), MARK)
    signed.verify(read, KEYS.find(read.kid, read.alg))
    assert read.header["trust_chain"] == chain


@pytest.mark.parametrize("typ", list(Typ))
@pytest.mark.parametrize("other", list(Typ))
def test_no_type_passes_for_another(typ, other):
    token = signed.sign(CLAIMS, typ, builder.key("one"))
    if typ is other:
        signed.read(token, other)
        return
    with pytest.raises(InvalidJwt):
        signed.read(token, other)


@pytest.mark.parametrize(
    "payload",
    [
        '{"iss":"https://a.example","iss":"https://b.example"}',
        '{"jwks":{"keys":[],"keys":[]}}',
        '{"metadata":{"a":{"b":{"value":1,"value":2}}}}',
        '{"iat":NaN}',
        '{"iat":1e999}',
        '{"sub":"\\ud800"}',
        '{"iat":01}',
        '["iss"]',
        '"iss"',
        "",
        "[" * 5000 + "]" * 5000,
        '{"a":' * 1020 + "1" + "}" * 1020,
        '{"a":' + "[" * 40 + "]" * 40 + "}",
    ],
)
def test_json_that_two_parsers_may_read_differently_is_refused(payload):
    with pytest.raises(InvalidJwt):
        signed.read(mark(payload), MARK)


def test_a_key_without_a_kid_signs_nothing():
    with pytest.raises(InvalidJwt):
        signed.sign(CLAIMS, MARK, ECKey.generate_key("P-256"))


def test_what_others_wrote_breaks_no_line_of_a_log():
    with pytest.raises(FederationError) as failure:
        raise FederationError("reason", "one\ntwo" * 100)
    assert "\n" not in str(failure.value)
    assert len(str(failure.value)) < 250


def test_a_header_member_may_not_be_there_twice():
    head = '{"typ":"trust-mark+jwt","alg":"none","alg":"ES256","kid":"of-one"}'
    with pytest.raises(InvalidJwt):
        signed.read(builder.serialize(head, "{}", builder.key("one"), "ES256"), MARK)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + ".x",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token + "=",
        lambda token: token.rpartition(".")[0],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.encode(),
        lambda token: None,
        lambda token: "{}",
        lambda token: "a.b.c",
        lambda token: "." + token,
    ],
)
def test_another_form_is_refused(change):
    with pytest.raises(InvalidJwt):
        signed.read(change(mark()), MARK)


def test_a_jwt_has_one_spelling():
    """The spare bits of the last letter are zero."""
    head, payload, signature = mark({"a": 1}).split(".")
    assert len(base64url.decode(payload)) % 3
    other = chr(ord(payload[-1]) + 1)
    with pytest.raises(InvalidJwt):
        signed.read(".".join((head, payload[:-1] + other, signature)), MARK)


def test_a_long_jwt_is_refused_before_it_is_read():
    with pytest.raises(InvalidJwt) as failure:
        signed.read("x" * 2000, MARK, Rules(max_size=1000))
    assert failure.value.reason == "size"


def test_a_signature_by_another_key_does_not_verify():
    read = signed.read(mark(by=builder.key("two", "of-one")), MARK)
    with pytest.raises(InvalidSignature):
        signed.verify(read, KEYS.find("of-one", "ES256"))


def test_changed_claims_do_not_verify():
    head, _, signature = mark().split(".")
    payload = base64url.encode(json.dumps({"iss": "https://evil.example"}).encode())
    read = signed.read(f"{head}.{payload}.{signature}", MARK)
    with pytest.raises(InvalidSignature):
        signed.verify(read, KEYS.find("of-one", "ES256"))


@given(st.binary() | st.text(), st.binary(), st.binary())
def test_any_bytes_are_read_or_refused(whole, head, payload):
    for token in (whole, ".".join(map(base64url.encode, (head, payload, b"s")))):
        with pytest.raises(FederationError):
            signed.read(token, MARK)
