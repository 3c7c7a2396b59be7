"""Freezing an account: whoever got a security notice says that it was not them.

It takes the link of the notice and nothing else, for nothing is gained by it: sessions and offline
access end, and what was under way with the number is void. Going on takes more than the number
(``login.frozen``).
"""

from datetime import timedelta

from idp import factors, notices, recoveries, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_
from idp.store import accounts
from idp.store import notices as stored
from idp.store.accounts import ACTIVE, FROZEN, Account
from idp.store.engines import db
from idp.store.notices import Notice
from idp.store.types import now

NOT_ME = "not_me"
"""Why the account is frozen (``Account.status_reason``)."""
LATELY = timedelta(days=7)
"""What was changed for less long before is in doubt: perhaps it was not the holder."""
_DOUBTS = {
    "phone_changed": {"sms"},
    "password_changed": {"pwd"},
    "password_reset": {"pwd"},
    "recovery_done": {"sms", "pwd"},
}
"""What methods (``amr``) a notice puts in doubt."""


class Frozen(sessions.AccountStopped):
    """The account was frozen by the link of a notice; its holder can go on after signing in."""

    code = "HT-3512"
    message = N_("账号已按机主的要求冻结。")
    next_step = N_("请登录并按提示证明是您本人，重新设置密码后恢复使用。")


def is_frozen(account: Account) -> bool:
    return account.status == FROZEN and account.status_reason == NOT_ME


def freeze(notice: Notice) -> bool:
    """Freeze the account the notice was about, and commit. False: its link was used, or is old."""
    held = accounts.hold(notice.account_id)
    if not held or not stored.use(notice):
        db.session.rollback()
        return False
    account = held[0]
    if account.status == ACTIVE:
        account.status, account.status_reason = FROZEN, NOT_ME
        audit.record(events.AccountFrozen(target=account.id, reason=notice.about))
        notices.tell(account, "account_frozen")
    found = recoveries.pending_of(account.id)
    if found is not None and recoveries.WAYS[found.way].stopped_by_number:
        recoveries.cancel(found, NOT_ME)
    sessions.end_all(account.id, reason=NOT_ME, keep_offline=False)
    return True


def thaw(account: Account) -> bool:
    """Let the account go on, in the current transaction. False: it is not frozen any more."""
    held = accounts.hold(account.id)
    if not held or not is_frozen(held[0]):
        return False
    held[0].status, held[0].status_reason = ACTIVE, ""
    audit.record(events.AccountSecured(account=account.id))
    return True


def doubted(account: Account) -> set[str]:
    """Methods that may be somebody else's: their number or password, or what was added lately."""
    since = now() - LATELY
    found = {m for about in stored.warned_since(account.id, since) for m in _DOUBTS.get(about, ())}
    added = [each for each in factors.held(account.id) if each.added_at > since]
    return found.union(*(each.amr for each in added))
