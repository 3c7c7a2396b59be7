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
    target: str = ""
    """The account stopped, when somebody else did it."""


@dataclass(frozen=True, kw_only=True)
class AccountRestored(Event):
    action = "account.restored"
    target: str = ""


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
class SignInFailed(Event):
    action = "session.refused"
    outcome: Outcome = "refused"
    method: str = ""
    phone: Index | None = None


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
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class PasswordReset(Event):
    action = "password.reset"
    method: str = "sms"


@dataclass(frozen=True, kw_only=True)
class UsernameChanged(Event):
    action = "username.changed"


@dataclass(frozen=True, kw_only=True)
class PhoneChanged(Event):
    action = "phone.changed"
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
    AccountLookedUp,
    SignedIn,
    SignInFailed,
    SignedOut,
    SessionEnded,
    CodeSent,
    CodeRefused,
    SmsBudgetNear,
    PasswordSet,
    PasswordReset,
    UsernameChanged,
    PhoneChanged,
    PhoneUnproven,
    AgreementAccepted,
    ConsentGiven,
    StatutoryDisclosure,
    ConsentWithdrawn,
    CodeIssued,
    TokensIssued,
    TokensRefreshed,
    TokenRevoked,
    FamilyRevoked,
    ClientCreated,
    ClientChanged,
    ClientStopped,
    KeysRotated,
    LogoutDelivered,
    LogoutUndelivered,
    AuditCut,
)
