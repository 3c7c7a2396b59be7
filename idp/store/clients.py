"""Relying parties: which are registered, and what each may do.

Every process keeps the registrations it needs. A number that grows with every change —
the epoch — stands in SQL and in each Redis bucket; it is read together with the session,
and a registration read under an older epoch, or under none, is read again.
"""

import re
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Self, cast
from urllib.parse import urlsplit

from sqlalchemy import JSON, BigInteger, Integer, String, Table, Text, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from idp.current import of_the_app
from idp.store import buckets
from idp.store.engines import Base, add_if_new, db, redis
from idp.store.scripts import Script
from idp.store.types import UtcDateTime, now

ACTIVE, STOPPED = "active", "stopped"
CONSENT, STATUTORY = "consent", "statutory"
SENSITIVE: dict[str, str] = {
    "real_name": "real_name",
    "guardian": "real_name",
    "verified_birthdate": "verified_birthdate",
    "verified_gender": "verified_gender",
    "id_type": "id_number",
    "id_number": "id_number",
}
"""What a client is told only where an operator has approved it: by claim, what
``sensitive_claims`` has to list for it."""
GUARDED = frozenset({"id_type", "id_number"})
"""Told by userinfo alone, and only encrypted to a key of the client's."""
MANAGE, READ = "ssf.manage", "ssf.read"
LISTEN = frozenset({MANAGE, READ})
"""Scopes of who may have an event stream here, and look at it (CAEP Interoperability §2.7.2)."""
KEY_MANAGEMENT = ("ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP-256")
CONTENT_ENCRYPTION = ("A256GCM", "A128GCM")
"""How an answer may be encrypted (RFC 7518 §4, §5): ``alg`` and ``enc``."""


class Client(Base):
    """One registration (RFC 7591 §2, OIDC Registration §2, and our own policy)."""

    __tablename__ = "client"

    client_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    secret_hash: Mapped[str] = mapped_column(String(64), default="")
    old_secret_hash: Mapped[str] = mapped_column(String(64), default="")
    old_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    note: Mapped[str] = mapped_column(Text, default="")


def add(row: Client) -> bool:
    """In the current transaction. False: somebody was first, and it was rolled back."""
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


class ClientEpoch(Base):
    """One row: a number that grows whenever any registration changes."""

    __tablename__ = "client_epoch"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)


