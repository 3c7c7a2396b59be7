"""Stopping an account, so that nobody is let in, and letting it go on: by somebody of the staff.

It acts at once, everywhere: sessions and tokens end, portals are told, the holder is told. Nothing
is deleted, and whoever signs in there is shown why, under which number, and what to do.
"""

from idp import closing, guardians, notices, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.mandates import ending
from idp.staff import Act
from idp.store import accounts, closings, merges, numbers
from idp.store import stops as store
from idp.store.accounts import CLOSING, FROZEN, STOPPED, Account
from idp.store.engines import db
from idp.store.merges import MERGED
from idp.store.stops import Stop

DECEASED, CANCELLED, WRONG_PERSON, OTHER = "deceased", "cancelled", "wrong_person", "other"
KINDS = {
    DECEASED: N_("人口登记显示账号持有人已故。"),
    CANCELLED: N_("人口登记显示账号持有人的户籍已注销。"),
    WRONG_PERSON: N_("账号的实名信息可能不属于使用账号的人。"),
    OTHER: N_("账号因安全原因被停用。"),
}
"""Why an account is stopped, as its holder is told."""
_OF_THE_PERSON = (DECEASED, CANCELLED, WRONG_PERSON)
"""Those that say the person is not there, or is not who acts: what they were mandated to ends, and
what they granted. An account stopped for safety alone leaves others at work.
"""


class UnknownAccount(IdpError):
    """No account has this id."""

    code = "HT-4404"
    message = N_("没有这个账号。")
    next_step = N_("请核对账号编号。")
    status = 404


class AlreadyStopped(IdpError):
    """The account is stopped; the stop there is must be lifted before another one."""

    code = "HT-4405"
    message = N_("该账号已经停用。")
    next_step = N_("如需更改停用原因，请先恢复账号。")
    status = 409


class Over(IdpError):
    """The account was closed for good, or went into another one: nothing opens it again."""

    code = "HT-4305"
    message = N_("该账号已注销或已合并，不能停用或恢复。")
    next_step = N_("请本人重新注册，或在合并后的账号中办理。")
    status = 409


class UndoFirst(IdpError):
    """Another account went into this one: what was its own would end with the stop for good."""

    code = "HT-4407"
    message = N_("该账号近期合并过另一个账号，直接停用会使对方的授权永久失效。")
    next_step = N_("请先撤销合并 %(merge)s（account undo-merge），再停用该账号。")
    status = 409


class NotStopped(IdpError):
    """The account is not stopped, or it ended for another reason, such as a merge."""

    code = "HT-4406"
    message = N_("该账号没有被停用。")
    next_step = N_("请核对账号编号。")
    status = 409


def stop(account_id: str, kind: str, act: Act) -> Stop:
    """No sign-in, no session, no token from here on, offline access included. Commits.

    Where the person is in doubt, mandates end for good, and what they agreed to for children; who
    may yet be parted from an account that went into this one is parted first.

    Raises UndoFirst, UnknownAccount, AlreadyStopped or Over.
    """
    account = _held(account_id)
    if account.status == STOPPED:
        raise AlreadyStopped
    if kind in _OF_THE_PERSON and (undoable := _undoable(account_id)):
        raise UndoFirst(merge=undoable)
    if account.status == MERGED or closings.is_erased(account):
        raise Over
    made = store.add(account, kind, act.officer, act.reason)
    audit.record(
        events.AccountStopped(
            target=account_id, kind=kind, case=made.code, officer=act.officer, reason=act.reason
        )
    )
    notices.tell(account, "account_stopped")
    endings = []
    if kind in _OF_THE_PERSON:  # with the stop or not at all: nobody stops it a second time
        endings += ending.end_held(account_id, "account_stopped")
        endings += guardians.end_held(account_id, "account_stopped")
    sessions.end_all(account_id, reason="account_stopped", keep_offline=False)
    ending.settle(endings)
    return made


def of(account_id: str) -> Stop | None:
    """The stop in force."""
    return store.of(account_id)


def lift(account_id: str, act: Act) -> None:
    """Let the account go on as it was before it was stopped. Commits.

    Raises UnknownAccount or NotStopped.
    """
    account, found = _held(account_id), store.of(account_id)
    if account.status != STOPPED or found is None:
        raise NotStopped
    store.lift(account, found, act.officer, act.reason)
    if account.status == CLOSING:
        closing.go_on(account_id)
    if account.status == FROZEN:
        numbers.go_on(account)
    audit.record(
        events.AccountRestored(
            target=account_id, case=found.code, officer=act.officer, reason=act.reason
        )
    )
    notices.tell(account, "account_restored")
    db.session.commit()


def _undoable(account_id: str) -> str:
    """The merge into an account that may still be undone; "" for none."""
    into = [each for each in merges.of(account_id) if each.kept_id == account_id]
    return next((each.id for each in into if each.undoable), "")


def _held(account_id: str) -> Account:
    held = accounts.hold(account_id)
    if not held:
        raise UnknownAccount
    return held[0]
