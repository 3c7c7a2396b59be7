"""Closing accounts: because the number has gone (DESIGN §3), or because the holder wants it (注销).

Who asks to close an account has it suspended at once: nothing of it is used any more but to erase
it, or to give it back to who signs in and takes the request back. After the cooling-off time the
worker erases it, in steps each of which may be repeated.
"""

from dataclasses import dataclass
from datetime import timedelta

from idp import freezing, guardians, mandates, notices, sessions, settings
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.store import accounts, guardianships, merges, numbers, organisations, outbox
from idp.store import closings as store
from idp.store.accounts import CLOSED, CLOSING, Account
from idp.store.engines import db
from idp.store.organisations import AGENT, LEGAL
from idp.store.types import now

ERASE, REMIND = "account-erase", "account-closing-soon"
_REMIND_BEFORE = timedelta(days=1)


class StillRepresents(IdpError):
    """The legal representative of an organisation for which agents act: they would all end."""

    code = "HT-4301"
    message = N_("您是%(organisations)s的法定代表人，该单位还有经办人在办事，账号暂时不能注销。")
    next_step = N_(
        "请先在“我的单位”撤销对经办人的授权；法定代表人已变更的，由新的法定代表人携带登记证书到政务服务大厅办理接手。"
    )
    status = 409


class MergeUndoable(IdpError):
    """Another account went into this one a few days ago and may yet come out of it again."""

    code = "HT-4302"
    message = N_("最近的账号合并还在可撤销期内，账号暂时不能注销。")
    next_step = N_("请在合并满 7 天后再申请，或先在“实名信息”中撤销合并。")
    status = 409


class NotUnderstood(IdpError):
    """The account was to be closed without the tick that says one knows what follows."""

    code = "HT-4306"
    message = N_("请先确认您已了解注销的后果。")
    next_step = N_("阅读页面上的说明后勾选确认。")
    field = "agree"


class NotClosing(IdpError):
    """There is no request to take back: it was taken back already, or the erasing has begun."""

    code = "HT-4303"
    message = N_("这个账号没有可以撤销的注销申请。")
    next_step = N_("请重新登录查看；账号已经注销的，可以用原来的手机号码重新注册。")
    status = 409


REFUSALS = (NotUnderstood, StillRepresents, MergeUndoable)
"""What the page where one asks can mend."""


class Suspended(sessions.AccountStopped):
    """The account is about to be closed; who signs in can have it back."""

    code = "HT-4304"
    message = N_("这个账号正在注销，现已停用。")
    next_step = N_("如需保留账号，请登录并选择“撤销注销”。忘记密码的，请用短信验证码登录。")


def obstacle(account: Account) -> IdpError | None:
    """Why an account cannot be closed yet, with the way on."""
    if named := _left_alone(account.id):
        return StillRepresents(organisations="、".join(named))
    mergers = [each for each in merges.of(account.id) if each.kept_id == account.id]
    return MergeUndoable() if any(each.undoable for each in mergers) else None


@dataclass(frozen=True)
class Prospect:
    """What somebody is told before they ask."""

    days: int
    mandates: list[str]
    """Organisations they act for."""
    children: int
    """How many they have agreed for."""
    obstacle: IdpError | None


def prospect(account: Account) -> Prospect:
    acting = {each.organisation.name for each in mandates.in_force(account.id)}
    days = settings.current.rights.cooling_off.days
    children = len(guardianships.of_guardian(account.id))
    return Prospect(days, sorted(acting), children, obstacle(account))


def ask(account: Account, understood: bool) -> None:
    """Suspend the account and commit: sessions, tokens and offline access end everywhere.

    Raises NotUnderstood, StillRepresents, MergeUndoable or AccountStopped.
    """
    if not understood:
        raise NotUnderstood
    if hindrance := obstacle(account):
        raise hindrance
    wait = settings.current.rights.cooling_off
    if store.ask(account.id, wait) is None:
        raise sessions.AccountStopped
    audit.record(events.ClosingAsked(account=account.id))
    outbox.add(ERASE, {"account": account.id}, due_in=wait)
    if wait > _REMIND_BEFORE:
        outbox.add(REMIND, {"account": account.id}, due_in=wait - _REMIND_BEFORE)
    _tell(account, "closing_asked")
    sessions.end_all(account.id, reason="account_closing", keep_offline=False)


