"""The Chinese suite: SM4-GCM (GB/T 32907) and HMAC-SM3 (GB/T 32905)."""

import os
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

from idp.crypto.suites.base import Suite

_SALT, _NONCE, _TAG = 12, 12, 16
_HEAD = _SALT + _NONCE
_KEY = 16


class Gm(Suite):
    """As in ``Intl``, each value has a key of its own, derived from a random salt."""

    name: ClassVar[str] = "gm"
    digest = hashes.SM3()

    @staticmethod
    def encrypt(key: bytes, text: bytes, context: bytes) -> bytes:
        head = os.urandom(_HEAD)
        cipher = _cipher(key, head, modes.GCM(head[_SALT:])).encryptor()
        cipher.authenticate_additional_data(context)
        return head + cipher.update(text) + cipher.finalize() + cipher.tag

    @staticmethod
    def decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
        head, tag = sealed[:_HEAD], sealed[_HEAD:][-_TAG:]
        if len(sealed) < _HEAD + _TAG:
            raise ValueError("the value is too short")
        cipher = _cipher(key, head, modes.GCM(head[_SALT:], tag)).decryptor()
        cipher.authenticate_additional_data(context)
        try:
            return cipher.update(sealed[_HEAD:-_TAG]) + cipher.finalize()
        except InvalidTag:
            raise ValueError("the value was changed or belongs elsewhere") from None

    @staticmethod
    def mac(key: bytes, data: bytes) -> bytes:
        mac = HMAC(key, hashes.SM3())
        mac.update(data)
        return mac.finalize()


def _cipher(key: bytes, head: bytes, mode: modes.GCM) -> Cipher[modes.GCM]:
    return Cipher(algorithms.SM4(Gm.mac(key, head[:_SALT])[:_KEY]), mode)
