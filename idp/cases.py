"""What is decided by a person of the staff: hall visits and appeals, each by one audited function.

Commands decide cases today; the pages of the hall will, through the same functions.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from idp import assurance, guardians, identities, levels, notices, recoveries, staff, stops
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.identities import Confirmed
from idp.realname import documents
from idp.staff import Act
from idp.store import accounts, guardianships, reads, throttles
from idp.store import cases as store
from idp.store import identities as people
from idp.store.accounts import Account
from idp.store.cases import Case, CaseTaken
from idp.store.engines import db
from idp.store.identities import Person, Proof
from idp.store.throttles import Counter

REALNAME, CHANGE, APPEAL, RECOVER = "realname", "change", "appeal", "recover"
"""Proving a name in the hall, with the document at hand; having another name or document put in the
place of the one there is; asking for a decision to be looked at; getting an account back with
another number.
"""
KINDS = {
    REALNAME: N_("到政务服务大厅办理实名认证"),
    CHANGE: N_("到政务服务大厅变更姓名或证件"),
    APPEAL: N_("申诉"),
    RECOVER: N_("到政务服务大厅找回账号"),
}
"""The same in the words of who asks."""
CONFIRMED, REFUSED = "confirmed", "refused"
VALID_FOR = timedelta(days=30)
SLIPS_DAY = 20
"""Codes an account may be given in a day."""
BATCH = 1000
"""Cases that lapse in one transaction."""


class NoSuchCase(IdpError):
    """No case has this code, or it was decided, or its time has run out."""

    code = "HT-4401"
    message = N_("没有这个待办的受理编号。")
    next_step = N_("请核对编号；过期的请申请人在网上重新领取。")
    status = 404


class AskedTooOften(IdpError):
    """More slips in a day than anybody takes in earnest; each stays on record."""

    code = "HT-4408"
    message = N_("今天领取受理编号的次数过多。")
    next_step = N_("请使用已经领取的编号，或明天再试。")
    status = 429


def open_(account_id: str, kind: str, stated: dict[str, str]) -> Case:
    """Open a case and commit; who asks again for the same gets the one there is.

    A code stands for one person and one topic: what an officer has read is what they decide. Who
    states another gets another code, and the one before is good no more. Raises AskedTooOften.
    """
    lapse(account_id)
    case = store.open_of(account_id, kind, stated.get("topic", ""))
    same = case is not None and _means(case.stated) == _means(stated)
    slips = Counter.of(account_id, "slips", SLIPS_DAY, timedelta(days=1))
    if not same and throttles.take([slips]).refused_by is not None:
        raise AskedTooOften
    if case is not None and not same:
        _lapse(case)
    if case is None or not same or not store.restate(case, stated):
        try:
            case = store.add(account_id, kind, stated, end_of_day(VALID_FOR))
        except CaseTaken:  # another tab was first
            return open_(account_id, kind, stated)
        audit.record(events.CaseOpened(account=account_id, case=case.code, kind=kind))
    db.session.commit()
    return case


def lapse(account_id: str = "") -> int:
    """Close what nobody decided in time, a batch of it, and commit; returns how many."""
    over = store.over(BATCH, account_id)
    for case in over:
        _lapse(case)
    db.session.commit()
    return len(over)


def _lapse(case: Case) -> None:
    """In the current transaction."""
    if store.lapse(case):
        guardianships.end_of_case(case.code, "case_over")
        audit.record(events.CaseLapsed(target=case.account_id, case=case.code, kind=case.kind))


def _means(stated: dict[str, str]) -> dict[str, str]:
    """What a decision would act upon; the rest is explanation."""
    return {name: value for name, value in stated.items() if name != "reason"}


def end_of_day(term: timedelta) -> datetime:
    """The end of the day in China on which ``term`` is over: slips name a day."""
    last = documents.today() + term
    return datetime.combine(last, time.max, documents.BEIJING)


def read(code: str, officer: str) -> Case:
    """An open case as the officer sees it, personal data in clear; that they looked is recorded.

    Raises NoSuchCase or OfficerUnnamed.
    """
    officer = staff.number(officer)
    case = store.by_code(code)
    if case is None or not case.open:
        raise NoSuchCase
    audit.record(events.CaseRead(target=case.account_id, case=case.code, officer=officer))
    reads.note(case.account_id, reads.CASE, officer, case.code)
    consent = guardianships.of_case(case.code)
    if consent is not None:
        reads.note(consent.guardian_id, reads.CASE, officer, case.code)
    db.session.commit()
    return case


def before(case: Case) -> dict[str, str]:
    """The identity that a change would end, in clear, for the officer to compare; else empty."""
    identity = people.of(case.account_id) if case.kind == CHANGE else None
    if identity is None:
        return {}
    return {
        "name_before": identity.real_name,
        "kind_before": identity.kind,
        "number_before": identity.number,
    }


def decide(code: str, officer: str, outcome: str, reason: str, *, in_person: bool = False) -> Case:
    """Decide an open case and bring about what follows.

    ``in_person``: of an appeal, that whoever appealed stood at the counter with the document;
    who proves a name in the hall always does.

    Raises NoSuchCase, OfficerUnnamed, or what the decision itself raises; then it stays open.
    """
    case = read(code, officer)
    explained = outcome == REFUSED or case.kind != REALNAME
    act = Act.by(officer, reason if explained else reason or outcome)
    seen = in_person or case.kind != APPEAL
    _decide(case, act, outcome)
    try:
        if outcome == CONFIRMED:
            _CONFIRMED[case.kind](case, act, seen)
    except IdpError:
        db.session.rollback()
        raise
    db.session.refresh(case)
    if case.open:  # what followed lost a race, began anew, and the decision was gone with it
        _decide(case, act, outcome)
    db.session.commit()
    return case


def _decide(case: Case, act: Act, outcome: str) -> None:
    """In the current transaction, which what follows commits: both are there or neither."""
    if not store.decide(case, act.officer, outcome, act.reason):
        db.session.rollback()
        raise NoSuchCase
    audit.record(
        events.CaseDecided(
            target=case.account_id,
            case=case.code,
            kind=case.kind,
            officer=act.officer,
            decision=outcome,
            reason=act.reason,
        )
    )
    if outcome == REFUSED:
        guardianships.end_of_case(case.code, "case_refused")
    account = accounts.by_id(case.account_id)
    if account is not None:
        notices.tell(account, "case_decided")


def _name_proved(case: Case, _act: Act, seen: bool) -> None:
    """The document lay on the counter: nothing is stronger than that."""
    guardians.begin(case)
    identities.bind(_appearing(case), _confirmed(case, seen))


def _name_changed(case: Case, _act: Act, seen: bool) -> None:
    """The papers that say why lay on the counter; the reason names them."""
    guardians.begin(case)
    identities.bind(_appearing(case), _confirmed(case, seen), changed=True)


def _appeal_granted(case: Case, act: Act, seen: bool) -> None:
    _GRANTED[case.stated["topic"]](case, act, seen)


def _document_awarded(case: Case, _act: Act, seen: bool) -> None:
    """Staff have looked at both sides: the document goes to who appealed, whoever has it."""
    guardians.begin(case)
    identities.bind(_appearing(case), _confirmed(case, seen), decided=True)


def _name_disowned(case: Case, act: Act, _seen: bool) -> None:
    """The name of then: one that was proved since is not what was looked into."""
    identity = people.of(case.account_id)
    if identity is None or identity.id != case.stated.get("identity"):
        raise NoSuchCase
    identities.take_away(case.account_id, act.reason, officer=act.officer)


def _account_restored(case: Case, act: Act, _seen: bool) -> None:
    """From the stop of then: one that came since, perhaps for another reason, is another matter."""
    stop = stops.of(case.account_id)
    if stop is not None and stop.code != case.stated.get("stop"):
        raise NoSuchCase
    stops.lift(case.account_id, act)


def _recovery_allowed(case: Case, _act: Act, _seen: bool) -> None:
    """The person the account is named after stood at the counter, and so did the phone."""
    account, identity = accounts.by_id(case.account_id), people.of(case.account_id)
    if account is None or identity is None or identity.document != case.stated["document"]:
        raise NoSuchCase
    recoveries.begin(account, recoveries.HALL, case.stated["phone"], case.code)
    db.session.commit()


def _appearing(case: Case) -> Account:
    account = accounts.by_id(case.account_id)
    if account is None or not account.active:
        raise NoSuchCase
    return account


def _confirmed(case: Case, seen: bool) -> Confirmed:
    """By the document on the counter, or by what was sent in."""
    said = case.stated
    person = Person(said["name"], said["kind"], said["number"], said["document"])
    method = "hall" if seen else "appeal"
    ial = assurance.METHODS[method]
    return Confirmed(person, Proof(method, "hall", case.code, ial, levels.until(levels.lasts(ial))))


_CONFIRMED: dict[str, Callable[[Case, Act, bool], None]] = {
    REALNAME: _name_proved,
    CHANGE: _name_changed,
    APPEAL: _appeal_granted,
    RECOVER: _recovery_allowed,
}
"""What a confirmed case of each kind brings about."""
DOCUMENT, FACE, NOT_ME, STOPPED = "document", "face", "not_me", "stopped"
_GRANTED: dict[str, Callable[[Case, Act, bool], None]] = {
    DOCUMENT: _document_awarded,
    FACE: _document_awarded,
    NOT_ME: _name_disowned,
    STOPPED: _account_restored,
}
"""What an appeal is about, and what granting it brings about."""
TOPICS = {
    DOCUMENT: N_("证件是我的，却用于另一个账号"),
    FACE: N_("是我本人，但核验没有通过"),
    NOT_ME: N_("本账号的实名信息不是我的"),
    STOPPED: N_("账号不应停用"),
}
"""The same in the words of who appeals."""
