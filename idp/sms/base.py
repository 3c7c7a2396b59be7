"""What a provider of messages is: it takes one, to send or to read out, or says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, ClassVar, Protocol, Self

from idp.errors import IdpError
from idp.outbound import Outbound
from idp.settings import Settings
from idp.sms.errors import SmsFailed

CODE, CALL = "code", "call"
"""A code as a text, and one read out by a phone call."""
PLAYS = 3
"""How often a call says the code; both services allow no more."""
NO_TEMPLATE = "no-template"


@dataclass(frozen=True)
class Message:
    """One message: to whom (E.164), which text (``code``, ``call`` or a notice's name), its
    variables.
    """

    number: str
    kind: str
    params: Mapping[str, str]
    reference: str
    """Ours; goes out with the message and comes back in receipts where a provider echoes it."""


@dataclass(frozen=True)
class Accepted:
    provider: str
    message_id: str


@dataclass(frozen=True)
class Receipt:
    """What a provider later says about a message it took."""

    message_id: str
    delivered: bool
    reason: str


class Verdict(Enum):
    """What a refusal means for what we do next."""

    NUMBER = "number"
    """Permanent for this number: asking another provider changes nothing."""
    LIMITED = "limited"
    """The number has had enough for now: another provider must not be used to get round it."""
    ELSEWHERE = "elsewhere"
    """This provider cannot now; the other one may."""
    MISCONFIGURED = "misconfigured"
    """We or our contract are wrong: raise the alarm, and let the other one try."""


@dataclass(frozen=True)
class Refusal:
    verdict: Verdict
    error: type[IdpError] = SmsFailed


class SmsRefused(Exception):
    """A provider answered and did not take the message. ``code`` is the provider's own."""

    def __init__(self, code: str, refusal: Refusal, retry_after: timedelta | None = None):
        super().__init__(code)
        self.code = code
        self.verdict = refusal.verdict
        self.error = refusal.error
        self.retry_after = retry_after

    @property
    def permanent(self) -> bool:
        return self.verdict is Verdict.NUMBER


class SmsUnavailable(Exception):
    """A provider did not answer. ``maybe_sent``: it may have taken the message all the same."""

    def __init__(self, reason: str, *, maybe_sent: bool = False):
        super().__init__(reason)
        self.reason = reason
        self.maybe_sent = maybe_sent


class SmsProvider(Protocol):
    """The contract; it knows no Flask, and keeps nothing between two messages."""

    name: ClassVar[str]

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        """Raises SettingsError when the provider's table is missing."""

    def send(self, message: Message) -> Accepted:
        """Raises SmsRefused or SmsUnavailable."""

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        """Read what the provider pushed. Raises ReceiptMalformed."""

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        """What the provider wants to hear, so that it does not push again."""
