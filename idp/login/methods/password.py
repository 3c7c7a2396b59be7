"""Sign in with a user name, a phone number or an ID number, and a password.

Wrong passwords are counted per account and browser, and per account and address range
(GB/T 22239-2019 §8.1.4.1 b). Strangers' failures slow strangers; a browser that has signed
in to the account before has counters of its own.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any, Self

from idp.crypto.passwords import Passwords
from idp.crypto.sealing import Sealer
from idp.errors import N_
from idp.interactions import Interaction
from idp.login import trail
from idp.login.errors import NoPasswordEntered, NothingEntered, PasswordsWait, WrongPassword
from idp.login.methods.base import Attempt, LoginMethod, Outcome, Proved
from idp.realname import documents
from idp.risk import around
from idp.services import Services
from idp.settings import Login
from idp.sms.errors import BadNumber
from idp.sms.numbers import normalise
from idp.store import accounts, identities, numbers, sign_ins, throttles
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.throttles import Answer, Counter
from idp.store.types import now
from idp.web.addresses import address_range

_DAY = timedelta(days=1)
_LONGEST_NAME, _LONGEST_PASSWORD = 64, 1024
_RANGE_RISK = 10
"""A range is risky at one in this many of the failures it may have."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Who somebody says they are, and what counts their failures."""

    candidates: tuple[Account, ...]
    """Whose password it may be: one account, or two where a number changed hands."""
    known: bool
    """Whether this browser has signed in before, to every candidate."""
    counters: tuple[Counter, ...]
    place: Counter

    @property
    def subject_account(self) -> str:
        return self.candidates[0].id if self.candidates else ""


@dataclass(frozen=True)
class _Nobody:
    id: str = ""


_NOBODY = _Nobody()


