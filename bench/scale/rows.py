"""People as rows of the node's own tables, sealed and indexed by the node's own column types."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Dialect, Table
from sqlalchemy.orm import DeclarativeBase

from bench.scale.people import Person
from idp import agreements
from idp.store.accounts import (
    Account,
    AgreementAcceptance,
    KnownBrowser,
    SignIn,
    Subject,
    username_key,
)
from idp.store.clients import CONSENT
from idp.store.connections import Connection
from idp.store.engines import new_id
from idp.store.types import now

PORTALS = tuple(f"scale-{n}" for n in range(8))
_GRANTED = ["phone_number", "phone_number_verified"]
_TERMINAL = "Chrome · Android"
_NOTHING = object()
Values = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A table and how its rows are put on paper for one dialect."""

    table: Table
    dialect: Dialect

    @cached_property
    def columns(self) -> list[str]:
        return [column.name for column in self.table.columns]

    def row(self, given: Mapping[str, Any]) -> list[Any]:
        """``given`` as the database keeps it; what it leaves out has the model's default."""
        return [write(given.get(name, _NOTHING)) for name, write in self._writers]

    @cached_property
    def _writers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(column.name, _writer(column, self.dialect)) for column in self.table.columns]


def tables(dialect: Dialect) -> dict[type[DeclarativeBase], Plan]:
    """What is filled, in an order that breaks no foreign key."""
    models = (Account, AgreementAcceptance, KnownBrowser, SignIn, Connection, Subject)
    return {model: Plan(model.__table__, dialect) for model in models}  # type: ignore[arg-type]


class Writing:
    """What people leave in the tables after they have opened an account and used it."""

    def __init__(self, password_hash: str):
        self._password_hash = password_hash
        self._agreements = agreements.current()

    def of(self, people: Iterable[Person]) -> dict[type[DeclarativeBase], list[Values]]:
        found: dict[type[DeclarativeBase], list[Values]] = defaultdict(list)
        for person in people:
            account = self._account(person)
            found[Account].append(account)
            found[AgreementAcceptance] += self._accepted(account)
            if person.signed_in:
                found[KnownBrowser].append(_browser(account))
                found[SignIn].append(_sign_in(account))
            if person.connected:
                portal = PORTALS[person.n % len(PORTALS)]
                found[Connection].append(_connection(account, portal))
                found[Subject].append(_subject(account, portal))
        return found

    def _account(self, person: Person) -> Values:
        moment = now()
        opened = moment - person.opened
        return {
            "id": new_id(),
            "phone": person.phone,
            "phone_index": person.phone,
            "phone_proven_at": moment - person.proven,
            "username": person.username or None,
            "username_key": username_key(person.username) if person.username else None,
            "password_hash": self._password_hash if person.has_password else None,
            "password_set_at": opened if person.has_password else None,
            "profile": {"name": person.name} if person.name else {},
            "created_at": opened,
            "updated_at": opened,
        }

    def _accepted(self, account: Values) -> list[Values]:
        return [
            {
                "account_id": account["id"],
                "agreement": each.name,
                "version": each.version,
                "digest": each.digest,
                "accepted_at": account["created_at"],
            }
            for each in self._agreements
        ]


def _browser(account: Values) -> Values:
    at = account["phone_proven_at"]
    browser = sha256(f"browser:{account['id']}".encode()).hexdigest()
    seen = {"browser": browser, "terminal": _TERMINAL, "first_at": at, "last_at": at}
    return {"account_id": account["id"], **seen}


def _sign_in(account: Values) -> Values:
    at = account["phone_proven_at"]
    return {"account_id": account["id"], "at": at, "methods": ["sms"], "terminal": _TERMINAL}


def _connection(account: Values, portal: str) -> Values:
    at = account["phone_proven_at"]
    basis = {"legal_basis": CONSENT, "granted": _GRANTED, "first_at": at, "last_at": at}
    return {"account_id": account["id"], "client_id": portal, **basis}


def _subject(account: Values, portal: str) -> Values:
    sub = secrets.token_urlsafe(24)
    return {"account_id": account["id"], "sector": f"{portal}.example.gov.cn", "sub": sub}


def _writer(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    default, bind = _default(column), _bound(column, dialect)

    def write(value: Any) -> Any:
        return bind(default() if value is _NOTHING else value)

    return write


def _default(column: Column[Any]) -> Callable[[], Any]:
    made: Any = column.default
    if made is None:
        return lambda: None
    if made.is_callable:
        return lambda: made.arg(None)
    return lambda: made.arg


def _bound(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    if type(column.type) is JSON:
        return lambda value: orjson.dumps(value).decode()
    return column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)
