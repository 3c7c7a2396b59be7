"""What the evidence of an account is worth now, and how long it counts."""

from datetime import datetime, timedelta

from idp import settings
from idp.store import identities as store
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.types import now

FACE = 3
"""What a living face is worth at least."""


def of(account: Account) -> int:
    """The level of an account; evidence that has run out counts no more. Commits what it finds."""
    if account.standing_ial != account.ial:
        regraded(account)
        db.session.commit()
    return account.ial


def regraded(account: Account) -> int:
    """The same of an account that is held, in the current transaction."""
    if account.standing_ial != account.ial:
        store.grade(account, store.of(account.id))
    return account.ial


def lasts(ial: int) -> timedelta | None:
    """How long evidence of a level counts on this node."""
    return settings.current.realname.lasts.get(str(ial))


def until(term: timedelta | None) -> datetime | None:
    """When evidence of today stops counting."""
    return now() + term if term else None
