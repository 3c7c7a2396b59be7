"""Token revocation (RFC 7009): a client gives back what it was given."""

from typing import Any

from authlib.oauth2 import OAuth2Error, rfc7009

from idp.audit import events
from idp.audit import log as audit
from idp.oidc import access, issuing, tokens
from idp.oidc.adapters import EPOCH, OAuthRequest
from idp.oidc.client_auth import CLIENT_AUTH
from idp.oidc.endpoints.token import check_form
from idp.oidc.http import Request, Response, json_response
from idp.oidc.server import error_response, server
from idp.store import tokens as store


class Revocation(rfc7009.RevocationEndpoint):
    CLIENT_AUTH_METHODS = tuple(CLIENT_AUTH)

    def authenticate_token(self, request: Any, client: Any) -> Any:
        """Another client's token is not told apart from one that never was (§2.2)."""
        self.check_params(request, client)
        found = request.outcome["read"]
        return found if found is not None and found.client_id == client.get_client_id() else None

    def revoke_token(self, token: "_Revocable", request: Any) -> None:
        token.revoke()


class _Revocable:
    """A refresh token takes its family along; an access token goes alone (§2.1)."""

    def __init__(self, client_id: str, family: store.Family | None, access_token: str = ""):
        self.client_id = client_id
        self.family = family
        self.access_token = access_token

    def revoke(self) -> None:
        if not self.access_token:
            issuing.end_family(self.family, "revoked")
            return
        core = self.family.core if self.family else {}
        event = events.TokenRevoked(
            account=core.get("account", ""),
            acting_for=issuing.acting_for(core),
            client_id=self.client_id,
            kind="access_token",
        )
        place = tokens.locate(self.access_token)
        if place is not None:
            store.drop_access(self.access_token, place[0], audit.packed(event))


def answer(request: Request) -> Response:
    oauth = OAuthRequest(request, request.form)
    try:
        check_form(request)
        oauth.outcome["read"] = _find(request.form.values.get("token", ""))
        _, body, _ = Revocation(server).create_endpoint_response(oauth)
    except OAuth2Error as error:
        return error_response(error)
    return json_response(body)


def _find(token: str) -> _Revocable | None:
    refresh = tokens.read_refresh_token(token)
    if refresh is not None:
        family, epoch = store.read_family(refresh.bucket, refresh.fid)
        EPOCH.set(epoch)
        return _Revocable(family.core["client_id"], family) if family else None
    EPOCH.set(None)
    found = access.read(token)
    return _Revocable(found.client_id, found.family, token) if found else None
