"""User names and passwords a person chooses: which ones may be, why others may not, and what
follows from a password that may.
"""

import re
from datetime import timedelta
from http import HTTPStatus
from math import ceil

from idp import notices, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.crypto.passwords import strength
from idp.errors import N_, IdpError
from idp.services import services
from idp.settings import current as settings
from idp.sms.numbers import national
from idp.store import accounts, throttles
from idp.store.accounts import Account
from idp.store.throttles import Counter

_MOST = 20
"""Names and passwords somebody may choose within ``login.throttle``."""
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,29}")


class BadUsername(IdpError):
    """The user name is not in the form names have here; numbers of phones and cards never are."""

    code = "HT-3001"
    message = N_("用户名格式不正确。")
    next_step = N_("请使用 4 到 30 个字符，以字母开头，只含字母、数字和下划线。")
    oauth_error = "invalid_request"
    field = "username"


class NameTaken(IdpError):
    """Somebody has this user name; said only to who has proven a number or is signed in."""

    code = "HT-3002"
    message = N_("该用户名已被使用。")
    next_step = N_("请换一个用户名。")
    status = HTTPStatus.CONFLICT
    field = "username"


class WeakPassword(IdpError):
    """The password would be guessed; the page lists the reasons."""

    code = "HT-3003"
    message = N_("密码不够安全。")
    next_step = N_("请按提示修改后重新提交。")
    oauth_error = "invalid_request"
    field = "password"


class WeakNewPassword(WeakPassword):
    """The new password would be guessed; the page lists the reasons."""

    code = "HT-3006"
    message = N_("新密码不够安全。")
    field = "new_password"


class TooManyChoices(IdpError):
    """Names or passwords were sent again and again: to learn who is called what, or to keep us
    judging them."""

    code = "HT-3007"
    message = N_("操作过于频繁，请稍后再试。")
    next_step = N_("请 %(minutes)s 分钟后再试。")
    status = HTTPStatus.TOO_MANY_REQUESTS


def count(subject: str) -> None:
    """Count a choice of ``subject``: an account, or the index of a number. Raises TooManyChoices.

    Only here is somebody told which names are taken, and a long password takes a second.
    """
    choices = Counter.of(subject, "choices", _MOST, settings.login.throttle)
    answer = throttles.take([choices])
    if answer.refused_by is not None:
        raise TooManyChoices(minutes=max(1, ceil(answer.wait.total_seconds() / 60)))


def username_fits(username: str) -> bool:
    """4–30 letters, digits and underscores, a letter first: never a phone or an ID number."""
    return _USERNAME.fullmatch(username) is not None


def weaknesses(password: str, username: str | None, phone: str | None) -> list[str]:
    """Reasons to refuse a password, as messages to translate; empty when it is good."""
    hints = [username or "", national(phone) if phone else ""]
    return strength(password, [hint for hint in hints if hint])


def give(account: Account, password: str, *, keep: str, settles: timedelta | None = None) -> None:
    """Set a password that was judged good, and commit: every session but ``keep`` ends, and who
    had another is told. ``settles``: see ``accounts.give_password``.
    """
    first = account.password_hash is None
    accounts.give_password(account, services.passwords.hash(password), settles)
    audit.record(events.PasswordSet(account=account.id, first=first))
    if not first:
        notices.warn(account, "password_changed")
    sessions.end_all(account.id, reason="password_changed", keep=keep, keep_offline=False)
