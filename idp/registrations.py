"""Registering relying parties: what may be registered, and every change to it (RFC 7591 §2).

A change counts up the clients' epoch in its own transaction and then tells every bucket,
so that it holds at once in all processes.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.audit import log as audit
from idp.audit.events import ClientChanged, ClientCreated, ClientStopped, Event
from idp.errors import N_, IdpError
from idp.registration_rules import BadMetadata, checked
from idp.store import clients
from idp.store.clients import ACTIVE, METADATA, STOPPED, Client, Registration
from idp.store.engines import db
from idp.store.types import now

SECRET_GRACE = timedelta(hours=24)
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{2,63}")
_SHORTEST_SECRET = 32


class UnknownClient(IdpError):
    """No client with this id is registered; `client list` shows those that are."""

    code = "HT-0512"
    message = N_("没有找到这个应用。")
    status = 404
    oauth_error = "invalid_client"


class ClientIdTaken(IdpError):
    """A client with this id is registered already; change it, or choose another id."""

    code = "HT-0513"
    message = N_("该应用标识已被使用。")
    status = 409
    oauth_error = "invalid_client_metadata"


@dataclass(frozen=True)
class Created:
    registration: Registration
    secret: str
    """Shown this once: only its digest is kept. Empty for clients that need none."""


def create(metadata: Mapping[str, Any], *, client_id: str = "", secret: str = "") -> Created:
    """Register a client. An id and a secret are made unless they are given."""
    client_id = client_id or f"c-{secrets.token_hex(8)}"
    if not _CLIENT_ID.fullmatch(client_id):
        raise BadMetadata("client_id: 3 to 64 letters, digits, '.', '_', '~' or '-'")
    if db.session.get(Client, client_id) is not None:
        raise ClientIdTaken
    values = checked(metadata)
    secret = _secret_for(values, secret)
    row = Client(
        client_id=client_id,
        metadata_=values,
        secret_hash=clients.hash_secret(secret) if secret else "",
    )
    db.session.add(row)
    return Created(_commit(row, ClientCreated(client_id=client_id, role="operator")), secret)


def change(client_id: str, metadata: Mapping[str, Any]) -> Registration:
    """Replace the named settings of a client; the others stay."""
    row = _row(client_id)
    values = checked({**row.metadata_, **metadata})
    changed = tuple(sorted(k for k in METADATA if values.get(k) != row.metadata_.get(k)))
    if not changed:
        return Registration.of(row)
    row.metadata_ = values
    return _commit(row, ClientChanged(client_id=client_id, changed=changed, role="operator"))


def stop(client_id: str, reason: str) -> Registration:
    """Cut a client off at once, at every endpoint and grant."""
    row = _row(client_id)
    row.status, row.note = STOPPED, reason
    return _commit(row, ClientStopped(client_id=client_id, reason=reason[:128], role="operator"))


def restore(client_id: str) -> Registration:
    row = _row(client_id)
    row.status = ACTIVE
    return _commit(row, ClientChanged(client_id=client_id, changed=("status",), role="operator"))


def rotate_secret(client_id: str, grace: timedelta = SECRET_GRACE) -> Created:
    """A new secret; the old one is good for ``grace``, so that a portal can change over."""
    row = _row(client_id)
    if not row.secret_hash:
        raise BadMetadata("this client authenticates without a secret")
    secret = secrets.token_urlsafe(32)
    row.old_secret_hash, row.old_secret_until = row.secret_hash, now() + grace
    row.secret_hash = clients.hash_secret(secret)
    event = ClientChanged(client_id=client_id, changed=("secret",), role="operator")
    return Created(_commit(row, event), secret)


def get(client_id: str) -> Registration:
    return Registration.of(_row(client_id))


def _row(client_id: str) -> Client:
    row = db.session.get(Client, client_id, populate_existing=True)
    if row is None:
        raise UnknownClient
    return row


def _secret_for(values: Mapping[str, Any], given: str) -> str:
    method = values.get("token_endpoint_auth_method", Registration.token_endpoint_auth_method)
    if not method.startswith("client_secret_"):
        return ""
    if given and len(given) < _SHORTEST_SECRET:
        raise BadMetadata(f"secret: at least {_SHORTEST_SECRET} characters of chance")
    return given or secrets.token_urlsafe(32)


def _commit(row: Client, event: Event) -> Registration:
    epoch = clients.advance_epoch()
    audit.record(event)
    db.session.commit()
    clients.publish_epoch(epoch)
    return Registration.of(row)
