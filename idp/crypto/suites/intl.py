"""The international suite: AES-256-GCM (SP 800-38D) and HMAC-SHA-256 (RFC 2104)."""

import hmac
import os
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.crypto.suites.base import Suite

_SALT, _NONCE = 12, 12
_HEAD = _SALT + _NONCE


class Intl(Suite):
    """Each value has a key of its own, derived from a random salt.

    A key used with random 96-bit nonces may seal 2^32 values (SP 800-38D §8.3); a busy
    node's audit trail gets there within a year. With 192 random bits that limit is gone.
    """

    name: ClassVar[str] = "intl"
    digest = hashes.SHA256()

    @staticmethod
    def encrypt(key: bytes, text: bytes, context: bytes) -> bytes:
        head = os.urandom(_HEAD)
        cipher = AESGCM(hmac.digest(key, head[:_SALT], "sha256"))
        return head + cipher.encrypt(head[_SALT:], text, context)

    @staticmethod
    def decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
        head = sealed[:_HEAD]
        cipher = AESGCM(hmac.digest(key, head[:_SALT], "sha256"))
        try:
            return cipher.decrypt(head[_SALT:], sealed[_HEAD:], context)
        except InvalidTag:
            raise ValueError("the value was changed or belongs elsewhere") from None

    @staticmethod
    def mac(key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, "sha256")
