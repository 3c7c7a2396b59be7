"""Counting guesses at codes that follow another proof: per browser, and per account and day.

As with passwords, a browser that has signed in to the account before has counters of its own.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from idp.errors import IdpError
from idp.settings import Login
from idp.store import sign_ins, throttles
from idp.store.accounts import Account
from idp.store.throttles import Counter

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Guess:
    """One that has been counted."""

    counters: tuple[Counter, ...]
    left: int
    """How many more there may be now."""

    def was_right(self) -> None:
        """It counts for nothing, and the browser's wrong ones before it neither."""
        throttles.give_back(self.counters, clear=1)


def count(account: Account, what: str, browser: str, limits: Login, wait: type[IdpError]) -> Guess:
    """Count a guess at ``what`` before it is judged. Raises ``wait`` with its ``minutes``."""
    mine = Counter.of(account.id, f"{what}-b:{browser}", limits.browser_failures, limits.throttle)
    known = sign_ins.knows_browser(account.id, browser)
    whose = f"{what}-kd:{browser}" if known else f"{what}-day"
    counters = (mine, Counter.of(account.id, whose, limits.account_failures, _DAY))
    answer = throttles.take(counters)
    if answer.refused_by is not None:
        raise wait(minutes=minutes(answer.wait))
    return Guess(counters, answer.left)


def minutes(wait: timedelta) -> int:
    return max(1, ceil(wait.total_seconds() / 60))