def take_back(account: Account) -> None:
    """Give the account back to its holder, who has just proved to be it, and commit.

    Raises NotClosing.
    """
    if not store.take_back(account.id):
        db.session.rollback()
        raise NotClosing
    audit.record(events.ClosingTakenBack(account=account.id))
    _tell(account, "closing_taken_back")
    db.session.commit()


def go_on(account_id: str) -> None:
    """Promise the erasing anew, in the current transaction: it passed by while the account was
    stopped.
    """
    found = store.of(account_id)
    if found is not None:
        outbox.add(
            ERASE, {"account": account_id}, due_in=max(found.closes_at - now(), timedelta(0))
        )


def refusal(account: Account) -> IdpError:
    """What is said to somebody who has proven to be the holder of an account not active."""
    if freezing.is_frozen(account):
        return freezing.Frozen()
    return Suspended() if account.status == CLOSING else sessions.AccountStopped()


def remind(account_id: str) -> bool:
    """Tell the holder the day before; not who took the request back, or asked anew since.

    The account is held: a notice written while it is erased would outlive it.
    """
    held, closing = accounts.hold(account_id), store.of(account_id)
    if not held or closing is None or held[0].status != CLOSING:
        return False
    if closing.closes_at > now() + _REMIND_BEFORE:
        return False
    _tell(held[0], "closing_soon")
    db.session.commit()
    return True


def erase_if_due(account_id: str) -> bool:
    """Erase the account unless its holder came back; harmless to repeat, and to go on with."""
    if not store.begin(account_id):
        db.session.rollback()
        return False
    db.session.commit()  # from here on nobody takes it back
    mandates.end_of(account_id, "account_closed")
    guardians.end_of(account_id, "account_closed")
    erased = [*store.merged_into(account_id), account_id]
    for each in erased:
        store.erase_traces(each)
    account = accounts.by_id(account_id)
    reason = account.status_reason if account is not None else store.ASKED
    if account is not None:
        _tell(account, "account_erased")
    for each in erased:
        store.erase_person(each)
    store.erase_merges(erased)
    store.finish(account_id)
    audit.record(events.AccountErased(target=account_id, reason=reason))
    db.session.commit()
    return True


def close_if_due(account_id: str) -> bool:
    """Close the account unless its holder came back, and have it erased like one whose holder
    asked for it; harmless to repeat.
    """
    if not numbers.close_if_due(account_id):
        return False
    _close(account_id, "number_lost_closed")
    return True


def close(account_id: str, reason: str) -> None:
    """Close an account that nobody has a way into any more, and have it erased. Commits."""
    for account in accounts.hold(account_id):
        account.status, account.status_reason = CLOSED, reason
    _close(account_id, reason)


def _close(account_id: str, reason: str) -> None:
    audit.record(events.AccountStopped(target=account_id, reason=reason))
    store.due(account_id)
    outbox.add(ERASE, {"account": account_id})
    sessions.end_all(account_id, reason="account_closed", keep_offline=False)
    mandates.end_of(account_id, "account_closed")
    guardians.end_of(account_id, "account_closed")


def _left_alone(account_id: str) -> list[str]:
    """Organisations whose legal representative this is, and whose agents would all end."""
    represented = [
        each.organisation for each in mandates.in_force(account_id) if each.kind == LEGAL
    ]
    return [each.name for each in represented if _has_agents(each.id)]


def _has_agents(organisation_id: str) -> bool:
    under = organisations.mandates_under(organisation_id)
    return any(each.kind == AGENT and each.in_force for each in under)


def _tell(account: Account, notice: str) -> None:
    notices.tell(account, notice)
