"""What every sign-in asks of SQL and leaves there.

The statements are made once and go round the ORM: building one anew, and loading and tracking
objects, costs several times what the statement itself does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Select, Table, and_, bindparam, delete, insert, select, update

from idp.store.accounts import ACTIVE, Account, KnownBrowser, SignIn
from idp.store.engines import connection, question, upsert
from idp.store.types import BlindIndex, now

_ACCOUNT = cast(Table, Account.__table__)
_BROWSER = cast(Table, KnownBrowser.__table__)
_SIGN_IN = cast(Table, SignIn.__table__)

_KNOWN = (
    select(_BROWSER.c.browser)
    .where(_BROWSER.c.account_id == bindparam("account"))
    .where(_BROWSER.c.browser == bindparam("browser"))
)
_PAST = (
    select(_BROWSER.c.browser, _SIGN_IN.c.at, _SIGN_IN.c.region, _SIGN_IN.c.methods)
    .select_from(_ACCOUNT)
    .outerjoin(
        _BROWSER,
        and_(_BROWSER.c.account_id == _ACCOUNT.c.id, _BROWSER.c.browser == bindparam("browser")),
    )
    .outerjoin(_SIGN_IN, and_(_SIGN_IN.c.account_id == _ACCOUNT.c.id, _SIGN_IN.c.outcome == "ok"))
    .where(_ACCOUNT.c.id == bindparam("account"))
    .order_by(_SIGN_IN.c.at.desc())
    .limit(50)
)
_STANDING = select(
    _ACCOUNT.c.status, _ACCOUNT.c.phone, _ACCOUNT.c.password_set_at, _ACCOUNT.c.ial
).where(_ACCOUNT.c.id == bindparam("account"))
_PROVEN = (
    update(_ACCOUNT)
    .where(_ACCOUNT.c.id == bindparam("account"))
    .values(phone_proven_at=bindparam("at"))
)
_NOTE = insert(_SIGN_IN)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in how, from which browser, on the way to which client."""

    account_id: str
    methods: Sequence[str]
    browser: str
    terminal: str
    client_id: str
    region: str | None = None


def note(sign_in: SignedIn) -> None:
    """Remember a sign-in, its browser, and the number it proved, in the caller's transaction."""
    moment, sql = now(), connection()
    account = sign_in.account_id
    if "sms" in sign_in.methods:
        sql.execute(_PROVEN, {"account": account, "at": moment})
    values = {
        "account_id": account,
        "methods": list(sign_in.methods),
        "at": moment,
        "terminal": sign_in.terminal,
        "client_id": sign_in.client_id,
        "region": sign_in.region,
    }
    sql.execute(_NOTE, values)
    browser = {
        "account_id": account,
        "browser": sign_in.browser,
        "terminal": sign_in.terminal,
        "first_at": moment,
        "last_at": moment,
    }
    sql.execute(_remember_browser(sql.dialect.name), browser)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as SQL has it at this moment, compared with how it was read."""

    active: bool
    unchanged: bool
    """Its number and its password are the same, and its identity is worth no less."""


def standing(account: Account) -> Standing:
    found = connection().execute(_STANDING, {"account": account.id}).one_or_none()
    if found is None:
        return Standing(active=False, unchanged=False)
    same = (found.phone, found.password_set_at) == (account.phone, account.password_set_at)
    return Standing(found.status == ACTIVE, same and found.ial >= account.standing_ial)


class Earlier(NamedTuple):
    """One of an account's sign-ins."""

    at: datetime
    region: str | None
    methods: Sequence[str]


@dataclass(frozen=True, slots=True)
class Past:
    """What an account has seen: this browser, and its last sign-ins, the latest first."""

    knows_browser: bool
    sign_ins: Sequence[Earlier]


def past(account_id: str, browser: str) -> Past:
    """In one question."""
    rows = connection().execute(_PAST, {"account": account_id, "browser": browser}).all()
    earlier = [Earlier(at, region, methods) for _, at, region, methods in rows if at is not None]
    return Past(bool(rows) and rows[0][0] is not None, earlier)


def knows_browser(account_id: str, browser: str) -> bool:
    found = connection().execute(_KNOWN, {"account": account_id, "browser": browser})
    return found.first() is not None


def forget_browser(account_id: str, browser: str) -> None:
    """The next sign-in from it is one in a new browser; in the current transaction."""
    known = delete(_BROWSER).where(_BROWSER.c.account_id == account_id)
    connection().execute(known.where(_BROWSER.c.browser == browser))


def knows_browser_by_phone(phone: str, browser: str) -> bool:
    """The same for the account of a number (E.164), in one question if there is none, too."""
    keys = BlindIndex.keys(_ACCOUNT.c.phone_index, phone)
    with question() as sql:
        found = sql.execute(_known_by_phone(len(keys)), {**keys, "browser": browser})
        return found.first() is not None


@cache
def _known_by_phone(keys: int) -> Select[Any]:
    return (
        select(_BROWSER.c.browser)
        .join(_ACCOUNT, _ACCOUNT.c.id == _BROWSER.c.account_id)
        .where(BlindIndex.is_one_of(_ACCOUNT.c.phone_index, keys))
        .where(_BROWSER.c.browser == bindparam("browser"))
    )


@cache
def _remember_browser(dialect: str) -> Any:
    """One statement, so that two tabs signing in at once do not trip over each other."""
    made = upsert(_BROWSER, dialect)
    changes = {"terminal": made.excluded.terminal, "last_at": made.excluded.last_at}
    return made.on_conflict_do_update(index_elements=["account_id", "browser"], set_=changes)
