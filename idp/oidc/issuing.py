"""What the grants share: the answer of the token endpoint, and the end of a family."""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import orjson

from idp import profile, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.oidc import tokens
from idp.oidc.claims import select
from idp.services import services
from idp.store import accounts
from idp.store import grants as store
from idp.store import tokens as kept
from idp.store.clients import Registration

_PURPOSE = "claims"
_OF_THE_CODE = {"nonce", "challenge", "redirect_uri", "claims", "version", "cut"}


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


def answer(
    client: Registration, place: tuple[str, str], core: dict[str, Any], scope: str
) -> tuple[dict[str, Any], tokens.AccessToken]:
    """The token response (RFC 6749 §5.1, Core §3.1.3.3) without a refresh token."""
    access = tokens.access_token(client, place, core, scope)
    found: dict[str, Any] = {
        "token_type": "Bearer",
        "access_token": access.text,
        "expires_in": int(access.lifetime.total_seconds()),
        "scope": scope,
    }
    if "openid" in scope.split():
        names = tellable(client, core, core["idt"])
        claims = select(_told(core, place[1]), names) if names else {}
        found["id_token"] = tokens.id_token(client, core, access.text, claims)
    return found, access


def tellable(client: Registration, core: dict[str, Any], names: Iterable[str]) -> tuple[str, ...]:
    """Of ``names`` what the client may be told today: its registration may have changed since."""
    if core.get("basis", client.legal_basis) != client.legal_basis:
        return ()
    allowed = client.tellable(names)
    return tuple(name for name in names if name in allowed)


def _told(core: dict[str, Any], fid: str) -> dict[str, Any]:
    """What the code brought along; a refreshed ID token asks anew."""
    return opened(core["claims"], fid) if core.get("claims") else _claims(core)


def core_of(code: dict[str, Any]) -> dict[str, Any]:
    """What a family remembers of its code; a nonce is said once."""
    return {k: v for k, v in code.items() if k not in _OF_THE_CODE}


def _claims(core: dict[str, Any]) -> dict[str, Any]:
    account = accounts.by_id(core["account"])
    return profile.of(account) if account is not None and account.active else {}


class Ready(NamedTuple):
    """What may be told of a person, made ready for a code at authorize."""

    of_session: str
    """Sealed for the session, when it has just been read from SQL; else empty."""
    of_code: str
    """Sealed for the family the code will bear: the claims this client may have."""


def ready(session: sessions.Session, fid: str, names: list[str]) -> Ready:
    """Take the claims kept with the session, or read them once."""
    if not names:
        return Ready("", "")
    kept, bound = session.stored.claims, session.id
    if kept:
        claims = orjson.loads(services.sealer.open(_PURPOSE, kept, bound))
    else:
        claims = _claims({"account": session.account_id})
    told = _sealed(select(claims, names), fid)
    return Ready("" if kept else _sealed(claims, bound), told)


def _sealed(claims: dict[str, Any], bound: str) -> str:
    return services.sealer.seal(_PURPOSE, orjson.dumps(claims).decode(), bound)


def opened(sealed: str, bound: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(services.sealer.open(_PURPOSE, sealed, bound))
    return found


def userinfo_claims(family: kept.Family, names: tuple[str, ...]) -> dict[str, Any] | None:
    """Claims kept ready with the family, or asked of SQL and then kept.

    None when the account may not go on.
    """
    bound = family.fid
    if not family.core["ui"]:
        return {}
    if family.claims:
        return select(opened(family.claims, bound), names)
    account = accounts.by_id(family.core["account"])
    if account is None or not account.active:
        return None
    claims = select(profile.of(account), family.core["ui"])
    kept.fill_claims(family, _sealed(claims, bound))
    return select(claims, names)


def end_family(family: kept.Family | None, reason: str) -> None:
    """Every token that grew from it is dead from here on."""
    if family is None:
        return
    event = events.FamilyRevoked(
        account=family.core["account"],
        client_id=family.core["client_id"],
        family=family.fid,
        reason=reason,
    )
    kept.end_family(family, audit.packed(event))
