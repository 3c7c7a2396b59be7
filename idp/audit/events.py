"""The catalogue of events: one frozen class for each thing worth proving later.

Fields never hold personal data in clear. A phone is a blind index by type; a session or a
token family is named by its public id, never by what opens it. ``reason`` is a code of the
error catalogue or a fixed word.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple

from idp.crypto.sealing import Index

Outcome = Literal["ok", "refused", "failed"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events say; who, when and where come from the context and the clock."""

    action: ClassVar[str]
    passed_on: ClassVar[tuple[str, ...] | None] = None
    """What of it those hear who listen to this node (``signals.telling``), beside whom it is about:
    names of fields. None: it is nobody else's business."""

    account: str = ""
    """The actor's account id, empty when nobody is known."""
    acting_for: str = ""
    role: str = ""
    client_id: str = ""
    outcome: Outcome = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        for name in _own(type(self)).phones:
            if not isinstance(getattr(self, name), Index | None):
                raise TypeError(f"{type(self).__name__}.{name} must be a blind index")

    def details(self) -> dict[str, Any]:
        """The fields of this kind of event only."""
        return {name: getattr(self, name) for name in _own(type(self)).names}


class _Own(NamedTuple):
    """The fields of one kind of event only."""

    names: tuple[str, ...]
    phones: tuple[str, ...]


_OWN: dict[type[Event], _Own] = {}
"""Found out once for each class: events are made on the hot path."""


def _own(kind: type[Event]) -> _Own:
    if kind not in _OWN:
        common = {field.name for field in fields(Event)}
        names = tuple(f.name for f in fields(kind) if f.name not in common)
        _OWN[kind] = _Own(names, tuple(name for name in names if name.endswith("phone")))
    return _OWN[kind]


@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    action = "account.opened"
    method: str = "sms"


@dataclass(frozen=True, kw_only=True)
class AccountStopped(Event):
    action = "account.stopped"
    passed_on = ()
    target: str = ""
    """The account stopped, when somebody else did it."""
    kind: str = ""
    case: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountRestored(Event):
    action = "account.restored"
    passed_on = ()
    target: str = ""
    case: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class ClosingAsked(Event):
    """The holder wants the account closed; it is suspended."""

    action = "account.closing_asked"
    passed_on = ()


@dataclass(frozen=True, kw_only=True)
class ClosingTakenBack(Event):
    action = "account.closing_taken_back"
    passed_on = ()


@dataclass(frozen=True, kw_only=True)
class AccountErased(Event):
    """Nothing is left of ``target`` that names anybody."""

    action = "account.erased"
    passed_on = ()
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class InformationExported(Event):
    """The person took along everything held about them."""

    action = "account.exported"
    format: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountLookedUp(Event):
    """An operator asked which account a number belongs to."""

    action = "account.looked_up"
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class SignedIn(Event):
    action = "session.started"
    methods: tuple[str, ...] = ()
    """``amr``."""
    acr: str = ""
    session: str = ""


@dataclass(frozen=True, kw_only=True)
class ScanAnswered(Event):
    """A person said on their phone whether another screen is to be signed in."""

    action = "scan.answered"


@dataclass(frozen=True, kw_only=True)
class SignInFailed(Event):
    action = "session.refused"
    outcome: Outcome = "refused"
    method: str = ""
    phone: Index | None = None


@dataclass(frozen=True, kw_only=True)
class RiskFound(Event):
    """Rules of the table of risks applied to a sign-in."""

    action = "risk.found"
    rules: tuple[str, ...] = ()
    wanted: str = ""
    """What the strongest of them wants: notify, captcha, second_factor or stop."""
    method: str = ""


@dataclass(frozen=True, kw_only=True)
class SignedOut(Event):
    """The person asked for it."""

    action = "session.signed_out"
    session: str = ""
    everywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event):
    """Something other than signing out ended it; ``reason`` says what."""

    action = "session.ended"
    session: str = ""


