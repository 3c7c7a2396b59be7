"""A relying party redeems the code a person brought back (RFC 6749 §4.1, OIDC Core §3.1)."""

import secrets
import time
from typing import Any

import orjson
from authlib.oauth2 import rfc6749, rfc7636
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.oidc import issuing, telling, tokens
from idp.oidc.adapters import IssuedCode
from idp.oidc.client_auth import CLIENT_AUTH
from idp.services import services
from idp.sessions import Session
from idp.store import grants as store
from idp.store.clients import Registration


class ProofKey(rfc7636.CodeChallenge):
    """PKCE for every client unless its registration relaxes it, and S256 only (RFC 9700 §2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked, client = grant.request.payload.data, grant.request.client.record
        if not asked.get("code_challenge") and (client.require_pkce or client.public):
            raise InvalidRequestError("Missing code_challenge")
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """A verifier that is missing where one is due is a wrong grant, not a wrong form."""
        if grant.request.authorization_code.code_challenge and not grant.request.form.get(
            "code_verifier"
        ):
            raise InvalidGrantError("Missing code_verifier")
        super().validate_code_verifier(grant, result)


class AuthorizationCodeGrant(rfc6749.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(CLIENT_AUTH)
    EXTENSIONS = (ProofKey(required=False),)
    RESPONSE_TYPES = frozenset({"code"})

    @staticmethod
    def read(form: dict[str, str]) -> tuple[Any, int | None]:
        """Code, family and epoch in one round trip, before anybody is authenticated."""
        code, family, epoch = store.read_code(form.get("code", ""))
        return (code, family), epoch

    def issue(self, session: Session, granted: dict[str, Any], value: dict[str, Any]) -> str:
        """A code that stands for ``value``; raises SessionChanged.

        One atomic step: code, grant in the session, audit. In place of Authlib's
        ``create_authorization_response``, which would also build the redirect: ours is
        built where refusals are.
        """
        code = session.bucket + secrets.token_urlsafe(32)
        client_id, family = self.request.client.get_client_id(), store.family_id(code)
        ready = telling.ready(session, family, [*value["ui"], *value["idt"]])
        stored = session.stored
        if "verified" in value:
            value["verified"] = telling.sealed_request(value["verified"], family)
        value |= {
            "claims": ready.of_code,
            "version": stored.version,
            "cut": stored.cuts.get(client_id, ""),
        }
        kept = store.issue_code(
            store.SessionState(session.bucket, session.sid, stored.version, ready.of_session),
            store.NewGrant(
                client_id, orjson.dumps(granted), value["sub"], issuing.told_for(value["scope"])
            ),
            store.NewCode(code, orjson.dumps(value), services.settings.tokens.code),
            issuing.use_of(session),
            audit.packed(
                events.CodeIssued(
                    account=session.account_id,
                    acting_for=issuing.acting_for(value),
                    client_id=client_id,
                    family=family,
                    session=session.sid_for(client_id),
                    scope=value["scope"],
                    acr=session.acr,
                )
            ),
        )
        if not kept:
            raise issuing.SessionChanged
        return code

    def query_authorization_code(self, code: str, client: Any) -> IssuedCode | None:
        """The client is authenticated by now. Its second try ends the family the code bore."""
        found, family = self.request.outcome["read"]
        client_id = client.get_client_id()
        if found is None:
            return None
        if found.value is None:
            if found.spent_by == client_id and self._is_the_client(client, found.challenge):
                issuing.end_family(family, "code_reused")
            return None
        if found.value["client_id"] != client_id or sessions.is_over(found.value):
            return None
        return IssuedCode(found.value)

    def _is_the_client(self, client: Any, challenge: str) -> bool:
        """A public client only names itself: what proves it is the verifier."""
        verifier = self.request.form.get("code_verifier", "")
        return not client.record.public or (
            verifier.isascii() and rfc7636.create_s256_code_challenge(verifier) == challenge
        )

    def authenticate_user(self, authorization_code: IssuedCode) -> dict[str, Any]:
        return authorization_code.value

    def generate_token(self, user: Any = None, scope: Any = None, **_: Any) -> dict[str, Any]:
        client: Registration = self.request.client.record
        code: store.Code = self.request.outcome["read"][0]
        place = (code.bucket, code.fid)
        refreshing = "refresh_token" in client.grant_types
        answer, access = issuing.answer(client, place, user, scope)
        if refreshing:
            answer["refresh_token"] = tokens.refresh_token(*place, 0)
        self.request.outcome |= {"access": access, "refreshing": refreshing}
        return answer

    def save_token(self, token: dict[str, Any]) -> None:
        """One atomic step: spend the code, bear the family, keep the token, audit."""
        value, client = self.request.user, self.request.client
        code: store.Code = self.request.outcome["read"][0]
        offline = "offline_access" in value["scope"].split()
        access: tokens.AccessToken = self.request.outcome["access"]
        outcome = store.redeem(
            store.Redemption(
                code=code,
                client_id=client.get_client_id(),
                challenge=value["challenge"],
                core=issuing.core_of(value),
                offline=offline,
                claims=value["claims"],
                version=value["version"],
                cut=value["cut"],
                now=int(time.time()),
                lifetime=issuing.life_of_family(offline=offline)
                if self.request.outcome["refreshing"]
                else access.lifetime,
                token=access.kept,
                event=audit.packed(
                    events.TokensIssued(
                        account=value["account"],
                        acting_for=issuing.acting_for(value),
                        client_id=client.get_client_id(),
                        grant=self.GRANT_TYPE,
                        family=code.fid,
                        scope=value["scope"],
                    )
                ),
            )
        )
        if outcome == "spent":  # another redemption of ours won the race
            _, family, _ = store.read_code(self.request.form["code"])
            issuing.end_family(family, "code_reused")
        if outcome != "ok":
            raise InvalidGrantError("Invalid code")

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        """Nothing left to do: saving the token has spent it."""