@dataclass(frozen=True)
class Registration:
    """What the protocol reads of a client: a value, shared by all threads of a process."""

    client_id: str
    name: str
    name_en: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_basic"
    grant_types: tuple[str, ...] = ("authorization_code",)
    scope: str = "openid"
    legal_basis: str = CONSENT
    statute: str = ""
    """The law a statutory client stands on, shown in the account."""
    claims: tuple[str, ...] = ()
    """For ``statutory``: the only claims it may be told. For ``consent``: any of its scopes."""
    sensitive_claims: tuple[str, ...] = ()
    """Those of ``SENSITIVE`` an operator has approved it for, whatever its basis."""
    purpose: str = ""
    legal_name: str = ""
    contact: str = ""
    home_uri: str = ""
    initiate_login_uri: str = ""
    logo_uri: str = ""
    policy_uri: str = ""
    tos_uri: str = ""
    subject_type: str = "pairwise"
    sector: str = ""
    id_token_signed_response_alg: str = "RS256"
    """Metadata that names none means RS256 (Registration §2); ``create_client`` writes ES256."""
    id_token_encrypted_response_alg: str = ""
    id_token_encrypted_response_enc: str = ""
    """Empty: ID tokens are signed, and readable to whoever the client's browser shows them to."""
    userinfo_signed_response_alg: str = ""
    userinfo_encrypted_response_alg: str = ""
    userinfo_encrypted_response_enc: str = ""
    access_token_format: str = "opaque"
    audiences: tuple[str, ...] = ()
    """Resource servers, by client id, that may introspect this client's tokens."""
    require_pkce: bool = True
    require_pushed_authorization_requests: bool = False
    """Whether its requests count only as it has pushed them (RFC 9126 §6)."""
    require_signed_request_object: bool = False
    """Whether its requests count only under its own signature (RFC 9101 §10.5)."""
    request_object_signing_alg: str = ""
    """The only algorithm it signs them by; empty: any of those the metadata name."""
    minimum_acr: str = ""
    default_max_age: int | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str = ""
    token_endpoint_auth_signing_alg: str = "ES256"
    """Empty: any of those the metadata name."""
    assertion_audience: str = "any"
    """``any``: issuer or token endpoint; ``issuer``: only the issuer string (FAPI 2.0)."""
    dress: str = ""
    """The look of our pages on the way to it: one of ``dresses``."""
    federated: str = ""
    """An entity of the federation: the profile of its anchor, ``strict`` or ``interop``."""
    backchannel_logout_uri: str = ""
    frontchannel_logout_uri: str = ""
    web_origins: tuple[str, ...] = ()
    """Origins of a public client's pages that may read token answers (CORS)."""

    status: str = field(default=ACTIVE)
    secret_hash: str = field(default="", repr=False)
    old_secret_hash: str = field(default="", repr=False)
    old_secret_until: datetime | None = None

    @classmethod
    def of(cls, row: Client) -> Self:
        known = {f.name for f in fields(cls)}
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in row.metadata_.items()
        }
        return cls(
            **{k: v for k, v in given.items() if k in known},
            client_id=row.client_id,
            status=row.status,
            secret_hash=row.secret_hash,
            old_secret_hash=row.old_secret_hash,
            old_secret_until=row.old_secret_until,
        )

    @property
    def active(self) -> bool:
        return self.status == ACTIVE

    @property
    def public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    @property
    def signs_requests(self) -> bool:
        return self.require_signed_request_object or bool(self.request_object_signing_alg)

    @property
    def proves_requests(self) -> bool:
        """Whether its requests count only where it has signed them, or pushed them itself."""
        return self.require_signed_request_object or bool(self.federated)

    @property
    def statutory(self) -> bool:
        return self.legal_basis == STATUTORY

    def tellable(self, claims: Iterable[str]) -> frozenset[str]:
        """Of ``claims`` those it may be told: a statute covers what is listed now, no more."""
        if not self.statutory:
            return frozenset(claims) - self.withheld
        return (frozenset(claims) & {*self.claims, "offline_access"}) - self.withheld

    @cached_property
    def withheld(self) -> frozenset[str]:
        """Sensitive claims it is not approved for, or that could not reach it encrypted."""
        refused = {claim for claim, by in SENSITIVE.items() if by not in self.sensitive_claims}
        return frozenset(refused if self.userinfo_encrypted_response_alg else refused | GUARDED)

    @cached_property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    def secret_matches(self, secret: str) -> bool:
        given = hash_secret(secret)
        if self.secret_hash and secrets.compare_digest(given, self.secret_hash):
            return True
        until = self.old_secret_until
        return (
            bool(self.old_secret_hash)
            and until is not None
            and until > now()
            and secrets.compare_digest(given, self.old_secret_hash)
        )


METADATA = frozenset(
    f.name
    for f in fields(Registration)
    if f.name not in {"client_id", "status", "secret_hash", "old_secret_hash", "old_secret_until"}
)


def hash_secret(secret: str) -> str:
    """Client secrets are 256 random bits: a plain digest resists guessing, and is fast."""
    return sha256(secret.encode()).hexdigest()


def sector_of(registration: Registration) -> str:
    """The sector identifier: the host all redirect URIs share (OIDC Core §8.1)."""
    if registration.sector:
        return registration.sector
    hosts = {urlsplit(uri).hostname or uri for uri in registration.redirect_uris}
    return hosts.pop() if len(hosts) == 1 else registration.client_id


_CACHE_SIZE = 10_000
_NO_CHANGE_YET = {"id": 1, "value": 0}
_ADVANCE = Script("""
if tonumber(redis.call('GET', KEYS[1]) or '-1') >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
""")
_ID = re.compile(r"[!-~]{1,255}")


