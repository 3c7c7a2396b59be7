"""Which keys an entity may show, and which key verifies what."""

import pytest

from idp.crypto import base64url
from idp.federation import jwks
from idp.federation.errors import InvalidKeys
from tests.federation import builder

ONE = builder.jwk(builder.key("one"))
TWO = builder.jwk(builder.key("two"))
RSA = {"kty": "RSA", "kid": "rsa", "n": base64url.encode(b"\xff" * 256), "e": "AQAB"}
"""Looks like a key of 2048 bits."""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "jwks"),
        ([], "jwks"),
        ({}, "jwks"),
        ({"keys": {}}, "jwks"),
        ({"keys": []}, "jwks"),
        ({"keys": [ONE | {"kid": str(n)} for n in range(33)]}, "jwks"),
        ({"keys": ["x"]}, "kid"),
        ({"keys": [{k: v for k, v in ONE.items() if k != "kid"}]}, "kid"),
        ({"keys": [ONE | {"kid": ""}]}, "kid"),
        ({"keys": [ONE | {"kid": 1}]}, "kid"),
        ({"keys": [ONE, TWO | {"kid": ONE["kid"]}]}, "duplicate-kid"),
        ({"keys": [builder.key("one").as_dict(private=True)]}, "private"),
        ({"keys": [RSA | {"p": "AQAB"}]}, "private"),
        ({"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}, "private"),
        ({"keys": [{"kty": "OKP", "d": "AAAA", "kid": "a"}]}, "private"),
        ({"keys": [RSA | {"n": base64url.encode(b"\x7f" + b"\xff" * 255)}]}, "strength"),
        ({"keys": [RSA | {"n": "_" * 1400}]}, "strength"),
        ({"keys": [RSA | {"e": "_" * 400}]}, "strength"),
        ({"keys": [RSA | {"n": "not base64!"}]}, "jwk"),
        ({"keys": [RSA | {"n": None}]}, "jwk"),
        ({"keys": [ONE | {"crv": "P-192"}]}, "strength"),
        ({"keys": [ONE | {"crv": None}]}, "strength"),
        ({"keys": [ONE | {"x": "="}]}, "jwk"),
        ({"keys": [ONE | {"kty": 1}]}, "jwk"),
        ({"keys": [ONE | {"alg": 1}]}, "jwk"),
        ({"keys": [ONE | {"key_ops": 1}]}, "jwk"),
    ],
)
def test_a_set_with_one_bad_key_is_refused(value, reason):
    with pytest.raises(InvalidKeys) as failure:
        jwks.parse(value)
    assert failure.value.reason == reason


def test_a_key_is_found_by_its_kid_and_for_its_algorithm():
    keys = jwks.parse({"keys": [ONE, TWO, RSA]})
    assert keys.find(ONE["kid"], "ES256").material == (ONE["x"], ONE["y"])
    assert keys.find("rsa", "PS256") == keys.find("rsa", "RS256")


@pytest.mark.parametrize(
    ("change", "alg", "reason"),
    [
        ({}, "RS256", "algorithm"),
        ({"alg": "ES384"}, "ES256", "algorithm"),
        ({"use": "enc"}, "ES256", "algorithm"),
        ({"key_ops": ["sign"]}, "ES256", "algorithm"),
        ({"kid": "other"}, "ES256", "unknown-kid"),
        ({"kty": "OKP", "crv": "Ed25519"}, "EdDSA", "algorithm"),
        ({"crv": "P-384"}, "ES256", "algorithm"),
    ],
)
def test_a_key_for_something_else_verifies_nothing(change, alg, reason):
    keys = jwks.parse({"keys": [ONE | change]})
    with pytest.raises(InvalidKeys) as failure:
        keys.find(ONE["kid"], alg)
    assert failure.value.reason == reason


def test_a_point_that_is_not_on_the_curve_is_no_key():
    keys = jwks.parse({"keys": [ONE | {"y": TWO["y"]}]})
    with pytest.raises(InvalidKeys):
        keys.find(ONE["kid"], "ES256").load()


def test_a_key_object_is_made_once():
    first, again = (jwks.parse({"keys": [ONE]}).find(ONE["kid"], "ES256") for _ in range(2))
    assert first.load() is again.load()


def test_two_sets_share_the_keys_both_name_alike():
    mine = jwks.parse({"keys": [ONE, TWO]})
    theirs = jwks.parse({"keys": [ONE, builder.jwk(builder.key("new")) | {"kid": TWO["kid"]}]})
    assert list(mine.both(theirs).by_kid) == [ONE["kid"]]
