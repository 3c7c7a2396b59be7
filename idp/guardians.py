"""A guardian agrees that their child's real name is processed, and may take it back (PIPL art. 31).

Whoever agrees has shown a living face, and knows the child's name and the code on the child's
slip. What they are to each other no register tells us: the hall sees both, and their papers.
"""

from collections.abc import Callable
from datetime import timedelta

from idp import agreements, identities, levels, minors, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.mandates import ending
from idp.minors import GuardianNeeded
from idp.realname import names
from idp.staff import Act
from idp.store import accounts, throttles
from idp.store import cases as cases_store
from idp.store import guardianships as store
from idp.store import identities as people
from idp.store.accounts import Account
from idp.store.cases import Case
from idp.store.engines import db
from idp.store.guardianships import ChildTaken, Guardianship
from idp.store.throttles import Counter

RELATIONS = {"parent": N_("父亲或母亲"), "guardian": N_("其他监护人")}
"""What a guardian is to the child: a parent, or whoever is in their place (民法典 art. 27)."""
TRIES = 10
"""Codes a guardian may enter in a day."""


class GuardianNotProved(IdpError):
    """Who agrees for a child has to be known themselves, by their living face."""

    code = "HT-4142"
    message = N_("为孩子同意之前，需要确认您本人的身份：完成刷脸等实人认证。")
    next_step = N_("请先为您自己的账号完成认证，再回到本页。")
    status = 403


class GuardianNameless(IdpError):
    """Who agrees has shown a network credential: the hall would have no name to compare."""

    code = "HT-4148"
    message = N_("您的账号出示过网证，但没有姓名，还不能为孩子同意。")
    next_step = N_("请领取受理编号，携带证件到政务服务大厅登记姓名，再回到本页。")
    status = 403


class GuardianTooYoung(IdpError):
    """Who agrees is a minor themselves (民法典 art. 17, 27)."""

    code = "HT-4149"
    message = N_("您未满 18 周岁，不能为孩子同意。")
    next_step = N_("请由孩子的父母或其他成年的监护人，用自己的账号办理。")
    status = 403


class NoSuchChild(IdpError):
    """No open slip has this code, or it is not for a child of this name."""

    code = "HT-4143"
    message = N_("没有找到这个孩子的申请。")
    next_step = N_("请与孩子页面上的受理编号和姓名核对；编号过期的，请用孩子的账号重新领取。")
    status = 404
    field = "case_code"


class AlreadyAgreed(IdpError):
    """Another guardian has agreed before."""

    code = "HT-4144"
    message = N_("另一位监护人已经同意。")
    next_step = N_("一位监护人同意即可；需要更换的，请先由对方撤回。")
    status = 409


class AskedTooOften(IdpError):
    """More codes than anybody has children."""

    code = "HT-4145"
    message = N_("今天填写的次数过多。")
    next_step = N_("请明天再试，或带孩子到政务服务大厅咨询。")
    status = 429


class RelationUnknown(IdpError):
    """The form said nothing of what the guardian is to the child."""

    code = "HT-4146"
    message = N_("请选择您与孩子的关系。")
    next_step = N_("从列表中选择一项后重新提交。")
    field = "relation"


class NotYourChild(IdpError):
    """There is no consent of theirs to take back: it has ended, or the child is fourteen."""

    code = "HT-4147"
    message = N_("没有可以撤回的同意。")
    next_step = N_("请返回查看最新状态；孩子年满 14 周岁后由本人决定。")
    status = 404


def hindrance(account: Account) -> IdpError | None:
    """What keeps an account's person from answering for a child: GuardianTooYoung,
    GuardianNameless or GuardianNotProved; None where nothing does. Commits as ``levels.of``.
    """
    return _hindrance(account, levels.of)


def _hindrance(account: Account, level: Callable[[Account], int]) -> IdpError | None:
    identity = people.of(account.id)
    if identity is None:
        return GuardianNotProved()
    day = minors.born(identity.kind, identity.number)
    if day is not None and not minors.is_grown_up(day):
        return GuardianTooYoung()
    if not identity.real_name:
        return GuardianNameless()
    return GuardianNotProved() if level(account) < levels.FACE else None


