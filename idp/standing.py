"""Stopping and restoring accounts and clients: what an operator decides acts at once.

The gates themselves are positive and few: an account's sessions and families exist in
Redis, a client is active in its registration. Stopping removes the first and changes the
second; nothing has to remember to ask.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from idp import assurance, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.store import accounts, clients, outbox
from idp.store.clients import METADATA, Client, Registration
from idp.store.engines import db
from idp.store.types import now

OLD_SECRET = timedelta(days=7)
"""How long the old secret still works after a rotation."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CHOICES: dict[str, frozenset[str]] = {
    "token_endpoint_auth_method": frozenset(
        {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
    ),
    "legal_basis": frozenset({clients.CONSENT, clients.STATUTORY}),
    "subject_type": frozenset({"pairwise"}),
    "id_token_signed_response_alg": frozenset({"ES256", "RS256"}),
    "userinfo_signed_response_alg": frozenset({"", "ES256", "RS256"}),
    "access_token_format": frozenset({"opaque", "jwt"}),
    "assertion_audience": frozenset({"any", "issuer"}),
    "token_endpoint_auth_signing_alg": frozenset({"ES256", "PS256", "RS256", "EdDSA"}),
}


class InvalidRegistration(IdpError):
    """A registration is wrong; ``reason`` says which member and why (RFC 7591 §3.2.2)."""

    code = "HT-0301"
    message = N_("应用登记信息有误：%(reason)s")
    next_step = N_("请按照提示修改登记信息后重新提交。")
    oauth_error = "invalid_client_metadata"


class NotFound(IdpError):
    """No account or client of this name."""

    code = "HT-0302"
    message = N_("没有找到对应的账号或应用。")
    next_step = N_("请核对编号后重试。")
    status = 404


def create_client(client_id: str, metadata: Mapping[str, Any], note: str = "") -> str:
    """Register a client; returns its secret, shown once, or ``""`` when it has none."""
    if not clients.is_id(client_id):
        raise InvalidRegistration(reason="client_id must be ASCII without colons or spaces")
    if db.session.get(Client, client_id) is not None:
        raise InvalidRegistration(reason="client_id is taken")
    metadata = {"id_token_signed_response_alg": "ES256", **metadata}
    _check(client_id, metadata)
    row = Client(client_id=client_id, metadata_=_plain(metadata), note=note)
    secret = _new_secret(row)
    db.session.add(row)
    audit.record(events.ClientCreated(client_id=client_id))
    _publish()
    return secret


def change_client(client_id: str, changes: Mapping[str, Any]) -> None:
    row = _client(client_id)
    metadata = {**row.metadata_, **_plain(changes)}
    _check(client_id, metadata)
    row.metadata_ = metadata
    audit.record(events.ClientChanged(client_id=client_id, changed=tuple(sorted(changes))))
    _publish()


def rotate_secret(client_id: str) -> str:
    """A new secret, shown once; the old one works for another week."""
    row = _client(client_id)
    row.old_secret_hash, row.old_secret_until = row.secret_hash, now() + OLD_SECRET
    secret = _new_secret(row)
    if not secret:
        raise InvalidRegistration(reason="this client has no secret")
    audit.record(events.ClientChanged(client_id=client_id, changed=("secret",)))
    _publish()
    return secret


def stop_client(client_id: str, reason: str) -> None:
    row = _client(client_id)
    row.status = clients.STOPPED
    audit.record(events.ClientStopped(client_id=client_id, reason=reason))
    _publish()


def restore_client(client_id: str, reason: str) -> None:
    row = _client(client_id)
    row.status = clients.ACTIVE
    changed = ("status",)
    audit.record(events.ClientChanged(client_id=client_id, changed=changed, reason=reason))
    _publish()


def look_up(phone: str) -> accounts.Account | None:
    """The account of a number (E.164), for an operator; that they looked is recorded."""
    found = accounts.by_phone(phone)
    audit.record(events.AccountLookedUp(target=found.id if found else ""))
    db.session.commit()
    return found


def stop_account(account_id: str, reason: str) -> None:
    """No sign-in, no session, no token from here on, offline access included."""
    account = _account(account_id)
    account.status, account.status_reason = accounts.STOPPED, reason
    audit.record(events.AccountStopped(target=account_id, reason=reason))
    sessions.end_all(account_id, reason="account_stopped", keep_offline=False)