@dataclass(frozen=True, kw_only=True)
class CodeSent(Event):
    action = "code.sent"
    phone: Index | None = None
    purpose: str = ""
    provider: str = ""


@dataclass(frozen=True, kw_only=True)
class CodeRefused(Event):
    """A code was not sent (quota, provider) or not accepted (wrong, too late)."""

    action = "code.refused"
    outcome: Outcome = "refused"
    phone: Index | None = None
    purpose: str = ""
    provider: str = ""


@dataclass(frozen=True, kw_only=True)
class SmsBudgetNear(Event):
    """The day's messages reached the alarm's share of the budget."""

    action = "sms.budget_near"
    sent: int = 0
    budget: int = 0


@dataclass(frozen=True, kw_only=True)
class PasswordSet(Event):
    action = "password.set"
    passed_on = ("first",)
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class AccountLinked(Event):
    """An account elsewhere was bound: WeChat, Alipay."""

    action = "linked.added"
    upstream: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountUnlinked(Event):
    action = "linked.removed"
    upstream: str = ""


@dataclass(frozen=True, kw_only=True)
class LinkRefused(Event):
    """One name of a person elsewhere is bound to this account, another to ``target``."""

    action = "linked.refused"
    outcome: Outcome = "refused"
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class PasskeyAdded(Event):
    action = "passkey.added"
    passed_on = ()
    factor: str = ""
    attested: bool = False


@dataclass(frozen=True, kw_only=True)
class PasskeyRemoved(Event):
    action = "passkey.removed"
    passed_on = ()
    factor: str = ""


@dataclass(frozen=True, kw_only=True)
class PasskeyCopied(Event):
    """The counter of a passkey went back; it signs in no more."""

    action = "passkey.copied"
    passed_on = ()
    outcome: Outcome = "refused"
    factor: str = ""


@dataclass(frozen=True, kw_only=True)
class BrowserForgotten(Event):
    """A person no longer wants a browser taken for theirs."""

    action = "browser.forgotten"


@dataclass(frozen=True, kw_only=True)
class TwoFactorChosen(Event):
    """A person wants two factors at every sign-in, or no longer."""

    action = "two_factor.chosen"
    wanted: bool = False


@dataclass(frozen=True, kw_only=True)
class NoticesChosen(Event):
    """A person wants other notices than before; ``off``: those they do without."""

    action = "notices.chosen"
    off: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TotpAdded(Event):
    """An authenticator app was set up and has shown a right code."""

    action = "totp.added"
    passed_on = ()
    factor: str = ""
    """Its id."""


@dataclass(frozen=True, kw_only=True)
class TotpRemoved(Event):
    action = "totp.removed"
    passed_on = ()
    factor: str = ""


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(Event):
    """A set of recovery codes was made and shown; ``again``: it voids another one."""

    action = "recovery_codes.made"
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(Event):
    action = "recovery_codes.used"
    left: int = 0


@dataclass(frozen=True, kw_only=True)
class PasswordReset(Event):
    action = "password.reset"
    passed_on = ()
    method: str = "sms"


@dataclass(frozen=True, kw_only=True)
class UsernameChanged(Event):
    action = "username.changed"


@dataclass(frozen=True, kw_only=True)
class PhoneChanged(Event):
    action = "phone.changed"
    passed_on = ()
    old_phone: Index | None = None
    new_phone: Index | None = None


@dataclass(frozen=True, kw_only=True)
class PhoneUnproven(Event):
    """A number not proven for long alone opened nothing (DESIGN, recycled numbers)."""

    action = "phone.unproven"
    outcome: Outcome = "refused"
    phone: Index | None = None
    carrier: str = "unknown"


@dataclass(frozen=True, kw_only=True)
class AgreementAccepted(Event):
    action = "agreement.accepted"
    agreement: str
    version: str


@dataclass(frozen=True, kw_only=True)
class IdentityVerified(Event):
    """A verifier confirmed who a person is; ``reference`` is its own number of the check."""

    action = "identity.verified"
    passed_on = ("raised",)
    method: str = ""
    verifier: str = ""
    reference: str = ""
    ial: int = 1
    raised: bool = False


