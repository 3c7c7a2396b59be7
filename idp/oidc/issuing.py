"""What the grants share: the answer of the token endpoint, and the end of a family."""

import time
from datetime import timedelta
from typing import Any

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.broker.asking import LINK
from idp.oidc import encrypting, telling, tokens
from idp.services import services
from idp.store import grants as store
from idp.store import tokens as kept
from idp.store.clients import Registration

_OF_THE_CODE = {"link", "nonce", "challenge", "redirect_uri", "claims", "version", "cut"}


class SessionChanged(Exception):
    """Somebody else changed the session while we decided; decide again."""


def use_of(session: sessions.Session) -> store.Use:
    now = int(time.time())
    return store.Use(now, sessions.lifetime(session.started, now))


def life_of_family(*, offline: bool) -> timedelta:
    """How long a family may stay unused: without offline access no longer than any session."""
    lifetimes = services.settings
    if offline:
        return lifetimes.tokens.refresh
    return min(lifetimes.tokens.refresh, lifetimes.sessions.absolute)


def told_for(scope: str) -> timedelta:
    """How long a client that was given a code hears of the end of what it was given."""
    if "offline_access" in scope.split():
        return sessions.remembered_for()
    return services.settings.sessions.absolute


def answer(
    client: Registration, place: tuple[str, str], core: dict[str, Any], scope: str
) -> tuple[dict[str, Any], tokens.AccessToken]:
    """The token response (RFC 6749 §5.1, Core §3.1.3.3) without a refresh token."""
    subject = core
    if client.access_token_format == "jwt":
        subject = core | {"told": telling.in_access_token(client, core, place[1], scope)}
    access = tokens.access_token(client, place, subject, scope)
    found: dict[str, Any] = {
        "token_type": "Bearer",
        "access_token": access.text,
        "expires_in": int(access.lifetime.total_seconds()),
        "scope": scope,
    }
    if "openid" in scope.split():
        claims = telling.in_id_token(client, core, place[1], scope)
        if core.get("link") and (
            letter := services.linking.letter_for(core["account"], client.client_id)
        ):
            claims[LINK] = letter
        signed = tokens.id_token(client, core, access.text, claims)
        found["id_token"] = encrypting.id_token(client, signed)
    return found, access


def _letter(account_id: str, client_id: str) -> dict[str, str]:
    """What lets another node see whether it knows the person; nothing once it has been told."""
    letter = services.linking.letter_for(account_id, client_id)
    return {LINK: letter} if letter else {}


def core_of(code: dict[str, Any]) -> dict[str, Any]:
    """What a family remembers of its code; a nonce is said once."""
    return {k: v for k, v in code.items() if k not in _OF_THE_CODE}


def acting_for(core: dict[str, Any]) -> str:
    """The organisation somebody acts for, for the trail; "" for themselves."""
    acting = sessions.acting_of(core)
    return acting.organisation if acting else ""


def end_family(family: kept.Family | None, reason: str) -> None:
    """Every token that grew from it is dead from here on."""
    if family is None:
        return
    event = events.FamilyRevoked(
        account=family.core["account"],
        acting_for=acting_for(family.core),
        client_id=family.core["client_id"],
        family=family.fid,
        reason=reason,
    )
    kept.end_family(family, audit.packed(event))
