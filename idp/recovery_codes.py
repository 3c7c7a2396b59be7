"""Recovery codes (恢复码): ten, each good once, for who has no other second factor at hand.

A set is good from the moment it is made; it is shown in the session that made it until the person
says they have kept it, ten minutes at most. What is stored is a digest of each code.
"""

import hmac
import secrets
import unicodedata
from datetime import timedelta
from enum import Enum

from idp import notices, sessions, settings
from idp.audit import events
from idp.audit import log as audit
from idp.store import accounts, ephemeral
from idp.store import recovery_codes as store
from idp.store.accounts import Account
from idp.store.engines import db

COUNT = 10
FEW = 3
"""So many left, or fewer, and the person is asked to make new ones."""
PAGE = "/account/recovery-codes"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: none of them is taken for another."""
_LENGTH, _GROUP = 12, 4
_READ_AS = str.maketrans("OIL", "011")
_SHOWN_FOR = timedelta(minutes=10)
_KIND = "recovery-codes"


class Use(Enum):
    """What became of a code somebody showed."""

    GOOD = "good"
    WRONG = "wrong"
    """Not one of the present set: wrong, or of a set that a newer one voided."""
    SPENT = "spent"
    """Good once, and used."""


def normalise(typed: str) -> str:
    """A code as it was made, of what was typed: in either case, with any spaces and hyphens, and
    letters that look like digits for those; "" when it cannot be one.
    """
    plain = unicodedata.normalize("NFKC", typed).upper().translate(_READ_AS)
    code = "".join(each for each in plain if each.isalnum())
    return code if len(code) == _LENGTH and {*code} <= {*_LETTERS} else ""


def left(account_id: str) -> int:
    found = store.of(account_id)
    return found.left if found else 0


def offer(account: Account) -> str:
    """Make a first set for who has none, and commit; "" for who has one, else the page of the
    account that shows it. For whoever has just added a factor.
    """
    on = "recovery_code" in settings.current.login.methods
    return _make(account, first=True) if on else ""


def make(account: Account) -> str:
    """Make a new set, which voids the old one, tell the phone, and commit. Returns the page that
    shows it.
    """
    return _make(account, first=False)


def shown(account: Account) -> list[str]:
    """The codes of the present set, where this session has just made it; else none."""
    found = store.of(account.id)
    kept = ephemeral.peek_sealed(_KIND, _showing(found)) if found else None
    return [_in_groups(code) for code in kept["codes"]] if kept else []


def kept(account: Account) -> None:
    """The person has the codes: they are never shown again."""
    found = store.of(account.id)
    if found is not None:
        ephemeral.forget(_KIND, _showing(found))


def spend(account: Account, code: str) -> Use:
    """Use up a code (``normalise``); when it was good tell the phone, and commit."""
    found = store.of(account.id)
    given = _digest(account.id, code)
    digests = found.digests if found else []
    numbers = [n for n, each in enumerate(digests) if hmac.compare_digest(each, given)]
    if found is None or not numbers:
        return Use.WRONG
    if not store.use(found, numbers[0]):
        return Use.SPENT
    audit.record(events.RecoveryCodeUsed(account=account.id, left=found.left))
    notices.warn(account, "recovery_code_used")
    db.session.commit()
    return Use.GOOD


def _make(account: Account, *, first: bool) -> str:
    accounts.hold(account.id)
    before = store.of(account.id)
    if first and before is not None:
        return ""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(COUNT)]
    made = store.replace(account.id, [_digest(account.id, code) for code in codes])
    audit.record(events.RecoveryCodesMade(account=account.id, again=before is not None))
    if account.phone and not first:
        notices.warn(account, "recovery_codes_made")
    ephemeral.put_sealed(_KIND, _showing(made), {"codes": codes}, _SHOWN_FOR)
    db.session.commit()
    return PAGE


def _showing(found: store.RecoveryCodes) -> str:
    """Bound to the session and to the set: of two tabs both show the set that counts."""
    session = sessions.current()
    return f"{session.id if session else ''}|{found.set_id}"


def _digest(account_id: str, code: str) -> str:
    return ephemeral.digest(f"{account_id}|{code}")


def _in_groups(code: str) -> str:
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))
