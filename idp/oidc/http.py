"""The protocol's own idea of a request and a response: values, free of any framework.

``views.py`` turns Flask's into these and back; another adapter could serve the same
endpoints below Flask.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

import orjson

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
JSON = ("Content-Type", "application/json")
HTML = ("Content-Type", "text/html; charset=utf-8")
FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 64
MAX_KEPT = 16 * 1024
"""Letters of a request we keep for a browser; more is nothing an honest portal sends."""
KEPT_FOR = timedelta(minutes=2)
"""How long a posted request waits for the browser's GET."""


class Params(NamedTuple):
    """Parameters without repeats; what was repeated is named, and refused where it matters."""

    values: Mapping[str, str]
    repeated: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Params":
        """RFC 6749 §3.1: a parameter without a value counts as omitted.

        Raises ValueError for more fields than any honest request has.
        """
        if not text:
            return EMPTY
        values: dict[str, str] = {}
        repeated: set[str] = set()
        pairs = text.split("&")
        if len(pairs) > MAX_FIELDS:
            raise ValueError("too many fields")
        for pair in pairs:
            name, _, value = pair.partition("=")
            if "%" in pair or "+" in pair:  # most need no decoding
                name, value = unquote_plus(name), unquote_plus(value)
            if name in values:
                repeated.add(name)
            elif value:
                values[name] = value
        return cls(values, frozenset(repeated))

    @property
    def size(self) -> int:
        """Letters in all names and values."""
        return sum(map(len, self.values)) + sum(map(len, self.values.values()))


EMPTY = Params({})


class Request(NamedTuple):
    method: str
    query: Params = EMPTY
    form: Params = EMPTY
    authorization: str = ""
    origin: str = ""


class Response(NamedTuple):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def plus(self, *headers: tuple[str, str]) -> "Response":
        return Response(self.status, self.body, self.headers + headers)


@dataclass(frozen=True, slots=True)
class FormPost:
    """OAuth 2.0 Form Post Response Mode: a page that posts ``fields`` to ``action``."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ours, by template; ``frames`` and ``form_action`` open the CSP that far."""

    template: str
    context: dict[str, Any]
    status: int = 200
    frames: tuple[str, ...] = ()
    form_action: str = ""


def json_response(value: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, orjson.dumps(value), (JSON, *NO_STORE, *headers))


def redirect(url: str, status: int = 303) -> Response:
    return Response(status, b"", (HTML, ("Location", url), *NO_STORE))


def with_params(url: str, params: Mapping[str, str]) -> str:
    """``url`` with ``params``, whose names are plain, added to the query it was registered with."""
    joint = "&" if "?" in url else "?"
    return url + joint + "&".join([f"{name}={_encoded(value)}" for name, value in params.items()])


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


def _encoded(value: str) -> str:
    """application/x-www-form-urlencoded; most values need none of it."""
    return value if _PLAIN.fullmatch(value) else quote_plus(value)