@dataclass(frozen=True, kw_only=True)
class IdentityRefused(Event):
    """A check that did not match; ``reason`` is its outcome, ``code`` what the service said."""

    action = "identity.refused"
    outcome: Outcome = "refused"
    method: str = ""
    verifier: str = ""
    reference: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class FaceCompared(Event):
    """The living face of somebody not signed in was compared with the register, for what they
    want to get back; ``reference`` and ``code`` are the service's own.
    """

    action = "face.compared"
    verifier: str = ""
    reference: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class NumberShown(Event):
    """A number long unproven, and the face of who is its account's by name: it is theirs still."""

    action = "phone.shown_by_face"


@dataclass(frozen=True, kw_only=True)
class RecoveryBegun(Event):
    """Somebody gets ``target`` back, to have it with another number after a while."""

    action = "recovery.begun"
    target: str = ""
    recovery: str = ""
    way: str = ""
    new_phone: Index | None = None


@dataclass(frozen=True, kw_only=True)
class RecoveryCancelled(Event):
    action = "recovery.cancelled"
    target: str = ""
    recovery: str = ""


@dataclass(frozen=True, kw_only=True)
class RecoveryCompleted(Event):
    """``target`` has another number and another password now."""

    action = "recovery.completed"
    passed_on = ()
    target: str = ""
    recovery: str = ""
    way: str = ""
    old_phone: Index | None = None
    new_phone: Index | None = None


@dataclass(frozen=True, kw_only=True)
class AccountFrozen(Event):
    """Whoever got a security notice said that it was not them; ``reason`` names the notice."""

    action = "account.frozen"
    passed_on = ()
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountSecured(Event):
    """The holder of a frozen account proved to be there, and chose another password."""

    action = "account.secured"
    passed_on = ()


@dataclass(frozen=True, kw_only=True)
class IdentityReleased(Event):
    """An account lost its real name; ``reason`` says why."""

    action = "identity.released"
    passed_on = ()
    target: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class LevelLowered(Event):
    """Evidence above ``ial`` counts no more."""

    action = "identity.lowered"
    passed_on = ()
    target: str = ""
    ial: int = 1
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class IdentityRead(Event):
    """An officer saw the real name of ``target``, masked, and what confirms it."""

    action = "identity.read"
    target: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountShown(Event):
    """Who is signed in has shown that another account is theirs too; no session began."""

    action = "account.shown"
    target: str = ""
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccountsMerged(Event):
    """``target`` went into ``account``, which is the same person's."""

    action = "account.merged"
    passed_on = ()
    target: str = ""
    merge: str = ""
    cases: tuple[str, ...] = ()
    """Those that went along, by code."""


@dataclass(frozen=True, kw_only=True)
class MergeUndone(Event):
    action = "account.merge_undone"
    passed_on = ()
    target: str = ""
    merge: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseOpened(Event):
    """A citizen asked for something a person has to decide."""

    action = "case.opened"
    case: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseRead(Event):
    """An officer saw what the citizen stated, personal data included."""

    action = "case.read"
    target: str = ""
    case: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseDecided(Event):
    action = "case.decided"
    target: str = ""
    case: str = ""
    kind: str = ""
    officer: str = ""
    decision: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseLapsed(Event):
    """Nobody decided it in time."""

    action = "case.lapsed"
    target: str = ""
    case: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class GuardianAgreed(Event):
    """A guardian agrees that the real name of ``target``, a child under fourteen, is processed."""

    action = "guardian.agreed"
    target: str = ""
    case: str = ""
    relation: str = ""


@dataclass(frozen=True, kw_only=True)
class GuardianConfirmed(Event):
    """The hall has seen both of them and their papers: the consent counts."""

    action = "guardian.confirmed"
    target: str = ""
    case: str = ""


