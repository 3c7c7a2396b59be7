"""The end of a recovery: another number, another password, and nobody signed in any more."""

from idp import handover, notices, recoveries, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.recovery.errors import NotReady
from idp.services import services
from idp.store import accounts, numbers, throttles
from idp.store import recoveries as store
from idp.store.accounts import FROZEN, Account
from idp.store.engines import db
from idp.store.recoveries import DONE, Recovery


def complete(recovery: Recovery, password: str) -> None:
    """Give the account back, and commit; every session of it ends, and both numbers are told.

    Everything else stays as it is: the verified name, its level, other factors.
    Raises NotReady, NotRecoverable or NumberElsewhere; then nothing has changed.
    """
    seen = accounts.by_id(recovery.account_id)
    hashed = services.passwords.hash(password)
    moved = handover.loser(seen, recovery.phone) if seen else None
    held = accounts.hold(recovery.account_id)
    account = held[0] if held else None
    if account is None or account.status not in recoveries.OPEN_TO:
        raise recoveries.NotRecoverable
    if not recovery.ready or not store.end(recovery, DONE):  # another browser was first
        db.session.rollback()
        raise NotReady
    old = account.phone
    handover.give(account, recovery.phone, moved)
    accounts.give_password(account, hashed)
    account.password_settles_at = None  # what was shown for it is more than the phone
    if account.status == FROZEN:
        numbers.restore(account)
    _record(recovery, old)
    _tell(account, old)
    sessions.end_all(account.id, reason="recovered", keep_offline=False)
    limit = services.settings.login.account_failures
    throttles.clear(throttles.everybody(account.id, limit))
    if moved is not None:
        handover.settle(moved)


def _record(recovery: Recovery, old: str | None) -> None:
    index = services.sealer.index
    audit.record(
        events.RecoveryCompleted(
            target=recovery.account_id,
            recovery=recovery.id,
            way=recovery.way,
            old_phone=index("phone", old) if old else None,
            new_phone=index("phone", recovery.phone),
        )
    )


def _tell(account: Account, old: str | None) -> None:
    notices.warn(account, "recovery_done")
    if old and old != account.phone:
        notices.warn(account, "recovery_done", old)
