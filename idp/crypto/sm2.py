"""``SGD_SM3_SM2`` (GM/T 0125): SM2 signatures over SM3 (GB/T 32918.2), in joserfc's terms.

The key is an EC key on a curve of its own, the signature R and S side by side, the signer's
name the default of GM/T 0009.
"""

import secrets
from typing import Any, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from idp.crypto import base64url
from idp.crypto.errors import Sm2Missing
from idp.crypto.libcrypto import SIZE, Sm2

ALG, CURVE = "SGD_SM3_SM2", "sm2p256v1"
USER_ID = b"1234567812345678"
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_CURVE = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
"""a, b, and the base point (GB/T 32918.5)."""
_SIGNER = (8 * len(USER_ID)).to_bytes(2) + USER_ID + _CURVE


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def require() -> None:
    """Raise Sm2Missing where this machine's OpenSSL cannot do it, before anybody asks."""
    try:
        key = Sm2Key.generate_key()
    except ValueError:
        raise Sm2Missing("this machine's OpenSSL was built without SM2") from None
    _algorithm.sign(b"", key)


class _Raw:
    """What OpenSSL holds, and the digest that stands for signer and curve in every signature."""

    def __init__(self, held: Sm2):
        self.held = held
        self.point = held.point
        self._signer = sm3(_SIGNER + self.point)

    def digest(self, message: bytes) -> bytes:
        """GB/T 32918.2 §6.1, A1 and A2."""
        return sm3(self._signer + message)


class Sm2Key(ECKey):
    """Only JWKs: nobody hands us an SM2 key in another form."""

    @classmethod
    def import_key(cls, value: Any, parameters: Any = None, password: Any = None) -> Self:
        cls.validate_dict_key(value)
        if value["crv"] != CURVE:
            raise ValueError(f"not on {CURVE}")
        return cls(_held(value), value, parameters)

    @classmethod
    def generate_key(cls, *_: Any, **__: Any) -> Self:
        number = (secrets.randbelow(_ORDER - 2) + 1).to_bytes(SIZE)
        x, y = _halves(Sm2.of_number(number).point)
        written = {name: base64url.encode(v) for name, v in (("x", x), ("y", y), ("d", number))}
        return cls.import_key({"kty": "EC", "crv": CURVE, **written})

    @property
    def curve_name(self) -> str:
        return CURVE

    @property
    def is_private(self) -> bool:
        return self.public_key.held.private

    @property
    def public_key(self) -> Any:
        return self.raw_value

    @property
    def private_key(self) -> Any:
        return self.raw_value if self.is_private else None


class Sm2WithSm3(JWSAlgModel):
    name = ALG
    description = "SM2 with SM3 (GM/T 0125.2)"
    key_type = "EC"

    def check_key(self, key: Any) -> None:
        super().check_key(key)
        if not isinstance(key, Sm2Key):
            raise ValueError(f"{ALG} needs a key on {CURVE}")

    def sign(self, msg: bytes, key: Any) -> bytes:
        raw = key.get_op_key("sign")
        r, s = decode_dss_signature(raw.held.sign(raw.digest(msg)))
        return r.to_bytes(SIZE) + s.to_bytes(SIZE)

    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool:
        if len(sig) != 2 * SIZE:
            return False
        raw = key.get_op_key("verify")
        r, s = map(int.from_bytes, _halves(sig))
        return bool(raw.held.verify(raw.digest(msg), encode_dss_signature(r, s)))


_algorithm = Sm2WithSm3()
JWSRegistry.register(_algorithm)  # known by name; whoever verifies still names what is allowed


def _held(jwk: Any) -> Any:
    point = _coordinate(jwk, "x") + _coordinate(jwk, "y")
    if "d" not in jwk:
        return _Raw(Sm2.of_point(point))
    found = _Raw(Sm2.of_number(_coordinate(jwk, "d")))
    if found.point != point:
        raise ValueError("x and y belong to another d")
    return found


def _coordinate(jwk: Any, name: str) -> bytes:
    found = base64url.decode(jwk[name])
    if len(found) != SIZE:
        raise ValueError(f"{name} has not {SIZE} bytes")
    return found


def _halves(both: bytes) -> tuple[bytes, bytes]:
    return both[:SIZE], both[SIZE:]
