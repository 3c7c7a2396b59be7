"""A relying party asks for new tokens without the person (RFC 6749 §6, RFC 9700 §4.14.2).

Every use moves the family's counter and hands out the next refresh token. An older one
seen again ends the family — but a confidential client that lost our answer may repeat the
request for 30 seconds, gets the same successor, and only while that is unused.
"""

import time
from typing import Any

from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import InvalidGrantError

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.oidc import issuing, tokens
from idp.oidc.client_auth import CLIENT_AUTH
from idp.services import services
from idp.store import tokens as store


class RefreshedFamily:
    """A family, as Authlib wants to see a refresh token."""

    def __init__(self, family: store.Family):
        self.family = family

    def check_client(self, client: Any) -> bool:
        return self.family.core["client_id"] == client.get_client_id()

    def get_scope(self) -> str:
        return self.family.core["scope"]


class RefreshTokenGrant(rfc6749.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(CLIENT_AUTH)
    INCLUDE_NEW_REFRESH_TOKEN = True
    EXTENSIONS = ()

    @staticmethod
    def read(form: dict[str, str]) -> tuple[Any, int | None]:
        """The family and the epoch, in one round trip."""
        token = tokens.read_refresh_token(form.get("refresh_token", ""))
        if token is None:
            return (None, None), None
        family, epoch = store.read_family(token.bucket, token.fid)
        return (token, family), epoch

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshedFamily | None:
        token, family = self.request.outcome["read"]
        client = self.request.client
        if token is None or family is None or family.core["client_id"] != client.get_client_id():
            return None
        if token.n != family.n and not self._is_retry(token, family):
            issuing.end_family(family, "refresh_reused")
            return None
        if sessions.is_over(family.core):
            return None
        self.request.outcome["retry"] = token.n != family.n
        return RefreshedFamily(family)

    def _is_retry(self, token: tokens.RefreshToken, family: store.Family) -> bool:
        """The last one before the current, soon enough, by a client that proved itself."""
        window = services.settings.tokens.refresh_retry.total_seconds()
        recent = time.time() - family.at <= window
        return token.n == family.n - 1 and recent and not self.request.client.record.public

    def authenticate_user(self, refresh_token: RefreshedFamily) -> dict[str, Any]:
        return refresh_token.family.core

    def issue_token(self, user: Any, refresh_token: RefreshedFamily) -> dict[str, Any]:
        family, client = refresh_token.family, self.request.client.record
        n = family.n if self.request.outcome["retry"] else family.n + 1
        scope = self.request.payload.scope or family.core["scope"]
        core = {**user, "claims": family.claims}
        answer, access = issuing.answer(client, (family.bucket, family.fid), core, scope)
        answer["refresh_token"] = tokens.refresh_token(family.bucket, family.fid, n)
        self.request.outcome |= {"access": access, "n": n, "scope": scope}
        return answer

    def save_token(self, token: dict[str, Any]) -> None:
        """One atomic step: move the counter if nobody else has, keep the token, audit."""
        family: store.Family = self.request.refresh_token.family
        if family.offline:
            ref = family.bucket + family.sid
            sessions.still_offline(family.core, ref, family.at)
        outcome = store.refresh(
            family,
            store.Step(
                n=self.request.outcome["n"],
                at=family.at if self.request.outcome["retry"] else int(time.time()),
                lifetime=issuing.life_of_family(offline=family.offline),
                token=self.request.outcome["access"].kept,
                event=audit.packed(
                    events.TokensRefreshed(
                        account=family.core["account"],
                        acting_for=issuing.acting_for(family.core),
                        client_id=family.core["client_id"],
                        family=family.fid,
                        scope=self.request.outcome["scope"],
                    )
                ),
            ),
        )
        if outcome != "ok":
            raise InvalidGrantError("Invalid refresh_token")

    def revoke_old_credential(self, refresh_token: RefreshedFamily) -> None:
        """Nothing left to do: the counter has moved past it."""
