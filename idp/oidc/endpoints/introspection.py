"""Token introspection (RFC 7662): a resource server asks what a token is worth.

Only the client a token was issued to, and the resource servers its registration names as
audiences, learn anything; to everyone else the token is simply not active.
"""

from typing import Any

from authlib.oauth2 import OAuth2Error, rfc7662

from idp import sessions
from idp.oidc import access, telling, tokens
from idp.oidc.adapters import EPOCH, OAuthRequest, find_client
from idp.oidc.client_auth import CLIENT_AUTH
from idp.oidc.endpoints.token import check_form
from idp.oidc.http import Request, Response, json_response
from idp.oidc.server import error_response, server
from idp.services import services
from idp.store import tokens as store


class Introspection(rfc7662.IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = tuple(method for method in CLIENT_AUTH if method != "none")

    def query_token(self, token_string: str, token_type_hint: str) -> Any:
        """Read before the client was authenticated, with everything else."""

    def authenticate_token(self, request: Any, client: Any) -> dict[str, Any] | None:
        self.check_params(request, client)
        found = request.outcome["read"]
        if found is None or client.get_client_id() not in found["may_ask"]:
            return None
        return found["about"]

    def create_introspection_payload(self, token: dict[str, Any] | None) -> dict[str, Any]:
        return {"active": True, **token} if token else {"active": False}


def answer(request: Request) -> Response:
    oauth = OAuthRequest(request, request.form)
    try:
        check_form(request)
        oauth.outcome["read"] = _find(request.form.values.get("token", ""))
        _, body, _ = Introspection(server).create_endpoint_response(oauth)
    except OAuth2Error as error:
        return error_response(error)
    return json_response(body)


def _find(token: str) -> dict[str, Any] | None:
    refresh = tokens.read_refresh_token(token)
    if refresh is not None:
        return _refresh_token(refresh)
    EPOCH.set(None)
    found = access.read(token)
    return _access_token(found) if found else None


def _access_token(found: access.Access) -> dict[str, Any] | None:
    value = found.value
    about = {
        "iss": services.settings.issuer,
        "token_type": "Bearer",
        "client_id": value["client_id"],
        "scope": value["scope"],
        "aud": value["aud"],
        "iat": value["iat"],
        "exp": value["exp"],
        "sub": value["client_id"],
    }
    if found.family is not None:
        core = found.family.core
        about |= {name: core[name] for name in ("sub", "auth_time", "acr", "amr")}
        said = _acting(found.family, value["scope"])
        if said is None:
            return None
        about |= said
    return {"about": about, "may_ask": {value["client_id"], *value["aud"]}}


def _refresh_token(token: tokens.RefreshToken) -> dict[str, Any] | None:
    """Good while it is the family's current one; only its own client may ask."""
    family, epoch = store.read_family(token.bucket, token.fid)
    EPOCH.set(epoch)
    if family is None or family.n != token.n or sessions.is_over(family.core):
        return None
    core = family.core
    about = {
        "iss": services.settings.issuer,
        "client_id": core["client_id"],
        "scope": core["scope"],
        "sub": core["sub"],
    }
    said = _acting(family, core["scope"])
    return {"about": about | said, "may_ask": {core["client_id"]}} if said is not None else None


def _acting(family: store.Family, scope: str) -> dict[str, Any] | None:
    """The organisation and the mandate, where the person acts for one; None where the account may
    not go on.
    """
    client = find_client(family.core["client_id"])
    return telling.by_introspection(client.record, family, scope) if client else None
