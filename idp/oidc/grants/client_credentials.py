"""A relying party asks for a token of its own, for no person (RFC 6749 §4.4)."""

import secrets
from typing import Any

from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import UnauthorizedClientError

from idp.audit import events
from idp.audit import log as audit
from idp.oidc import tokens
from idp.oidc.claims import SCOPES
from idp.oidc.client_auth import CLIENT_AUTH
from idp.store import buckets, clients
from idp.store import grants as store
from idp.store import tokens as kept

PERSONAL = frozenset(SCOPES)


class ClientCredentialsGrant(rfc6749.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(method for method in CLIENT_AUTH if method != "none")
    EXTENSIONS = ()

    @staticmethod
    def read(form: dict[str, str]) -> tuple[Any, int | None]:
        bucket = buckets.draw()
        epoch = store.read_epoch(bucket)
        return (bucket, epoch), epoch

    @staticmethod
    def guess(_form: dict[str, str]) -> tuple[Any, int | None]:
        """The same without asking: ``keep_access`` holds it against what Redis knows."""
        epoch = clients.latest_epoch()
        return (buckets.draw(), epoch), epoch

    def validate_requested_scope(self) -> None:
        """Scopes that speak of a person are not to be had without one."""
        asked = set((self.request.payload.scope or "").split())
        if asked & PERSONAL:
            raise UnauthorizedClientError("These scopes need a person")
        super().validate_requested_scope()

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:
        client, (bucket, _) = self.request.client, self.request.outcome["read"]
        scope = client.get_allowed_scope(self.request.payload.scope)
        nobody = secrets.token_urlsafe(16)
        access = tokens.access_token(client.record, (bucket, nobody), None, scope)
        self.request.outcome["access"] = access
        return {
            "token_type": "Bearer",
            "access_token": access.text,
            "expires_in": int(access.lifetime.total_seconds()),
            **({"scope": scope} if scope else {}),
        }

    def save_token(self, token: dict[str, Any]) -> None:
        client_id = self.request.client.get_client_id()
        event = audit.packed(events.TokensIssued(client_id=client_id, grant=self.GRANT_TYPE))
        bucket, epoch = self.request.outcome["read"]
        kept.keep_access(bucket, self.request.outcome["access"].kept, event, epoch)
