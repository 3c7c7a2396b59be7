"""Sign in with a one-time code sent to a phone; an unknown number may sign up with it."""

from datetime import timedelta
from typing import Any, Self

from idp.errors import N_
from idp.login.errors import NoCodeEntered, StepMissing
from idp.login.methods.base import (
    Attempt,
    LoginMethod,
    NewNumber,
    Outcome,
    Proved,
    UnprovenNumber,
)
from idp.services import Services
from idp.settings import Login
from idp.sms import Sms
from idp.sms.numbers import normalise
from idp.store import accounts, throttles
from idp.store.accounts import Account
from idp.store.throttles import Counter
from idp.store.types import now
from idp.web.addresses import address_range

PURPOSE = "login"
_PER_BROWSER = 3


class SmsCode(LoginMethod):
    name = "sms"
    label = N_("短信验证码")
    amr = ("sms",)
    keeps = ("phone",)
    guarded = "begin"

    def __init__(self, sms: Sms, limits: Login):
        self.sms = sms
        self.limits = limits

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls(services.sms, services.settings.login)

    def offered_to(self, account: Account) -> bool:
        return account.phone is not None

    def risky(self, attempt: Attempt) -> bool:
        """Many codes asked for and none entered: by this browser, or around this address."""
        browser, place = self._requests(attempt)
        return throttles.used([browser])[0] >= browser.limit or (
            throttles.used([place])[0] >= place.limit
        )

    def begin(self, attempt: Attempt) -> dict[str, Any]:
        number = self._number(attempt)
        for counter in self._requests(attempt):
            throttles.take([counter])
        account = accounts.by_phone(number)
        known = account is not None and accounts.knows_browser(account.id, attempt.browser)
        sent = self.sms.request_code(
            number, PURPOSE, attempt.browser, attempt.address, known, attempt.interaction.id
        )
        return {
            "challenge": sent.challenge_id,
            "masked": sent.masked,
            "resend_at": sent.resend_at.timestamp(),
        }

    def finish(self, attempt: Attempt) -> Outcome:
        asked = attempt.interaction.result.get(self.name)
        if not asked:
            raise StepMissing
        code = attempt.form.get("sms_code", "").replace(" ", "")
        if not code:
            raise NoCodeEntered
        number = self.sms.check_code(asked["challenge"], code, PURPOSE, attempt.browser)
        throttles.clear(self._requests(attempt)[0])
        return whose(number, self.limits.phone_proof)

    def _number(self, attempt: Attempt) -> str:
        """The number entered; where only one account may answer, that account's own."""
        if attempt.interaction.account_id:
            account = accounts.by_id(attempt.interaction.account_id)
            if account is not None and account.phone is not None:
                return account.phone
        return normalise(attempt.form.get("phone", ""))

    def _requests(self, attempt: Attempt) -> tuple[Counter, Counter]:
        window = self.limits.throttle
        place = address_range(attempt.address)
        return (
            Counter.of(attempt.browser, "codes", _PER_BROWSER, window),
            Counter.of(place, "codes", self.limits.code_requests, window),
        )


def whose(number: str, trusted_for: timedelta) -> Outcome:
    """Whose number this is, which somebody has just proven (DESIGN §3, recycled numbers).

    The carrier is not asked yet, so its answer is *unknown*: a proof too old needs another one.
    """
    account = accounts.by_phone(number)
    if account is None:
        return NewNumber(number)
    if account.phone_proven_at is None or account.phone_proven_at < now() - trusted_for:
        return UnprovenNumber(number, account)
    return Proved(account, SmsCode.amr)
