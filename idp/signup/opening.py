"""Opening an account for who has proven a number, however many tabs ask at once."""

from dataclasses import dataclass

from idp import agreements
from idp.audit import events
from idp.audit import log as audit
from idp.credentials import NameTaken
from idp.handover import displace, lapsed, settle
from idp.services import services
from idp.store import accounts
from idp.store.accounts import Account, NewAccount, UsernameTaken
from idp.store.engines import db
from idp.web.i18n import locale


@dataclass(frozen=True)
class Wish:
    """The number proven, and what the person chose."""

    number: str
    username: str = ""
    password: str = ""
    displaces: str = ""
    """The account that is to lose the number, when the person said that it is new to them."""


def open_account(wish: Wish) -> Account:
    """The new account, committed. Raises PhoneTaken or NameTaken; then nothing was changed."""
    hashed = services.passwords.hash(wish.password) if wish.password else None
    holder = accounts.by_phone(wish.number)
    moved = holder if holder and holder.id == wish.displaces and lapsed(holder) else None
    if moved is not None:
        displace(moved)
    new = NewAccount(wish.number, wish.username, hashed, locale())
    try:
        account = accounts.add(new)
    except UsernameTaken:
        raise NameTaken from None
    agreements.accept(account.id, agreements.current())
    audit.record(events.AccountOpened(account=account.id))
    if hashed:
        audit.record(events.PasswordSet(account=account.id, first=True))
    db.session.commit()
    if moved is not None:
        settle(moved)
    return account