def restore_account(account_id: str, reason: str) -> None:
    account = _account(account_id)
    account.status, account.status_reason = accounts.ACTIVE, ""
    audit.record(events.AccountRestored(target=account_id, reason=reason))
    db.session.commit()


def _publish() -> None:
    """Commit, then tell every bucket; the worker tells again, should Redis be away."""
    epoch = clients.advance_epoch()
    outbox.add("clients-changed", {}, due_in=sessions.CUT_AGAIN)
    db.session.commit()
    clients.publish_epoch(epoch)


def _account(account_id: str) -> accounts.Account:
    found = accounts.by_id(account_id)
    if found is None:
        raise NotFound
    return found


def _client(client_id: str) -> Client:
    found = db.session.get(Client, client_id)
    if found is None:
        raise NotFound
    return found


def _new_secret(row: Client) -> str:
    method = row.metadata_.get("token_endpoint_auth_method", "client_secret_basic")
    if not method.startswith("client_secret"):
        row.secret_hash = ""
        return ""
    secret = secrets.token_urlsafe(32)
    row.secret_hash = clients.hash_secret(secret)
    return secret


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple | set) else v for k, v in metadata.items()}


def _check(client_id: str, metadata: Mapping[str, Any]) -> None:
    for name, value in metadata.items():
        if name not in METADATA:
            raise InvalidRegistration(reason=f"unknown member {name}")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise InvalidRegistration(reason=f"{name} must be one of {sorted(_CHOICES[name])}")
    try:
        made = Registration.of(Client(client_id=client_id, metadata_=_plain(metadata)))
    except TypeError as error:
        raise InvalidRegistration(reason=str(error)) from None
    _check_uris(made)
    _check_sense(made)


def _check_uris(made: Registration) -> None:
    """Exact URIs, https except on loopback, never a fragment (RFC 6749 §3.1.2, RFC 8252 §8.3)."""
    listed = (*made.redirect_uris, *made.post_logout_redirect_uris)
    single = (made.backchannel_logout_uri, made.frontchannel_logout_uri, made.jwks_uri)
    shown = (made.home_uri, made.initiate_login_uri, made.logo_uri, made.policy_uri, made.tos_uri)
    for uri in filter(None, shown):
        if urlsplit(uri).scheme not in {"http", "https"}:
            raise InvalidRegistration(reason=f"{uri} is not a web address")
    for uri in (*listed, *filter(None, single)):
        parts = urlsplit(uri)
        host = parts.hostname or ""
        local = host in _LOOPBACK or host.endswith(".localhost")
        plain_http = parts.scheme == "http" and local
        if not (parts.scheme == "https" or plain_http) or not host:
            raise InvalidRegistration(reason=f"{uri} is not https")
        if "#" in uri or parts.username is not None or not uri.isascii() or " " in uri:
            raise InvalidRegistration(reason=f"{uri} has a fragment, a user or odd letters")
    for origin in made.web_origins:
        parts = urlsplit(origin)
        if origin != f"{parts.scheme}://{parts.netloc}" or not parts.netloc:
            raise InvalidRegistration(reason=f"{origin} is not an origin")


def _check_sense(made: Registration) -> None:
    wrong = {
        "name is missing": not made.name,
        "redirect_uris are missing": "authorization_code" in made.grant_types
        and not made.redirect_uris,
        "a statutory client names its statute": made.statutory and not made.statute,
        "private_key_jwt needs jwks or jwks_uri": made.token_endpoint_auth_method
        == "private_key_jwt"
        and not (made.jwks or made.jwks_uri),
        "a public client cannot leave PKCE out": made.public and not made.require_pkce,
        "a public client cannot act for itself": made.public
        and "client_credentials" in made.grant_types,
        "web_origins belong to public clients": bool(made.web_origins) and not made.public,
        "redirect URIs on several hosts need a sector": not made.sector
        and len({urlsplit(uri).hostname for uri in made.redirect_uris}) > 1,
        "minimum_acr is not a level": bool(made.minimum_acr)
        and assurance.Level.parse(made.minimum_acr) is None,
    }
    if reasons := [reason for reason, applies in wrong.items() if applies]:
        raise InvalidRegistration(reason="; ".join(reasons))
