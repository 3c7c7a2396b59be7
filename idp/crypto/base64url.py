"""Bytes as base64url without padding (RFC 4648 §5), in one step: it is done all the time."""

from base64 import urlsafe_b64decode
from binascii import b2a_base64

_LETTERS = bytes.maketrans(b"+/", b"-_")


def encode(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).translate(_LETTERS, b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError for what is not base64."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
