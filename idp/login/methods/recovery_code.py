"""A recovery code, in place of a second factor that is not at hand; each is good once."""

from typing import Any, Self

from idp import recovery_codes
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.login import bound, trail
from idp.login.errors import (
    MethodUnknown,
    NoRecoveryCodeEntered,
    RecoveryCodesWait,
    RecoveryCodeUsed,
    WrongRecoveryCode,
)
from idp.login.methods import guesses
from idp.login.methods.base import Attempt, LoginMethod, Outcome, Proved
from idp.recovery_codes import Use
from idp.services import Services
from idp.settings import Login
from idp.store.accounts import Account


class RecoveryCode(LoginMethod):
    name = "recovery_code"
    label = N_("恢复码")
    amr = ("otp",)
    opens = False

    def __init__(self, limits: Login):
        self.limits = limits

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls(services.settings.login)

    def offered_to(self, account: Account) -> bool:
        return recovery_codes.left(account.id) > 0

    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        """Who is here has proved something; guesses are few."""
        return ()

    def begin(self, attempt: Attempt) -> Interaction:
        """There is nothing to send."""
        return attempt.interaction

    def page(self, interaction: Interaction) -> dict[str, Any]:
        account = bound.account_of(interaction)
        return {"left": recovery_codes.left(account.id) if account else 0}

    def finish(self, attempt: Attempt) -> Outcome:
        account = bound.account_of(attempt.interaction)
        if account is None:
            raise MethodUnknown
        code = recovery_codes.normalise(attempt.form.get("recovery_code", ""))
        if not code:
            raise NoRecoveryCodeEntered
        try:
            guess = guesses.count(
                account, self.name, attempt.here.browser, self.limits, RecoveryCodesWait
            )
            self._judge(account, code, guess)
        except IdpError as error:
            trail.failed(account.id, self.name, error.code)
            raise
        guess.was_right()
        return Proved(account, self.amr)

    def _judge(self, account: Account, code: str, guess: guesses.Guess) -> None:
        """Use the code up. Raises RecoveryCodeUsed, WrongRecoveryCode or RecoveryCodesWait."""
        match recovery_codes.spend(account, code):
            case Use.GOOD:
                return
            case Use.SPENT:
                raise RecoveryCodeUsed
            case Use.WRONG if guess.left:
                raise WrongRecoveryCode(left=guess.left)
            case Use.WRONG:
                raise RecoveryCodesWait(minutes=guesses.minutes(self.limits.throttle))
