"""What two nodes say that nobody between them may read: signed by one, encrypted to the other.

Both keys are those of the relying parties the nodes are, as their chains have them (RFC 7519
§11.2).
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from idp.federation import strict
from idp.federation.chains import TrustChain
from idp.federation.errors import InvalidJwt, InvalidSignature

ALG, ENC = "ECDH-ES+A256KW", "A256GCM"
_PARTY = "openid_relying_party"
_JWE = jwe.JWERegistry(algorithms=[ALG, ENC])
_LONGEST = 8192


def seal(claims: Mapping[str, Any], typ: str, key: Key, receiver: TrustChain) -> str:
    """Raises InvalidJwt where the receiver has no key to encrypt to."""
    header = {"alg": "ES256", "kid": key.kid, "typ": typ}
    signed = jws.serialize_compact(header, orjson.dumps(claims), key, algorithms=["ES256"])
    for to in _keys(receiver):
        if to.get("use") == "enc" and to.get("alg") in (None, ALG):
            outer = {"alg": ALG, "enc": ENC, "cty": typ, "kid": to.kid or ""}
            return jwe.encrypt_compact(outer, signed, to, registry=_JWE)
    raise InvalidJwt("enc", receiver.subject)


def opened(token: str, private: Callable[[str], Any]) -> str:
    """The signed letter inside. Raises InvalidJwt."""
    if len(token) > _LONGEST:
        raise InvalidJwt("size")
    try:
        key = private(str(strict.header(token).get("kid", "")))
        if key is None:
            raise InvalidJwt("kid")
        return (jwe.decrypt_compact(token, key, registry=_JWE).plaintext or b"").decode("ascii")
    except (JoseError, ValueError) as error:
        raise InvalidJwt("jwe") from error


def issuer(signed: str) -> str:
    """Who says they wrote it; believed once it is verified. Raises InvalidJwt."""
    try:
        claims = strict.loads(strict.decode(signed.split(".")[1]))
    except (ValueError, IndexError) as error:
        raise InvalidJwt("form") from error
    found = claims.get("iss") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else ""


def verified(signed: str, typ: str, sender: TrustChain) -> Mapping[str, Any]:
    """What it says, by a key of the sender's. Raises FederationError."""
    try:
        header = strict.header(signed)
        if header.get("typ") != typ or header.get("alg") != "ES256" or "crit" in header:
            raise InvalidJwt("typ", typ)
        for key in _keys(sender):
            if key.kid == header.get("kid") and key.get("use") in (None, "sig"):
                payload = jws.deserialize_compact(signed, key, algorithms=["ES256"]).payload
                claims = strict.loads(payload)
                if isinstance(claims, dict) and claims.get("iss") == sender.subject:
                    return claims
    except (JoseError, ValueError) as error:
        raise InvalidSignature("letter", sender.subject) from error
    raise InvalidSignature("letter", sender.subject)


def _keys(chain: TrustChain) -> list[Key]:
    try:
        jwks: Any = chain.metadata.get(_PARTY, {}).get("jwks")
        return KeySet.import_key_set(jwks).keys
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return []
