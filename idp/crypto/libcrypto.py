"""SM2 by the system's OpenSSL: the one place that speaks to a C library.

``cryptography`` does not offer SM2, and what PyPI has neither hides how long a signature takes
nor runs on ARM as it comes: docs/decisions/sm2-comes-from-openssl.md.
"""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from functools import cache
from typing import Any, Self

from idp.crypto.errors import Sm2Missing

SIZE = 32
"""Bytes of a private key, of a digest and of each coordinate of a public key."""
_NAMES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib")
_LONGEST_SIGNATURE = 72
_PRIVATE = bytes.fromhex("30310201010420")
"""ECPrivateKey (RFC 5915 §3) as far as the key itself ..."""
_ON_SM2 = bytes.fromhex("a00a06082a811ccf5501822d")
"""... and after it the curve: 1.2.156.10197.1.301."""
_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""SubjectPublicKeyInfo (RFC 5480 §2) as far as the point."""

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "d2i_AutoPrivateKey": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "i2d_PUBKEY": (c_int, (c_void_p, POINTER(c_void_p))),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new": (c_void_p, (c_void_p, c_void_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_sign_init": (c_int, (c_void_p,)),
    "EVP_PKEY_sign": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_PKEY_verify_init": (c_int, (c_void_p,)),
    "EVP_PKEY_verify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "ERR_clear_error": (None, ()),
}


@cache
def _library() -> Any:
    """The library Python itself uses where that is a shared one. Raises Sm2Missing."""
    for name in _NAMES:
        try:
            found = ctypes.CDLL(name)
            for function, (answer, arguments) in _FUNCTIONS.items():
                prototype = getattr(found, function)
                prototype.restype, prototype.argtypes = answer, arguments
        except (OSError, AttributeError):
            continue
        return found
    raise Sm2Missing(f"none of {', '.join(_NAMES)} can be loaded")


class Sm2:
    """A private or public key on the curve sm2p256v1. Threads may share it."""

    def __init__(self, reader: str, der: bytes):
        self._library = _library()
        self._key = getattr(self._library, reader)(None, byref(c_char_p(der)), len(der))
        if not self._key:
            self._library.ERR_clear_error()
            raise ValueError("not a key on sm2p256v1")
        self.private = reader == "d2i_AutoPrivateKey"

    @classmethod
    def of_number(cls, number: bytes) -> Self:
        return cls("d2i_AutoPrivateKey", _PRIVATE + number + _ON_SM2)

    @classmethod
    def of_point(cls, point: bytes) -> Self:
        """Refuses what is not on the curve."""
        return cls("d2i_PUBKEY", _PUBLIC + point)

    def __del__(self) -> None:
        if getattr(self, "_key", None):
            self._library.EVP_PKEY_free(self._key)

    @property
    def point(self) -> bytes:
        """The public key: both coordinates."""
        room = ctypes.create_string_buffer(len(_PUBLIC) + 2 * SIZE)
        where = c_void_p(ctypes.addressof(room))
        if self._library.i2d_PUBKEY(self._key, byref(where)) != len(room):
            raise Sm2Missing("OpenSSL writes a public key in another form")
        return room.raw[len(_PUBLIC) :]

    def sign(self, digest: bytes) -> bytes:
        """A signature of 32 bytes, in DER."""
        room, length = ctypes.create_string_buffer(_LONGEST_SIGNATURE), c_size_t(_LONGEST_SIGNATURE)
        with _Operation(self._library, self._key) as context:
            begun = self._library.EVP_PKEY_sign_init(context)
            done = begun == 1 and self._library.EVP_PKEY_sign(
                context, room, byref(length), digest, len(digest)
            )
        if done != 1:
            raise Sm2Missing("OpenSSL would not sign")
        return room.raw[: length.value]

    def verify(self, digest: bytes, signature: bytes) -> bool:
        """Whether ``signature``, in DER, is this key's."""
        with _Operation(self._library, self._key) as context:
            begun = self._library.EVP_PKEY_verify_init(context)
            done = begun == 1 and self._library.EVP_PKEY_verify(
                context, signature, len(signature), digest, len(digest)
            )
            if done != 1:
                # What OpenSSL says of it would be taken for a failure of the thread's next TLS.
                self._library.ERR_clear_error()
        return bool(done == 1)


class _Operation:
    """OpenSSL's context for one operation, freed whatever happens."""

    def __init__(self, library: Any, key: Any):
        self._library = library
        self._context = library.EVP_PKEY_CTX_new(key, None)

    def __enter__(self) -> Any:
        return self._context

    def __exit__(self, *error: object) -> None:
        self._library.EVP_PKEY_CTX_free(self._context)
