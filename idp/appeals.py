"""Appeals: what a person writes when a machine or another account stands in their way."""

from idp import cases
from idp.errors import N_, IdpError
from idp.store.cases import Case

LONGEST = 500
"""Letters of an explanation."""


class Unexplained(IdpError):
    """An appeal without a word of why, or with more words than anybody will read."""

    code = "HT-4403"
    message = N_("请说明情况，不超过 %(most)s 个字。")
    next_step = N_("请写明发生了什么、您希望怎样处理；不要填写密码或验证码。")
    oauth_error = "invalid_request"
    field = "reason"


def open_(account_id: str, topic: str, reason: str, about: dict[str, str] | None = None) -> Case:
    """Open an appeal, or put what is said now in the place of what the open one says. Commits.

    ``about`` is who they say they are, or which decision it is about, as the topic needs it
    (``cases.TOPICS``).
    """
    return cases.open_(
        account_id, cases.APPEAL, {"topic": topic, **explained(reason), **(about or {})}
    )


def explained(reason: str) -> dict[str, str]:
    """Raises Unexplained."""
    text = reason.strip()
    if not 0 < len(text) <= LONGEST:
        raise Unexplained(most=LONGEST)
    return {"reason": text}
