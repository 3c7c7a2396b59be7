"""The token endpoint (RFC 6749 §3.2): one grant in, tokens out."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from itertools import repeat
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, UnsupportedGrantTypeError

from idp.oidc.adapters import EPOCH, OAuthRequest
from idp.oidc.federation import registering
from idp.oidc.grants import GRANTS
from idp.oidc.http import Request, Response
from idp.oidc.server import error_response, server
from idp.store import clients
from idp.store.tokens import Outdated

Read = Callable[[dict[str, str]], tuple[Any, int | None]]
TRIES = 3
"""Registrations may change while we decide; then we decide again."""
_BY_TYPE = {grant.GRANT_TYPE: grant for grant in GRANTS}


def answer(request: Request) -> Response:
    """Read everything the grant needs in one round trip, then let the engine decide."""
    try:
        check_form(request)
        _meet(request)
    except OAuth2Error as error:
        return error_response(error)
    grant = _BY_TYPE.get(request.form.values.get("grant_type", ""))
    if grant is None:
        return error_response(_wrong_grant(request))
    for read in _ways_to_read(request, grant):
        with suppress(Outdated):
            given = _answer(request, read)
            if read is grant.read or given.status == HTTPStatus.OK:
                return given
    return error_response(OAuth2Error(error="temporarily_unavailable", status_code=503))


def _ways_to_read(request: Request, grant: Any) -> Iterator[Read]:
    """First, where a grant can, without asking: on the registrations as we know them.

    Redis refuses what was decided on an older epoch than its own, and whoever is refused is
    answered anew, so that nobody is served or sent away by a registration of yesterday. A
    client assertion is good once, and so is only looked at by who has asked.
    """
    if hasattr(grant, "guess") and "client_assertion" not in request.form.values:
        yield grant.guess
    yield from repeat(grant.read, TRIES)


def _answer(request: Request, read: Read) -> Response:
    oauth = OAuthRequest(request, request.form)
    oauth.outcome["read"], epoch = read(oauth.form)
    EPOCH.set(epoch)
    return server.create_token_response(oauth)


def _meet(request: Request) -> None:
    """An entity may ask for a token of its own before it ever asked for a person."""
    client_id = request.form.values.get("client_id", "")
    if "://" in client_id and clients.look_up(client_id) is None:
        registering.meet_machine(client_id)


def check_form(request: Request) -> None:
    """Parameters belong in the body, once each (RFC 6749 §3.2)."""
    if request.query.values:
        raise InvalidRequestError("Parameters belong in the request body")
    if request.form.repeated:
        raise InvalidRequestError("A parameter is repeated")


def _wrong_grant(request: Request) -> OAuth2Error:
    if "grant_type" not in request.form.values:
        return InvalidRequestError("Missing grant_type")
    return UnsupportedGrantTypeError("this")