@dataclass(frozen=True, kw_only=True)
class GuardianWithdrew(Event):
    """The consent has ended: by the guardian's wish, or with their account."""

    action = "guardian.withdrew"
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class GuardianReplaced(Event):
    """The staff has seen that somebody else is the guardian of ``target`` now."""

    action = "guardian.replaced"
    target: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class OrganisationVerified(Event):
    """An authoritative check has shown that it exists, and that the account represents it."""

    action = "organisation.verified"
    organisation: str = ""
    method: str = ""
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class OrganisationRefused(Event):
    """A check of an organisation did not match; ``code`` is what the service said."""

    action = "organisation.refused"
    outcome: Outcome = "refused"
    method: str = ""
    verifier: str = ""
    reference: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class OrganisationRenamed(Event):
    """Names of organisations are public, yet no event holds them: the table does."""

    action = "organisation.renamed"
    organisation: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class OrganisationDissolved(Event):
    action = "organisation.dissolved"
    organisation: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class RepresentativeReplaced(Event):
    """``target`` is the account of the new legal representative; "" where there is none yet."""

    action = "organisation.representative_replaced"
    organisation: str = ""
    target: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class MandateOffered(Event):
    """A right to act for an organisation; ``target`` is whose it is, once it is anybody's."""

    action = "mandate.offered"
    mandate: str = ""
    organisation: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class MandateAccepted(Event):
    """Taken up by the agent, or the law's own: the legal representative's."""

    action = "mandate.accepted"
    mandate: str = ""
    organisation: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class MandateDeclined(Event):
    action = "mandate.declined"
    mandate: str = ""
    organisation: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class MandateRevoked(Event):
    action = "mandate.revoked"
    mandate: str = ""
    organisation: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class ActedFor(Event):
    """A person went over to acting for an organisation, or back to themselves."""

    action = "session.acting"
    organisation: str = ""
    mandate: str = ""


@dataclass(frozen=True, kw_only=True)
class LevelRaised(Event):
    """A session stands on more than at its sign-in: the person's identity was verified."""

    action = "session.level_raised"
    acr: str = ""
    session: str = ""


@dataclass(frozen=True, kw_only=True)
class ConsentGiven(Event):
    action = "consent.given"
    claims: tuple[str, ...] = ()
    """Names of claims, never their values."""


@dataclass(frozen=True, kw_only=True)
class StatutoryDisclosure(Event):
    """A client that stands on a statute was connected; nobody was asked."""

    action = "disclosure.statutory"
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Event):
    action = "consent.withdrawn"
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CodeIssued(Event):
    """An authorization code (RFC 6749 §4.1.2)."""

    action = "grant.code_issued"
    family: str = ""
    session: str = ""
    scope: str = ""
    acr: str = ""


@dataclass(frozen=True, kw_only=True)
class TokensIssued(Event):
    action = "token.issued"
    grant: str = ""
    family: str = ""
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class TokensRefreshed(Event):
    action = "token.refreshed"
    family: str = ""
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    action = "token.revoked"
    family: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class FamilyRevoked(Event):
    """A code or refresh token was used again by its client, or the family had to end."""

    action = "token.family_revoked"
    family: str = ""


@dataclass(frozen=True, kw_only=True)
class ClientCreated(Event):
    action = "client.created"


@dataclass(frozen=True, kw_only=True)
class ClientApproved(Event):
    """An officer lets a client ask for sensitive claims it could not ask for before."""

    action = "client.approved"
    claims: tuple[str, ...] = ()
    """Names of claims, never their values."""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class ClientChanged(Event):
    action = "client.changed"
    changed: tuple[str, ...] = ()
    """Names of settings, never their values."""


@dataclass(frozen=True, kw_only=True)
class ClientStopped(Event):
    action = "client.stopped"


@dataclass(frozen=True, kw_only=True)
class KeysRotated(Event):
    action = "keys.rotated"
    alg: str = ""
    kid: str = ""


