"""Back-channel logout: telling a relying party that a session has ended (OIDC BCL 1.0 §2.4)."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from joserfc import jwt

from idp.keys import SigningKeys
from idp.outbound import Outbound, OutboundFailed, OutboundRefused
from idp.store import clients
from idp.store.engines import db

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120


@dataclass(frozen=True, slots=True)
class Means:
    """What a delivery works with."""

    issuer: str
    keys: SigningKeys
    outbound: Outbound
    notify: Callable[[str, str, Mapping[str, str]], bool]
    """Sends a notice by text message; False when it may not."""
    learn: Callable[[str], str]
    """Has the linking service say what an account's person is called here."""


class Undelivered(Exception):
    """The relying party did not take it; the text says what happened, for the record."""


def deliver(party: dict[str, Any], means: Means) -> str:
    """Tell the client ``{client_id, sub, sid}`` and say what it answered; raises Undelivered."""
    client = clients.look_up(party["client_id"])
    if client is None or not client.active or not client.backchannel_logout_uri:
        return "no longer wanted"
    token = logout_token(client, party, means)
    db.session.rollback()  # a portal may take its time; the connection is others' meanwhile
    try:
        form = {"logout_token": token}
        answer = means.outbound.foreign_post(client.backchannel_logout_uri, form)
    except (OutboundRefused, OutboundFailed) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from None
    if answer.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        raise Undelivered(f"HTTP {answer.status}")
    return f"HTTP {answer.status}"


def logout_token(client: clients.Registration, party: dict[str, Any], means: Means) -> str:
    """A new token for every try, so that a late one is not refused as stale; never a nonce."""
    now = int(time.time())
    claims = {
        "iss": means.issuer,
        "aud": client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "sub": party["sub"],
        "sid": party["sid"],
        "events": {EVENT: {}},
    }
    alg = client.id_token_signed_response_alg
    key = means.keys.signer(alg)
    header = {"alg": alg, "kid": key.kid, "typ": "logout+jwt"}
    return jwt.encode(header, claims, key, algorithms=[alg])