def agree(guardian: Account, code: str, child: str, relation: str) -> Guardianship:
    """Agree for the child named ``child``, whose slip has ``code``, and commit.

    It counts once the hall has confirmed the child's case. Raises what ``hindrance`` says,
    RelationUnknown, NameMalformed, AskedTooOften, NoSuchChild or AlreadyAgreed.
    """
    if error := hindrance(guardian):
        raise error
    if relation not in RELATIONS:
        raise RelationUnknown
    name = names.read(child)
    tries = Counter.of(guardian.id, "guardian", TRIES, timedelta(days=1))
    if throttles.take([tries]).refused_by is not None:
        raise AskedTooOften
    case = _case(code, guardian, name)
    born = minors.born_of(case.stated)
    if born is None or not minors.needed(case.account_id, born):
        raise NoSuchChild
    if before := _agreed_before(case, guardian):
        return before
    try:
        made = store.add(case.account_id, guardian.id, case.code, relation, born)
    except ChildTaken:  # another tab, or the other parent, was first
        return agree(guardian, code, child, relation)
    agreements.accept(guardian.id, (agreements.children(),))
    audit.record(
        events.GuardianAgreed(
            account=guardian.id, target=made.child_id, case=case.code, relation=relation
        )
    )
    db.session.commit()
    return made


def _agreed_before(case: Case, guardian: Account) -> Guardianship | None:
    """The guardian's own consent to this very case; one to another case ends. Raises AlreadyAgreed
    where it is another guardian's.
    """
    before = store.standing_of(case.account_id)
    if before is None:
        return None
    if before.case_code != case.code:
        store.end(before, "superseded")
        return None
    if before.guardian_id != guardian.id:
        raise AlreadyAgreed
    return before


def begin(case: Case) -> None:
    """The hall has seen the child, the guardian and their papers: the consent counts from here on,
    in the current transaction, with both of them held. Raises GuardianNeeded where the case is a
    child's and there is none.
    """
    if not minors.needed(case.account_id, minors.born_of(case.stated)):
        return
    found = store.of_case(case.code)
    if found is None:
        raise GuardianNeeded
    guardian = accounts.hold(found.guardian_id, case.account_id)[0]
    if not guardian.active or _hindrance(guardian, levels.regraded) or not store.begin(found):
        raise GuardianNeeded
    audit.record(
        events.GuardianConfirmed(account=found.guardian_id, target=found.child_id, case=case.code)
    )


def withdraw(guardian: Account, guardianship_id: str) -> None:
    """Take the consent back and commit: what was verified of the child counts no more, and their
    sessions end. Raises NotYourChild.
    """
    found = store.get(guardianship_id)
    if found is None or found.guardian_id != guardian.id or found.ward is None:
        raise NotYourChild
    if not minors.is_child(found.born_on):
        raise NotYourChild
    ending.settle(identities.end_consent(found, "withdrawn"))


def end_of(guardian_id: str, reason: str) -> None:
    """The guardian is no more: what they agreed to for children ends with them, and commit."""
    ending.settle(end_held(guardian_id, reason))


def end_held(guardian_id: str, reason: str) -> list[sessions.Ending]:
    """The same in the current transaction; ``mandates.ending.settle`` brings it about."""
    found = store.of_guardian(guardian_id)
    return [each for consent in found for each in identities.end_consent(consent, reason)]


def end_for(child_id: str, act: Act) -> None:
    """Somebody else is the guardian now: end the consent there is, and commit; another may then
    agree. Raises NotYourChild.
    """
    found = store.standing_of(child_id)
    if found is None:
        raise NotYourChild
    audit.record(events.GuardianReplaced(target=child_id, officer=act.officer, reason=act.reason))
    ending.settle(identities.end_consent(found, "guardian_replaced"))


def appearing(case: Case) -> dict[str, str]:
    """Who has to come along with a child, in clear, for the officer to compare; else empty."""
    found = store.of_case(case.code)
    identity = people.of(found.guardian_id) if found is not None else None
    if found is None or identity is None:
        return {}
    return {
        "guardian": identity.real_name,
        "guardian_number": identity.number,
        "relation": found.relation,
    }


def _case(code: str, guardian: Account, name: str) -> Case:
    """Raises NoSuchChild, whatever does not fit: nobody finds out slip by slip whose is whose."""
    case = cases_store.by_code(code)
    if case is None or not case.open or case.account_id == guardian.id:
        raise NoSuchChild
    if not names.same(case.stated.get("name", ""), name):
        raise NoSuchChild
    return case
