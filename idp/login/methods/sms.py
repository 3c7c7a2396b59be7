"""Sign in with a one-time code sent to a phone; an unknown number may sign up with it."""

from typing import Any, Self

from idp import codes, handover
from idp.carrier.base import Answer
from idp.crypto import masking
from idp.errors import N_
from idp.interactions import Interaction
from idp.login import trail
from idp.login.methods.base import (
    Attempt,
    LoginMethod,
    NewNumber,
    Outcome,
    Proved,
    UnprovenNumber,
)
from idp.services import Services
from idp.sms.errors import TooManyTries, WrongCode
from idp.store import accounts
from idp.store.accounts import Account

PURPOSE = "login"


class SmsCode(LoginMethod):
    name = "sms"
    label = N_("短信验证码")
    amr = ("sms",)
    keeps = ("phone",)
    guarded = "begin"

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls()

    def offered_to(self, account: Account) -> bool:
        return account.phone is not None

    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        return codes.risky(attempt.here)

    def begin(self, attempt: Attempt) -> Interaction:
        number = _own_number(attempt.interaction) or attempt.form.get("phone")
        return codes.ask(attempt.interaction, number, PURPOSE, attempt.here)

    def page(self, interaction: Interaction) -> dict[str, Any]:
        asked = codes.asked(interaction, PURPOSE)
        own = _own_number(interaction)
        shown = {name: (asked or {}).get(name, "") for name in ("masked", "resend_at")}
        return {
            "fixed": masking.phone(own) if own else "",
            "sent": asked is not None,
            **shown,
            **codes.by(asked),
        }

    def finish(self, attempt: Attempt) -> Outcome:
        entered = attempt.form.get("sms_code", "")
        try:
            number = codes.check(attempt.interaction, PURPOSE, entered, attempt.here)
        except (WrongCode, TooManyTries) as error:
            trail.failed("", self.name, error.code)
            raise
        return whose(number)


def whose(number: str) -> Outcome:
    """Whose number this is, which somebody has just proven (DESIGN §3, recycled numbers)."""
    account = accounts.by_phone(number)
    if account is None:
        return NewNumber(number)
    carrier = handover.since(account)
    if carrier is not Answer.KEPT:
        return UnprovenNumber(number, account, carrier.value)
    return Proved(account, SmsCode.amr)


def _own_number(interaction: Interaction) -> str:
    """Where only one account may answer, the code goes to that account's number."""
    account = accounts.by_id(interaction.account_id) if interaction.account_id else None
    return account.phone or "" if account else ""
