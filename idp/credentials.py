"""User names and passwords a person chooses: which ones may be, and why others may not."""

import re
from http import HTTPStatus
from math import ceil

from idp.crypto.passwords import strength
from idp.errors import N_, IdpError
from idp.settings import current as settings
from idp.sms.numbers import national
from idp.store import throttles
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
