"""Authorization requests that a client has pushed (RFC 9126): kept for a minute, good once."""

import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import timedelta

from idp.oidc.errors import RequestExpired
from idp.oidc.http import Params
from idp.store import ephemeral

URN = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)
_KIND = "pushed-request"
_AUTHENTICATION = {"client_id", "client_secret", "client_assertion", "client_assertion_type"}

_TAKEN: ContextVar[tuple[str, Params] | None] = ContextVar("pushed", default=None)
"""What the short way has taken and left to the long one, within one request."""


def keep(values: Mapping[str, str], client_id: str) -> str:
    """The ``request_uri`` that stands for ``values``, without what authenticated their client."""
    asked = {name: value for name, value in values.items() if name not in _AUTHENTICATION}
    handle = secrets.token_urlsafe(32)
    ephemeral.put_sealed(_KIND, handle, {**asked, "client_id": client_id}, LIFETIME)
    return URN + handle


def named_by(query: Params) -> bool:
    """Whether the request is one of ours; others' addresses are not followed (``checks``)."""
    return query.values.get("request_uri", "").startswith(URN)


def take(query: Params) -> Params:
    """The request that was pushed, once, for the client that pushed it; what stands beside it in
    the address counts for nothing (§4). Raises RequestExpired.
    """
    uri = query.values["request_uri"]
    left = _TAKEN.get()
    _TAKEN.set(None)
    if left is not None and left[0] == uri:
        return left[1]
    found = ephemeral.take_sealed(_KIND, uri.removeprefix(URN))
    if found is None or found["client_id"] != query.values.get("client_id") or query.repeated:
        raise RequestExpired
    return Params(found)


def leave(query: Params, params: Params) -> None:
    """Let the long way have what the short way has taken and did not answer."""
    _TAKEN.set((query.values["request_uri"], params))


def forget() -> None:
    """Begin a request: what this thread has taken for another one is not ours."""
    _TAKEN.set(None)
