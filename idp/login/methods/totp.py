"""A code of an authenticator app (TOTP, RFC 6238), after another proof.

With the code by text message it makes one kind of factor; with the password two.
"""

import time
from collections.abc import Iterator
from typing import Any, Self

from idp.crypto import totp
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.login import bound, trail
from idp.login.errors import (
    MethodUnknown,
    NoTotpEntered,
    TotpLate,
    TotpsWait,
    TotpUsed,
    WrongTotp,
)
from idp.login.methods import guesses
from idp.login.methods.base import Attempt, LoginMethod, Outcome, Proved
from idp.services import Services
from idp.settings import Login
from idp.store import totps
from idp.store.accounts import Account
from idp.store.engines import db

_LATE = 20
"""Steps ago that a right code is still told to be late: ten minutes. Codes yet to come are told to
nobody: who guessed one could wait for it.
"""


class Totp(LoginMethod):
    name = "totp"
    label = N_("身份验证器")
    amr = ("otp",)
    opens = False

    def __init__(self, limits: Login):
        self.limits = limits

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls(services.settings.login)

    def offered_to(self, account: Account) -> bool:
        return totps.any_of(account.id)

    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        """Who is here has proved something; guesses are few."""
        return ()

    def begin(self, attempt: Attempt) -> Interaction:
        """There is nothing to send."""
        return attempt.interaction

    def page(self, interaction: Interaction) -> dict[str, Any]:
        return {}

    def finish(self, attempt: Attempt) -> Outcome:
        account = bound.account_of(attempt.interaction)
        if account is None:
            raise MethodUnknown
        code = totp.normalise(attempt.form.get("totp", ""))
        if not code:
            raise NoTotpEntered
        try:
            guess = guesses.count(account, self.name, attempt.here.browser, self.limits, TotpsWait)
            self._judge(account, code, guess)
        except IdpError as error:
            trail.failed(account.id, self.name, error.code)
            raise
        db.session.commit()  # used is used, whatever becomes of the sign-in
        guess.was_right()
        return Proved(account, self.amr)

    def _judge(self, account: Account, code: str, guess: guesses.Guess) -> None:
        """Use the code up. Raises TotpUsed, TotpLate, WrongTotp or TotpsWait."""
        apps, present = totps.of(account.id), totp.step_at(time.time())
        matches = list(_matches(apps, code, totp.around(present)))
        if any(totps.use(app, step) for app, step in matches):
            return
        if matches:
            raise TotpUsed
        past = range(max(0, present - _LATE), present - totp.WINDOW)
        late = [step for app, step in _matches(apps, code, past) if step > app.last_step]
        if late:
            raise TotpLate(minutes=guesses.minutes((present - max(late)) * totp.STEP))
        if guess.left:
            raise WrongTotp(left=guess.left)
        raise TotpsWait(minutes=guesses.minutes(self.limits.throttle))


def _matches(apps: list[totps.Totp], code: str, steps: range) -> Iterator[tuple[totps.Totp, int]]:
    for app in apps:
        for step in totp.steps_of(app.secret, code, steps):
            yield app, step
