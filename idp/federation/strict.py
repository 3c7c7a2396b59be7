"""JSON and base64url read so that everybody reads the same (RFC 7493, RFC 8259 §4, RFC 7515 §2)."""

import json
from typing import Any

import orjson

from idp.crypto import base64url


def loads(raw: bytes) -> Any:
    """Raises ValueError for duplicate members and whatever else two parsers may see differently."""
    orjson.loads(raw)  # refuses lone surrogates, NaN, infinite numbers, depths, broken UTF-8
    try:
        return json.loads(raw, object_pairs_hook=_once_each)
    except RecursionError as error:
        raise ValueError("depth") from error


def decode(text: str) -> bytes:
    """Raises ValueError for any text that is not the one way to write these bytes."""
    raw = base64url.decode(text)
    if base64url.encode(raw) != text:
        raise ValueError("base64url")
    return raw


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members
