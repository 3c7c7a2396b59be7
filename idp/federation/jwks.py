"""Federation entity keys: the ``jwks`` claim, and the public keys behind its ``kid``s (§3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from idp.federation import strict
from idp.federation.errors import InvalidKeys

MAX_KEYS = 32

_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_RSA_BITS = range(2048, 8192 + 1)
_EXPONENT_BITS = 32  # a larger one makes verifying slow
_CURVES = ("P-256", "P-384", "P-521", "secp256k1")
_ALGORITHMS = {
    ("RSA", ""): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One JWK by value: two with the same material are equal, whatever else is said of them."""

    kty: str
    crv: str
    material: tuple[str, ...]
    """``n, e`` or ``x, y`` as they stand; empty for a kind of key we do not know."""

    def can(self, alg: str) -> bool:
        return alg in _ALGORITHMS.get((self.kty, self.crv), ())

    def load(self) -> Key:
        """The key as joserfc wants it, made once while it is in use anywhere."""
        return _load(self)


@dataclass(frozen=True, slots=True)
class Keys:
    """The verifying keys of an entity by ``kid``, each with the one ``alg`` it is meant for."""

    by_kid: Mapping[str, tuple[PublicKey, str]]

    def find(self, kid: str, alg: str) -> PublicKey:
        """Raises InvalidKeys when there is no key of that ``kid`` for that algorithm."""
        key, only = self.by_kid.get(kid, (None, ""))
        if key is None:
            raise InvalidKeys("unknown-kid", kid)
        if not key.can(alg) or only not in ("", alg):
            raise InvalidKeys("algorithm", kid)
        return key

    def both(self, other: "Keys") -> "Keys":
        """Those that the other set holds as well, under the same ``kid``."""
        shared = {
            kid: entry
            for kid, entry in self.by_kid.items()
            if kid in other.by_kid and other.by_kid[kid][0] == entry[0]
        }
        return Keys(MappingProxyType(shared))


def parse(value: object, most: int = MAX_KEYS) -> Keys:
    """A public JWK Set whose keys all have a ``kid`` of their own and are strong."""
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= most:
        raise InvalidKeys("jwks")
    found: dict[str, tuple[PublicKey, str]] = {}
    for jwk in listed:
        kid = jwk.get("kid") if isinstance(jwk, dict) else None
        if not isinstance(kid, str) or not kid:
            raise InvalidKeys("kid")
        if kid in found:
            raise InvalidKeys("duplicate-kid", kid)
        if any(member in jwk for member in _PRIVATE):
            raise InvalidKeys("private", kid)
        found[kid] = _entry(jwk, kid)
    return Keys(MappingProxyType(found))


def _entry(jwk: dict[str, Any], kid: str) -> tuple[PublicKey, str]:
    kty, alg = jwk.get("kty"), jwk.get("alg", "")
    if not isinstance(kty, str) or not isinstance(alg, str):
        raise InvalidKeys("jwk", kid)
    match kty:
        case "RSA":
            key = _rsa(jwk, kid)
        case "EC":
            key = _ec(jwk, kid)
        case _:  # somebody else may know it (RFC 7517 §5)
            key = PublicKey(kty, "", ())
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list):
        raise InvalidKeys("jwk", kid)
    for_signing = jwk.get("use", "sig") == "sig" and "verify" in operations
    return key, alg if for_signing else "no signatures"


def _rsa(jwk: dict[str, Any], kid: str) -> PublicKey:
    modulus, exponent = _number(jwk.get("n"), kid), _number(jwk.get("e"), kid)
    if modulus.bit_length() not in _RSA_BITS or exponent.bit_length() > _EXPONENT_BITS:
        raise InvalidKeys("strength", kid)
    return PublicKey("RSA", "", (jwk["n"], jwk["e"]))


def _ec(jwk: dict[str, Any], kid: str) -> PublicKey:
    if jwk.get("crv") not in _CURVES:
        raise InvalidKeys("strength", kid)
    _number(jwk.get("x"), kid), _number(jwk.get("y"), kid)
    return PublicKey("EC", jwk["crv"], (jwk["x"], jwk["y"]))


def _number(value: object, kid: str) -> int:
    if not isinstance(value, str) or not value:
        raise InvalidKeys("jwk", kid)
    try:
        return int.from_bytes(strict.decode(value))
    except ValueError as error:
        raise InvalidKeys("jwk", kid) from error


@lru_cache(maxsize=4096)
def _load(key: PublicKey) -> Key:
    try:
        if key.kty == "RSA":
            modulus, exponent = key.material
            loaded: Key = RSAKey.import_key({"kty": "RSA", "n": modulus, "e": exponent})
        else:
            x, y = key.material
            loaded = ECKey.import_key({"kty": "EC", "crv": key.crv, "x": x, "y": y})
        # A point off the curve, or an even exponent, shows only when the key is made.
        _ = loaded.public_key
    except (JoseError, ValueError, TypeError) as error:
        raise InvalidKeys("jwk") from error
    return loaded
