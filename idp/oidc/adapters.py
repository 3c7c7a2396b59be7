"""Our records and requests, as Authlib wants to see them. Each subclass fits on a screen."""

from contextvars import ContextVar
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.requests import OAuth2Payload
from authlib.oidc.core import AuthorizationCodeMixin

from idp.oidc.federation import registering
from idp.oidc.http import Params, Request
from idp.store import clients
from idp.store.clients import Registration

EPOCH: ContextVar[int | None] = ContextVar("epoch", default=None)
"""The clients' epoch this request has read; every registration it uses is at least as new."""


class OAuthClient(ClientMixin):
    def __init__(self, record: Registration):
        self.record = record

    def get_client_id(self) -> str:
        return self.record.client_id

    def get_default_redirect_uri(self) -> None:
        """OIDC Core §3.1.2.1: the request always names it."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """What is asked for and registered; unknown scopes are ignored (Core §3.1.2.1)."""
        return " ".join(s for s in dict.fromkeys((scope or "").split()) if s in self.record.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.record.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return self.record.secret_matches(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.record.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.record.grant_types


def find_client(client_id: str) -> OAuthClient | None:
    """An active client. The one gate for clients: a stopped one does not exist, nor one that its
    federation no longer vouches for.
    """
    found = clients.find(client_id, EPOCH.get()) if client_id else None
    if found is not None and found.federated:
        found = registering.as_vouched(found)
    return OAuthClient(found) if found is not None and found.active else None


class Payload(OAuth2Payload):
    """Parameters as Authlib asks for them, one value each."""

    __slots__ = ("data",)  # in place of the property of this name

    def __init__(self, values: dict[str, str]):
        self.data = values

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self.data.items()}


class OAuthRequest(OAuth2Request):
    """Authlib's request over parameters already checked for repeats."""

    def __init__(self, request: Request, params: Params):
        # Not Authlib's own: it would check an address, and where we are reached is settled.
        self.method = request.method
        self.client = self.auth_method = self.user = self._scope = None
        self.authorization_code = self.refresh_token = self.credential = None
        self.payload = Payload(dict(params.values))
        self.headers = {"Authorization": request.authorization} if request.authorization else {}
        self.outcome: dict[str, Any] = {}
        """What one step of a grant leaves for the next."""

    @property
    def args(self) -> dict[str, str]:
        return {}

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


class IssuedCode(AuthorizationCodeMixin):
    """A code as it was issued (``value`` is what ``authorize`` kept)."""

    def __init__(self, value: dict[str, Any]):
        self.value = value
        self.code_challenge = value.get("challenge", "")
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        return self.value["redirect_uri"]

    def get_scope(self) -> str:
        return self.value["scope"]

    def get_nonce(self) -> str | None:
        return self.value.get("nonce")

    def get_auth_time(self) -> int:
        return self.value["auth_time"]

    def get_acr(self) -> str:
        return self.value["acr"]

    def get_amr(self) -> list[str]:
        return self.value["amr"]
