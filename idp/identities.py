"""Binding a verified real name to an account, and what becomes of whoever held it (DESIGN §3).

A name and a number that match say that the pair exists, not who is there: only evidence stronger
than the holder's takes a document from another account, and nothing is deleted by it.
"""

from dataclasses import dataclass

from idp import levels, minors, notices, sessions, settings
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.mandates import ending
from idp.store import accounts, guardianships, outbox
from idp.store import identities as store
from idp.store.accounts import STOPPED, Account
from idp.store.engines import db
from idp.store.guardianships import Guardianship
from idp.store.identities import CURRENT, DISPLACED, ENDED, DocumentTaken, Identity, Person, Proof
from idp.store.types import now

IN_PERSON = 4
"""What a document on the counter is worth."""
CHANGED = "changed"
"""Why an identity ended: its person has another name or another document."""
LEARN = "handle-learn"
"""Kind of a message: the linking service is to say what a person is called here."""
_SIGNING_UP = 60
"""Seconds at most between a password chosen at sign-up and the session that begins by it."""


class NamedOtherwise(IdpError):
    """The account has an identity already, and this is another document or another name."""

    code = "HT-4111"
    message = N_("本账号已完成实名认证，与这次填写的身份不一致。")
    next_step = N_(
        "一个账号只属于一个人。改名或更换证件，请在“我的账号—实名信息”中领取变更的受理编号，"
        "携带证件到政务服务大厅办理。"
    )
    status = 409


class NoIdentity(IdpError):
    """The account has no verified name to lower or to take away."""

    code = "HT-4113"
    message = N_("该账号没有实名信息。")
    next_step = N_("请核对账号。")
    status = 404


class HeldElsewhere(IdpError):
    """The document belongs to another account, whose evidence is not weaker than this.

    Said only to who has shown that name and number match; nothing of the other account is told.
    """

    code = "HT-4112"
    message = N_("这个证件已用于另一个账号的实名认证。")
    next_step = N_("如果那个账号也是您的，可以登录它；否则请用更可靠的方式证明是您本人。")
    status = 409

    def __init__(self, holder: Identity, ial: int):
        super().__init__()
        self.holder = holder
        self.ial = ial
        """What the holder's evidence is worth."""


@dataclass(frozen=True)
class Confirmed:
    """What a verifier has confirmed of an account's person, and by what."""

    person: Person
    proof: Proof


def bind(
    account: Account, confirmed: Confirmed, *, decided: bool = False, changed: bool = False
) -> Identity:
    """Bind what was confirmed and commit. Raises AccountStopped, GuardianNeeded, NamedOtherwise or
    HeldElsewhere.

    Verifiers take their time: both accounts are held, and looked at again as they are now.
    ``decided``: staff have heard both sides, and whatever the holder has shown gives way.
    ``changed``: staff have seen that the account's person has another name or document by now:
    the old identity ends with the beginning of the new one, and what the person agreed to and was
    mandated to stays.
    Where stronger evidence displaces another holder, that account keeps everything but the
    name and what it was mandated to as that person: its level falls, its sessions end, and it is
    told.
    """
    person, proof = confirmed.person, confirmed.proof
    holder = _held(account, person.document)
    if minors.needed(account.id, minors.born(person.kind, person.number)):
        raise minors.GuardianNeeded
    mine = store.of(account.id)
    if mine is not None and mine.document == person.document and mine.real_name == person.name:
        return _add(account, mine, proof)
    if mine is not None and not changed:
        raise NamedOtherwise
    if holder is not None and holder.account_id == account.id:
        holder = None  # the same document under another name
    displaced = holder if decided or holder is None else _displaceable(holder, proof)
    endings = _displace(displaced) if displaced is not None else []
    if mine is not None:
        _change(account, mine)
    try:
        identity = store.bind(account, person)
        if settings.current.federation.linking:
            outbox.add(LEARN, {"account": account.id})
    except DocumentTaken:  # another tab, or another account, was first
        return bind(account, confirmed, decided=decided, changed=changed)
    _add(account, identity, proof)
    ending.settle(endings)
    return identity


def _held(account: Account, document: str) -> Identity | None:
    """Who has the document, with both accounts held. Raises AccountStopped."""
    seen = _owner(store.having(document))
    accounts.hold(account.id, *([seen] if seen is not None else []))
    holder = store.having(document)
    if _owner(holder) != seen:  # it changed hands before we held both
        db.session.rollback()
        return _held(account, document)
    if not account.active:
        raise sessions.AccountStopped
    return holder


def _owner(identity: Identity | None) -> str | None:
    return identity.account_id if identity is not None else None


def lower(account_id: str, ial: int, reason: str, *, officer: str = "") -> None:
    """Let no evidence above ``ial`` count any more; sessions that stand on it end, and commit.

    The holder is told, and finds ``reason`` beside the evidence. ``officer`` is the staff number
    of who decided it. Raises NoIdentity.
    """
    account, identity = _named(account_id)
    store.void_above(identity, ial, reason)
    store.grade(account, identity)
    audit.record(events.LevelLowered(target=account_id, ial=ial, officer=officer, reason=reason))
    _tell(account, "level_lowered")
    sessions.end_all(account_id, reason="level_lowered", keep_offline=False)