class _Known:
    """What one process knows of the registrations, each with the epoch it was read under."""

    def __init__(self) -> None:
        self.clients: dict[str, tuple[int, Registration]] = {}
        self.latest: int | None = None
        self.origins: tuple[int, frozenset[str]] = (-1, frozenset())
        self.ids: tuple[int, frozenset[str]] = (-1, frozenset())
        """Every id there is: strangers may make up any number of others."""
        self.lock = threading.Lock()

    def keep(self, client_id: str, epoch: int, found: Registration) -> None:
        with self.lock:
            if len(self.clients) >= _CACHE_SIZE:
                self.clients.clear()
            self.clients[client_id] = (epoch, found)


def _known() -> _Known:
    extensions = of_the_app()
    return extensions.get("clients") or extensions.setdefault("clients", _Known())


def find(client_id: str, epoch: int | None) -> Registration | None:
    """The registration as of ``epoch`` (read with the session), or None if there is none.

    ``epoch`` None means that nobody has asked: Redis is. Where it knows of none SQL is asked,
    and Redis told. Names nobody has are not kept: whoever invents them must not push out those
    that are.
    """
    if not is_id(client_id):
        return None
    known, epoch = _known(), _as_of(epoch)
    known.latest = epoch
    cached = known.clients.get(client_id)
    if epoch is not None and cached is not None and cached[0] >= epoch:
        return cached[1]
    if epoch is not None and known.ids[0] >= epoch and client_id not in known.ids[1]:
        return None
    value = sql_epoch()
    found = look_up(client_id)
    if epoch is None:
        publish_epoch(value, only_missing=True)
    if found is None:
        known.ids = (value, frozenset(db.session.scalars(select(Client.client_id))))
        return None
    known.keep(client_id, value, found)
    return found


def latest_epoch() -> int | None:
    """The latest this process has seen; there may be a later one by now."""
    return _known().latest


def is_id(client_id: str) -> bool:
    """Whether a client may have this name; whatever else a request says is not looked for."""
    return bool(_ID.fullmatch(client_id))


def look_up(client_id: str) -> Registration | None:
    """The registration as SQL has it now, off the hot path; None for what cannot be a name."""
    if not is_id(client_id):
        return None
    row = db.session.get(Client, client_id, populate_existing=True)
    return Registration.of(row) if row else None


def _as_of(epoch: int | None) -> int | None:
    """Garbage leads to no bucket, and must lead to SQL no more than anything else does."""
    if epoch is not None:
        return epoch
    found = cast(bytes | None, redis.get(buckets.epoch(buckets.draw())))
    return int(found) if found else None


def sql_epoch() -> int:
    return db.session.scalar(select(ClientEpoch.value).where(ClientEpoch.id == 1)) or 0


def advance_epoch() -> int:
    """Count a change, in the transaction that makes it.

    Never less than the clock's milliseconds, so that a database brought back from a copy
    does not count again what running processes have seen.
    """
    # Two who register the first clients of a node at once both find no row.
    add_if_new(cast(Table, ClientEpoch.__table__), _NO_CHANGE_YET)
    row = db.session.get_one(ClientEpoch, 1, with_for_update=True)
    row.value = max(row.value + 1, time.time_ns() // 1_000_000)
    db.session.flush()
    return row.value


def publish_epoch(value: int, *, only_missing: bool = False) -> None:
    """Tell every bucket. It never goes back, so two changes may be told in any order."""
    if not only_missing:
        for bucket in buckets.ALL:
            _ADVANCE([buckets.epoch(bucket)], [value])
        return
    with redis.pipeline(transaction=False) as pipe:
        for bucket in buckets.ALL:
            pipe.set(buckets.epoch(bucket), value, nx=True)
        pipe.execute()


def all_clients() -> list[Registration]:
    rows = db.session.scalars(select(Client).order_by(Client.client_id))
    return [Registration.of(row) for row in rows]


def web_origins(epoch: int | None) -> frozenset[str]:
    """The origins of all active public clients, as of ``epoch``."""
    known, epoch = _known(), _as_of(epoch)
    if epoch is not None and known.origins[0] >= epoch:
        return known.origins[1]
    value = sql_epoch()
    found = frozenset(
        origin
        for registration in all_clients()
        if registration.active and registration.public
        for origin in registration.web_origins
    )
    known.origins = (value, found)
    return found
