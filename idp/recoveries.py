"""Getting an account back that its holder has no way into any more: begun, cancelled, reminded of.

What a way restores it must be as strong as. A name and a number that match recover nothing; a
living face, or an officer with the document in hand, give the account a new number and a new
password, after a time in which everybody who can still get in, or has the old number, is told and
may say no.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from idp import levels, notices, settings
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.store import accounts, outbox
from idp.store import recoveries as store
from idp.store.accounts import ACTIVE, CLOSING, FROZEN, Account
from idp.store.engines import db
from idp.store.ephemeral import digest
from idp.store.recoveries import CANCELLED, LAPSED, Recovery, RecoveryTaken
from idp.store.types import now, sealer

REMIND = "recovery-soon"
_REMIND_BEFORE = timedelta(hours=12)
NUMBER, FACE, HALL = "number", "face", "hall"
"""``number``: a change of the number by who is signed in and has shown one kind of factor."""
OPEN_TO = frozenset({ACTIVE, FROZEN, CLOSING})
"""States of an account that can be got back; one that was stopped, or ended, cannot."""
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Way:
    """By what an account is got back: who of two gives way, and who may say no."""

    name: str
    rank: int
    """A stronger one takes the place of a weaker one that is under way."""
    stopped_by_number: bool
    """Whether who has the number alone may say no. What an officer has seen is stronger than that:
    a stolen phone is not to keep its owner out for ever.
    """
    label: str
    begun: str = "recovery_begun"
    soon: str = "recovery_soon"
    """Notices to the number there is, at the beginning and before the end."""
    away: bool = True
    """Whether who began it is somewhere else, and is told by their new number."""


WAYS = {
    way.name: way
    for way in (
        Way(
            NUMBER,
            0,
            stopped_by_number=True,
            label=N_("登录后更换手机号码"),
            begun="number_asked",
            soon="number_soon",
            away=False,
        ),
        Way(FACE, 1, stopped_by_number=True, label=N_("刷脸找回")),
        Way(HALL, 2, stopped_by_number=False, label=N_("在政务服务大厅当面办理")),
    )
}


class RecoveryUnderWay(IdpError):
    """Somebody else is getting this account back; said to who has proved as much as they did."""

    code = "HT-3506"
    message = N_("这个账号已有一个找回申请在等待中，不能再申请。")
    next_step = N_(
        "如果是您申请的，请凭申请编号继续办理；如果不是，请登录账号取消它，"
        "或携带身份证件到就近的政务服务大厅办理。"
    )
    status = 409


class NotRecoverable(IdpError):
    """The account was stopped, or it ended: nobody gets it back this way."""

    code = "HT-3507"
    message = N_("这个账号已停用或已注销，不能找回。")
    next_step = N_("已停用的，请携带身份证件到就近的政务服务大厅办理；已注销的，可以重新注册。")
    status = 403


def new_reference() -> str:
    """What names a recovery to who began it: twelve letters in three groups, 59 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def digest_of(reference: str) -> str:
    """``reference`` as somebody types it: case, spaces and hyphens do not matter."""
    return digest("".join(sign for sign in reference.upper() if sign in _LETTERS))


def wait_of(account: Account) -> timedelta:
    """Less where a face or more was shown for the account before: then the face now says more."""
    waits = settings.current.recovery
    return waits.wait_named if levels.of(account) >= levels.FACE else waits.wait


def begin(account: Account, way: str, phone: str, reference: str) -> Recovery:
    """Begin one, tell everybody, and leave it to the caller to commit.

    ``phone`` has been proven by who begins; ``reference`` names it to them.
    Raises RecoveryUnderWay or NotRecoverable.
    """
    (account,) = accounts.hold(account.id)
    if account.status not in OPEN_TO:
        raise NotRecoverable
    before = store.of(account.id)
    if before is not None:
        if before.pending and WAYS[before.way].rank >= WAYS[way].rank:
            raise RecoveryUnderWay
        _make_room(before)
    wait = wait_of(account)
    try:
        made = store.add(
            account.id,
            way=way,
            phone=phone,
            reference=digest_of(reference),
            wait=wait,
            open_for=settings.current.recovery.open,
        )
    except RecoveryTaken:  # another browser was first
        raise RecoveryUnderWay from None
    audit.record(
        events.RecoveryBegun(
            target=account.id,
            recovery=made.id,
            way=way,
            new_phone=sealer().index("phone", phone),
        )
    )
    notices.warn(account, WAYS[way].begun)
    if WAYS[way].away:
        notices.add(phone, "recovery_asked")
    if wait > _REMIND_BEFORE:
        outbox.add(REMIND, {"recovery": made.id}, due_in=wait - _REMIND_BEFORE)
    return made


def cancel(recovery: Recovery, reason: str, *, account: str = "") -> bool:
    """Cancel it in the current transaction, and tell who asked for it. False: it was over.

    ``account``: who says so, where somebody is known.
    """
    if not store.end(recovery, CANCELLED, reason):
        return False
    audit.record(
        events.RecoveryCancelled(
            account=account, target=recovery.account_id, recovery=recovery.id, reason=reason
        )
    )
    if WAYS[recovery.way].away:
        notices.add(recovery.phone, "recovery_cancelled")
    return True


def pending_of(account_id: str) -> Recovery | None:
    """The one under way."""
    found = store.of(account_id)
    return found if found is not None and found.pending else None


def remind(recovery_id: str) -> bool:
    """Tell both sides shortly before it can be brought to its end; not where it is over."""
    found = store.by_id(recovery_id)
    account = accounts.by_id(found.account_id) if found else None
    if found is None or account is None or not found.pending:
        return False
    if found.ready_at > now() + _REMIND_BEFORE:
        return False
    notices.warn(account, WAYS[found.way].soon)
    if WAYS[found.way].away:
        notices.add(found.phone, "recovery_ready")
    db.session.commit()
    return True


def _make_room(before: Recovery) -> None:
    if before.pending:
        cancel(before, "superseded")
    else:
        store.end(before, LAPSED)