def take_away(account_id: str, reason: str, *, officer: str = "") -> None:
    """End an identity that was not the person's own: the document may be proved anew by who it
    belongs to. The holder is told. Commits.

    ``officer`` is the staff number of who decided it. Raises NoIdentity.
    """
    account, identity = _named(account_id)
    store.release(identity, ENDED, "taken_away")
    endings = end_what_follows(account_id, "identity_taken_away", consents="taken_away")
    store.grade(account, None)
    audit.record(events.IdentityReleased(target=account_id, officer=officer, reason=reason))
    _tell(account, "identity_removed")
    sessions.end_all(account_id, reason="identity_taken_away", keep_offline=False)
    ending.settle(endings)


def _named(account_id: str) -> tuple[Account, Identity]:
    """The account, held, and its name: neither a merge nor a verifier's answer comes between.

    Raises NoIdentity.
    """
    held, identity = accounts.hold(account_id), store.of(account_id)
    if not held or identity is None:
        raise NoIdentity
    return held[0], identity


def settle_password(account: Account, session: sessions.Session) -> None:
    """Commit that a password counts beside the phone, where it was set in the very session a
    face, or more, has just been shown in: nobody who merely has the phone could. For whoever has
    seen the face to call; a level from before says nothing of who is there now.
    """
    set_at = account.password_set_at
    if account.password_settled or set_at is None:
        return
    if set_at.timestamp() >= session.started - _SIGNING_UP:
        account.password_settles_at = None
        db.session.commit()


def _add(account: Account, identity: Identity, proof: Proof) -> Identity:
    before = account.ial
    store.add_evidence(identity, proof)
    store.grade(account, identity)
    audit.record(
        events.IdentityVerified(
            account=account.id,
            method=proof.method,
            verifier=proof.verifier,
            reference=proof.reference,
            ial=proof.ial,
            raised=account.ial > before,
        )
    )
    sessions.claims_changed(account.id)
    return identity


def _displaceable(holder: Identity, proof: Proof) -> Identity:
    """A face takes from a register's match; a face against a face is for the hall, and so is an
    account that was stopped: a stop is not to be left behind.
    """
    account = _account(holder.account_id)
    ial = levels.regraded(account) if account is not None else 1
    stopped = account is not None and account.status == STOPPED and proof.ial < IN_PERSON
    if proof.ial < levels.FACE or proof.ial <= ial or stopped:
        raise HeldElsewhere(holder, ial)
    return holder


def _change(account: Account, identity: Identity) -> None:
    """End an identity that another one of the same person takes the place of, in the current
    transaction, and have them told.
    """
    store.release(identity, ENDED, CHANGED)
    audit.record(events.IdentityReleased(target=account.id, reason=CHANGED))
    notices.tell(account, "identity_changed")


def _displace(identity: Identity) -> list[sessions.Ending]:
    """Take the name from its holder, and what they were mandated to under it, in the current
    transaction; returns what has to end.
    """
    holder = _account(identity.account_id)
    store.release(identity, DISPLACED, "displaced")
    endings = end_what_follows(identity.account_id, "identity_displaced", consents="displaced")
    if holder is None:
        return endings
    store.grade(holder, None)
    audit.record(events.IdentityReleased(target=holder.id, reason="displaced"))
    _tell(holder, "identity_displaced")
    mine = _ending(holder.id)
    sessions.promise(mine)
    return [mine, *endings]


def end_consent(consent: Guardianship, reason: str) -> list[sessions.Ending]:
    """End what a guardian has agreed to, in the current transaction: what was verified of a child
    still under fourteen counts no more. Returns what has to end; none where it had ended.

    The child is held: what a verifier confirms at this moment is there before, or refused after.
    """
    accounts.hold(consent.child_id)
    if not guardianships.end(consent, reason):
        return []
    child, identity = _account(consent.child_id), store.of(consent.child_id)
    audit.record(
        events.GuardianWithdrew(account=consent.guardian_id, target=consent.child_id, reason=reason)
    )
    counted = consent.begun_at is not None and minors.is_child(consent.born_on)
    if not counted or child is None or identity is None:
        return []
    store.void_above(identity, 1, reason)
    store.grade(child, identity)
    audit.record(events.LevelLowered(target=child.id, ial=1, reason=reason))
    _tell(child, "guardian_withdrew")
    over = sessions.Ending(child.id, "level_lowered", now().timestamp(), keep_offline=False)
    sessions.promise(over)
    return [over]


def end_what_follows(account_id: str, reason: str, *, consents: str = "") -> list[sessions.Ending]:
    """End what an account had by a name that has left it, in the current transaction: what it was
    mandated to, and consents, as the child and as the guardian of others (``consents``: why,
    where it is said otherwise). Returns what has to end.
    """
    guardianships.end_of_child(account_id, consents or reason)
    found = guardianships.of_guardian(account_id)
    endings = [each for consent in found for each in end_consent(consent, consents or reason)]
    return [*endings, *ending.end_held(account_id, reason)]


def _tell(account: Account, notice: str) -> None:
    notices.tell(account, notice)


def _account(account_id: str) -> Account | None:
    return accounts.by_id(account_id)


def _ending(account_id: str) -> sessions.Ending:
    return sessions.Ending(account_id, "identity_displaced", now().timestamp(), keep_offline=False)


__all__ = ["CURRENT", "Confirmed", "HeldElsewhere", "NamedOtherwise", "bind"]
