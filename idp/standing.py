"""Stopping and restoring accounts and clients: what an operator decides acts at once.

The gates themselves are positive and few: an account's sessions and families exist in
Redis, a client is active in its registration. Stopping removes the first and changes the
second; nothing has to remember to ask.
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from idp import assurance, sessions, settings, staff
from idp.audit import context, events
from idp.audit import log as audit
from idp.crypto import sm2
from idp.errors import N_, IdpError
from idp.keys import ALGORITHMS, GM
from idp.staff import Act
from idp.store import accounts, clients, identities, outbox, reads
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
    "id_token_signed_response_alg": frozenset({*ALGORITHMS, *GM}),
    "userinfo_signed_response_alg": frozenset({"", *ALGORITHMS}),
    "id_token_encrypted_response_alg": frozenset({"", *clients.KEY_MANAGEMENT}),
    "id_token_encrypted_response_enc": frozenset({"", *clients.CONTENT_ENCRYPTION}),
    "userinfo_encrypted_response_alg": frozenset({"", *clients.KEY_MANAGEMENT}),
    "userinfo_encrypted_response_enc": frozenset({"", *clients.CONTENT_ENCRYPTION}),
    "access_token_format": frozenset({"opaque", "jwt"}),
    "assertion_audience": frozenset({"any", "issuer"}),
    "request_object_signing_alg": frozenset({"", "ES256", "PS256", "RS256", "EdDSA"}),
    "token_endpoint_auth_signing_alg": frozenset({"", "ES256", "PS256", "RS256", "EdDSA"}),
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


class Unapproved(IdpError):
    """Sensitive claims that nobody of the staff has answered for."""

    code = "HT-0303"
    message = N_("敏感信息（%(claims)s）须由工作人员核准。")
    next_step = N_("请填写核准人员工号和核准理由；都会记入审计日志。")
    oauth_error = "invalid_client_metadata"


def create_client(
    client_id: str, metadata: Mapping[str, Any], note: str = "", approval: Act | None = None
) -> str:
    """Register a client; returns its secret, shown once, or ``""`` when it has none.

    ``approval``: who lets it ask for the sensitive claims in its metadata. Raises
    InvalidRegistration or Unapproved.
    """
    # Basic authentication divides at a colon, and entities of a federation have names with some.
    if not clients.is_id(client_id) or ":" in client_id:
        raise InvalidRegistration(reason="client_id must be ASCII without colons or spaces")
    if db.session.get(Client, client_id) is not None:
        raise InvalidRegistration(reason="client_id is taken")
    metadata = {"id_token_signed_response_alg": "ES256", **metadata}
    _check(client_id, metadata)
    _approve(client_id, metadata.get("sensitive_claims", ()), approval)
    row = Client(client_id=client_id, metadata_=_plain(metadata), note=note)
    secret = _new_secret(row)
    db.session.add(row)
    audit.record(events.ClientCreated(client_id=client_id))
    _publish()
    return secret


def change_client(client_id: str, changes: Mapping[str, Any], approval: Act | None = None) -> None:
    """``approval``: who lets it ask for sensitive claims it could not ask for before; to take one
    back needs none. Raises NotFound, InvalidRegistration or Unapproved.
    """
    row = _client(client_id)
    metadata = {**row.metadata_, **_plain(changes)}
    _check(client_id, metadata)
    had = row.metadata_.get("sensitive_claims", ())
    _approve(client_id, set(metadata.get("sensitive_claims", ())) - set(had), approval)
    row.metadata_ = metadata
    audit.record(events.ClientChanged(client_id=client_id, changed=tuple(sorted(changes))))
    _publish()


def keep_entity(client_id: str, metadata: Mapping[str, Any]) -> None:
    """Register an entity of the federation as its chain has it, or bring its record up to date.

    One that an operator has stopped stays so. Raises InvalidRegistration.
    """
    if not clients.is_id(client_id):
        raise InvalidRegistration(reason="client_id is too long")
    _check(client_id, metadata)
    row = db.session.get(Client, client_id, with_for_update=True)
    if row is None:
        row = Client(client_id=client_id, metadata_={}, note="federation")
        if not clients.add(row):  # another process was first, with the same
            return
        audit.record(events.ClientCreated(client_id=client_id, reason="federation"))
    wanted = _plain(metadata)
    if row.metadata_ == wanted:
        db.session.rollback()  # nothing to tell anybody, and others may wait for the row
        return
    if row.metadata_:
        before = row.metadata_
        changed = [
            name for name in sorted({*wanted, *before}) if wanted.get(name) != before.get(name)
        ]
        audit.record(events.ClientChanged(client_id=client_id, changed=tuple(changed)))
    row.metadata_ = wanted
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
    if found is not None:
        reads.note(found.id, reads.LOOKED_UP, context.current().role)
    db.session.commit()
    return found


def read_identity(account_id: str, officer: str) -> identities.Identity | None:
    """The real name of an account, for an officer; that they looked is recorded, and commits.

    Raises OfficerUnnamed.
    """
    officer = staff.number(officer)
    found = identities.of(account_id)
    if found is not None:
        audit.record(events.IdentityRead(target=account_id, officer=officer))
        reads.note(account_id, reads.IDENTITY, officer)
        db.session.commit()
    return found


def _approve(client_id: str, claims: Collection[str], approval: Act | None) -> None:
    """Record who answers for sensitive claims that are new, in the current transaction."""
    if not claims:
        return
    if approval is None:
        raise Unapproved(claims="、".join(sorted(claims)))
    audit.record(
        events.ClientApproved(
            client_id=client_id,
            claims=tuple(sorted(claims)),
            officer=approval.officer,
            reason=approval.reason,
        )
    )


def _publish() -> None:
    """Commit, then tell every bucket; the worker tells again, should Redis be away."""
    epoch = clients.advance_epoch()
    outbox.add("clients-changed", {}, due_in=sessions.CUT_AGAIN)
    db.session.commit()
    clients.publish_epoch(epoch)


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
    _refuse(_nonsense(made) | _uncovered(made))


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


def _refuse(wrong: Mapping[str, bool]) -> None:
    if reasons := [reason for reason, applies in wrong.items() if applies]:
        raise InvalidRegistration(reason="; ".join(reasons))


def _nonsense(made: Registration) -> dict[str, bool]:
    return {
        "name is missing": not made.name,
        "redirect_uris are missing": "authorization_code" in made.grant_types
        and not made.redirect_uris,
        "a statutory client names its statute": made.statutory and not made.statute,
        "private_key_jwt needs jwks or jwks_uri": made.token_endpoint_auth_method
        == "private_key_jwt"
        and not (made.jwks or made.jwks_uri),
        "signed requests need jwks or jwks_uri": made.signs_requests
        and not (made.jwks or made.jwks_uri),
        "a public client cannot leave PKCE out": made.public and not made.require_pkce,
        "a public client cannot act for itself": made.public
        and "client_credentials" in made.grant_types,
        "web_origins belong to public clients": bool(made.web_origins) and not made.public,
        "redirect URIs on several hosts need a sector": not made.sector
        and len({urlsplit(uri).hostname for uri in made.redirect_uris}) > 1,
        f"{sm2.ALG} is turned off here (keys.sm2)": made.id_token_signed_response_alg == sm2.ALG
        and not settings.current.keys.sm2,
        "minimum_acr is not a level": bool(made.minimum_acr)
        and assurance.Level.parse(made.minimum_acr) is None,
    }


def _uncovered(made: Registration) -> dict[str, bool]:
    """What a client lacks to be told things only it may read."""
    alg, enc = made.userinfo_encrypted_response_alg, made.userinfo_encrypted_response_enc
    of_id_tokens = made.id_token_encrypted_response_alg, made.id_token_encrypted_response_enc
    encrypts = bool(alg) or any(of_id_tokens)
    unknown = sorted(set(made.sensitive_claims) - set(clients.SENSITIVE.values()))
    guarded = "id_number" in made.sensitive_claims
    return {
        f"sensitive_claims has {', '.join(unknown)}": bool(unknown),
        "userinfo_encrypted_response_alg and _enc belong together": bool(alg) != bool(enc),
        "an encrypted answer is signed too": bool(alg) and not made.userinfo_signed_response_alg,
        "id_token_encrypted_response_alg and _enc belong together": any(of_id_tokens)
        and not all(of_id_tokens),
        "an encrypted answer needs jwks or jwks_uri": encrypts and not (made.jwks or made.jwks_uri),
        "jwks has no key of use enc": encrypts and bool(made.jwks) and not _to_encrypt(made.jwks),
        "id_number needs userinfo_encrypted_response_alg": guarded and not alg,
        "id_number is not for public clients": guarded and made.public,
    }


def _to_encrypt(jwks: Any) -> bool:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    listed = keys if isinstance(keys, list) else []
    return any(isinstance(key, dict) and key.get("use") == "enc" for key in listed)
