"""Authorization requests that a client has pushed (RFC 9126): kept for a minute, answered once."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from idp import settings
from idp.oidc.errors import RequestExpired
from idp.oidc.http import Params
from idp.store import ephemeral

URN = "urn:ietf:params:oauth:request_uri:"
LIFETIME = timedelta(seconds=60)
_KIND = "pushed-request"
_AUTHENTICATION = {"client_id", "client_secret", "client_assertion", "client_assertion_type"}


def keep(values: Mapping[str, str], client_id: str) -> str:
    """The ``request_uri`` that stands for ``values``, without what authenticated their client."""
    asked = {name: value for name, value in values.items() if name not in _AUTHENTICATION}
    handle = secrets.token_urlsafe(32)
    ephemeral.put_sealed(_KIND, handle, {**asked, "client_id": client_id}, LIFETIME)
    return URN + handle


def named_by(query: Params) -> str:
    """The ``request_uri`` where it is one of ours; others' addresses are not followed."""
    uri = query.values.get("request_uri", "")
    return uri if uri.startswith(URN) else ""


def read(query: Params) -> Params:
    """The request that was pushed, for the client that pushed it; what stands beside it in the
    address counts for nothing (§4). A browser may ask more than once before it is answered.
    Raises RequestExpired.
    """
    found = ephemeral.peek_sealed(_KIND, named_by(query).removeprefix(URN))
    if found is None or found["client_id"] != query.values.get("client_id") or query.repeated:
        raise RequestExpired
    return Params(found)


def use(uri: str) -> None:
    """It has an answer, and may have no other: also where a person was asked in two tabs, for
    longer than the request was kept. Raises RequestExpired.
    """
    lasting = settings.current.sessions.interaction + LIFETIME
    if not ephemeral.use_up(_KIND, uri.removeprefix(URN), lasting):
        raise RequestExpired