class Password(LoginMethod):
    name = "password"
    label = N_("账号密码")
    amr = ("pwd",)
    keeps = ("username",)

    def __init__(self, passwords: Passwords, sealer: Sealer, limits: Login):
        self._last: tuple[Attempt, Tried] | None = None
        self.passwords = passwords
        self.sealer = sealer
        self.limits = limits

    @classmethod
    def from_services(cls, services: Services) -> Self:
        return cls(services.passwords, services.sealer, services.settings.login)

    def offered_to(self, account: Account) -> bool:
        return account.password_hash is not None

    def begin(self, attempt: Attempt) -> Interaction:
        """There is nothing to send."""
        return attempt.interaction

    def page(self, interaction: Interaction) -> dict[str, Any]:
        return {}

    def risky(self, attempt: Attempt) -> tuple[str, ...]:
        tried, here = self._tried(attempt), attempt.here
        group = around.of(here.browser, here.address)
        in_range, *used = throttles.used((tried.place, *tried.counters, *group.groups))
        failures, accounts = used[: len(tried.counters)], used[len(tried.counters) :]
        many = not tried.known and in_range >= max(1, tried.place.limit // _RANGE_RISK)
        failed = max(failures[:1] if tried.known else failures) >= self.limits.captcha_after
        own = (("failures", failed), ("failures_in_range", many))
        return (*(name for name, due in own if due), *around.reasons(group, accounts))

    def finish(self, attempt: Attempt) -> Outcome:
        password = attempt.form.get("password", "")
        if not attempt.form.get("username", "").strip():
            raise NothingEntered
        if not password or len(password) > _LONGEST_PASSWORD:
            raise NoPasswordEntered
        tried = self._tried(attempt)
        left = self._count(tried)
        account = self._match(tried.candidates, password)
        if account is None:
            trail.failed(tried.subject_account, self.name, WrongPassword.code)
            raise WrongPassword(left=left) if left else self._wait(self.limits.throttle)
        self._welcome(tried, account, password)
        return Proved(account, self.amr)

    def _match(self, candidates: tuple[Account, ...], password: str) -> Account | None:
        """Nobody, or nobody with a password, costs as much time as somebody."""
        if not candidates:
            self.passwords.verify(password, None)
        right = (a for a in candidates if self.passwords.verify(password, a.password_hash))
        return next(right, None)

    def _tried(self, attempt: Attempt) -> Tried:
        """Risk and judgement ask about the same attempt; SQL is asked once."""
        last = self._last
        if last is None or last[0] is not attempt:
            last = self._last = attempt, self._look_up(attempt)
        return last[1]  # never another's, even were a method one day shared by threads

    def _look_up(self, attempt: Attempt) -> Tried:
        name = attempt.form.get("username", "")[:_LONGEST_NAME]
        found = _find(name) if name else ()
        # Asked even when nobody is there: the same questions in the same time.
        asked = found or (_NOBODY,) if name else ()
        known = [sign_ins.knows_browser(a.id, attempt.here.browser) for a in asked] or [False]
        subject = found[0].id if found else self._nobody(name)
        place = address_range(attempt.here.address)
        window, limits = self.limits.throttle, self.limits
        mine = Counter.of(subject, f"b:{attempt.here.browser}", limits.browser_failures, window)
        if all(known):
            day = Counter.of(subject, f"kd:{attempt.here.browser}", limits.account_failures, _DAY)
            counters: tuple[Counter, ...] = (mine, day)
        else:
            here = throttles.from_range(subject, place, limits.address_failures, window)
            day = throttles.everybody(subject, limits.account_failures)
            counters = (mine, here, day)
        around = Counter.of(place, "failures", limits.range_failures, window)
        return Tried(found, all(known), counters, around)

    def _nobody(self, name: str) -> str:
        """A name nobody has is counted like any other, and kept from whoever reads Redis.

        In one spelling, as accounts are: else spellings would tell who has one.
        """
        return "?" + self.sealer.mac("throttle", _one_spelling(name).encode()).hex()[:32]

    def _count(self, tried: Tried) -> int:
        """Count this try before it is judged; returns how many are left. Raises PasswordsWait."""
        if not tried.known:
            around = throttles.take([tried.place])
            if around.refused_by is not None:
                raise self._wait(around.wait)
        answer = throttles.take(tried.counters)
        if answer.refused_by is not None:
            self._close(tried, answer)
            raise self._wait(answer.wait)
        return answer.left

    def _close(self, tried: Tried, answer: Answer) -> None:
        """Write down that the whole password way of an account is closed to strangers."""
        if tried.known or answer.refused_by != tried.counters[-1]:
            return
        for account in tried.candidates[:1]:
            until = account.password_closed_until
            if until is None or until < now():
                account.password_closed_until = now() + answer.wait
                db.session.commit()
                trail.failed(account.id, self.name, PasswordsWait.code)

    def _wait(self, wait: timedelta) -> PasswordsWait:
        return PasswordsWait(minutes=max(1, ceil(wait.total_seconds() / 60)))

    def _welcome(self, tried: Tried, account: Account, password: str) -> None:
        """A right password counts for nothing against anybody; an old hash becomes a new one."""
        throttles.give_back(tried.counters, clear=1)
        if not tried.known:
            throttles.give_back([tried.place])
        if account.password_hash and self.passwords.needs_update(account.password_hash):
            account.password_hash = self.passwords.hash(password)


def _one_spelling(name: str) -> str:
    document = documents.named_by(name)
    if document is not None:
        return document.key
    try:
        return normalise(name)
    except BadNumber:
        return accounts.username_key(name)


def _find(name: str) -> tuple[Account, ...]:
    """By user name, phone or ID number; a lost number still leads to who proves the old password.

    Nobody is found by a number their account has not verified.
    """
    document = documents.named_by(name)
    if document is not None:
        account = identities.account_having(document.key)
        return (account,) if account else ()
    try:
        number = normalise(name)
    except BadNumber:
        account = accounts.by_username(name)
        return (account,) if account else ()
    found = (accounts.by_phone(number), numbers.former_holder(number))
    able = tuple(each for each in found if each is not None and each.password_hash)
    return able or tuple(each for each in found[:1] if each is not None)