@dataclass(frozen=True, kw_only=True)
class HandlesMade(Event):
    """A province asked the linking service for a person's handles; of whom is not kept."""

    action = "handles.made"
    destinations: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PeerLinked(Event):
    """An account at another node signs in for this one."""

    action = "peer.linked"
    issuer: str = ""


@dataclass(frozen=True, kw_only=True)
class PeerUnlinked(Event):
    action = "peer.unlinked"
    issuer: str = ""


@dataclass(frozen=True, kw_only=True)
class EntityChanged(Event):
    """An entity below this node came, stopped, or changed its keys."""

    action = "entity.changed"
    passed_on = ("entity", "status")
    entity: str = ""
    status: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class TrustMarkChanged(Event):
    action = "trust_mark.changed"
    passed_on = ("entity", "mark", "status")
    entity: str = ""
    mark: str = ""
    status: str = ""
    officer: str = ""


@dataclass(frozen=True, kw_only=True)
class SignalHeard(Event):
    """Another node said something of a person, or of an entity, and it was acted upon."""

    action = "signal.heard"
    issuer: str = ""
    type: str = ""
    entity: str = ""


@dataclass(frozen=True, kw_only=True)
class LogoutDelivered(Event):
    action = "logout.delivered"
    session: str = ""
    tries: int = 1


@dataclass(frozen=True, kw_only=True)
class LogoutUndelivered(Event):
    action = "logout.undelivered"
    outcome: Outcome = "failed"
    session: str = ""
    tries: int = 1


@dataclass(frozen=True, kw_only=True)
class AuditCut(Event):
    """Retention removed the oldest part of the trail, leaving a signed checkpoint."""

    action = "audit.cut"
    seq: int = 0
    """The last event removed."""


EVENTS: tuple[type[Event], ...] = (
    AccountOpened,
    AccountStopped,
    AccountRestored,
    ClosingAsked,
    ClosingTakenBack,
    AccountErased,
    InformationExported,
    AccountLookedUp,
    SignedIn,
    SignInFailed,
    ScanAnswered,
    RiskFound,
    SignedOut,
    SessionEnded,
    CodeSent,
    CodeRefused,
    SmsBudgetNear,
    PasswordSet,
    AccountLinked,
    AccountUnlinked,
    LinkRefused,
    PasskeyAdded,
    PasskeyRemoved,
    PasskeyCopied,
    BrowserForgotten,
    TwoFactorChosen,
    NoticesChosen,
    TotpAdded,
    TotpRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    PasswordReset,
    UsernameChanged,
    PhoneChanged,
    PhoneUnproven,
    AgreementAccepted,
    IdentityVerified,
    IdentityRefused,
    RecoveryBegun,
    RecoveryCancelled,
    RecoveryCompleted,
    AccountFrozen,
    AccountSecured,
    FaceCompared,
    NumberShown,
    IdentityReleased,
    LevelLowered,
    IdentityRead,
    AccountShown,
    AccountsMerged,
    MergeUndone,
    CaseOpened,
    CaseRead,
    CaseDecided,
    CaseLapsed,
    GuardianAgreed,
    GuardianConfirmed,
    GuardianWithdrew,
    GuardianReplaced,
    OrganisationVerified,
    OrganisationRefused,
    OrganisationRenamed,
    OrganisationDissolved,
    RepresentativeReplaced,
    MandateOffered,
    MandateAccepted,
    MandateDeclined,
    MandateRevoked,
    ActedFor,
    LevelRaised,
    ConsentGiven,
    StatutoryDisclosure,
    ConsentWithdrawn,
    CodeIssued,
    TokensIssued,
    TokensRefreshed,
    TokenRevoked,
    FamilyRevoked,
    ClientCreated,
    ClientApproved,
    ClientChanged,
    ClientStopped,
    KeysRotated,
    HandlesMade,
    PeerLinked,
    PeerUnlinked,
    EntityChanged,
    TrustMarkChanged,
    SignalHeard,
    LogoutDelivered,
    LogoutUndelivered,
    AuditCut,
)
