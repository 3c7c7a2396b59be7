"""JSON and base64url read so that everybody reads the same (RFC 7493, RFC 8259 §4, RFC 7515 §2)."""

import json
from collections.abc import Iterable
from typing import Any

import orjson

from idp.crypto import base64url

MAX_DEPTH = 32


def loads(raw: bytes) -> Any:
    """Raises ValueError for duplicate members and whatever else two parsers may see differently."""
    # orjson refuses lone surrogates, NaN, infinite numbers and broken UTF-8, but no duplicates.
    _check_depth(orjson.loads(raw))
    return json.loads(raw, object_pairs_hook=_once_each)


def decode(text: str) -> bytes:
    """Raises ValueError for any text that is not the one way to write these bytes."""
    raw = base64url.decode(text)
    if base64url.encode(raw) != text:
        raise ValueError("base64url")
    return raw


def header(token: str) -> dict[str, Any]:
    """The header of a JWT in compact form. Raises ValueError."""
    members = loads(decode(token.partition(".")[0]))
    if not isinstance(members, dict):
        raise ValueError("header")
    return members


def _check_depth(value: Any) -> None:
    """Layer by layer, so that a deep value does not exhaust the stack that looks at it."""
    layer = [value]
    for _ in range(MAX_DEPTH):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return
    raise ValueError("depth")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members
