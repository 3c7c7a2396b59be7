"""The token endpoint (RFC 6749 §3.2): one grant in, tokens out."""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, UnsupportedGrantTypeError

from idp.oidc.adapters import EPOCH, OAuthRequest
from idp.oidc.grants import GRANTS
from idp.oidc.http import Request, Response
from idp.oidc.server import error_response, server

_BY_TYPE = {grant.GRANT_TYPE: grant for grant in GRANTS}


def answer(request: Request) -> Response:
    """Read everything the grant needs in one round trip, then let the engine decide."""
    try:
        check_form(request)
    except OAuth2Error as error:
        return error_response(error)
    grant = _BY_TYPE.get(request.form.values.get("grant_type", ""))
    if grant is None:
        return error_response(_wrong_grant(request))
    oauth = OAuthRequest(request, request.form)
    oauth.outcome["read"], epoch = grant.read(oauth.form)
    EPOCH.set(epoch)
    return server.create_token_response(oauth)


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
