"""Opening an account for who has proven a number, however many tabs ask at once."""

from dataclasses import dataclass

from idp import agreements, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.services import services
from idp.signup.errors import NameTaken
from idp.store import accounts, numbers
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
    if holder is not None and holder.id == wish.displaces and lapsed(holder):
        _displace(holder)
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
    if holder is not None and not holder.active:
        sessions.end_all(holder.id, reason="number_lost", keep_offline=False)
    return account


def lapsed(holder: Account) -> bool:
    """Whether the holder's last proof of their number is too old to count (DESIGN §3)."""
    return accounts.lapsed(holder, services.settings.login.phone_proof)


def _displace(holder: Account) -> None:
    """Take the number from an account that has not proven it for long; it is told and kept."""
    index = services.sealer.index("phone", holder.phone or "")
    numbers.release(holder, services.settings.login.closing)
    lost = events.PhoneChanged(account=holder.id, old_phone=index, reason="number_lost")
    audit.record(lost)
    if not holder.active:
        audit.record(events.AccountStopped(target=holder.id, reason="number_lost"))
