"""Children under fourteen: their real name takes a guardian's consent (PIPL art. 31)."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from idp.errors import N_, IdpError
from idp.realname import documents
from idp.store import guardianships as store


class GuardianNeeded(IdpError):
    """A child's name was to be verified, and no guardian of theirs has agreed to it."""

    code = "HT-4141"
    message = N_("申请人未满 14 周岁，监护人还没有同意。")
    next_step = N_(
        "请监护人登录自己的账号，在“我的账号—我监护的孩子”中填写受理编号并同意后再办理。"
    )
    status = 409


def needed(account_id: str, day: date | None) -> bool:
    """Whether the person of an account is a child whose guardian has yet to agree.

    ``day`` of birth as the document or its holder says; None: as a guardian of theirs once did.
    """
    found = store.latest_of(account_id)
    if found is not None and found.active:
        return False
    day = day or (found.born_on if found else None)
    return day is not None and is_child(day)


def is_child(day: date) -> bool:
    return documents.age(day, documents.today()) < documents.CHILD


def is_grown_up(day: date) -> bool:
    return documents.age(day, documents.today()) >= documents.ADULT


def born_of(stated: Mapping[str, str]) -> date | None:
    """What a case says of the day of birth: the number, or the person where it does not."""
    if written := stated.get("birthdate"):
        return date.fromisoformat(written)
    return born(stated["kind"], stated["number"]) if stated.get("number") else None


def born(kind: str, number: str) -> date | None:
    """What a number says; one of a form we know no more says nothing."""
    with suppress(IdpError):
        return documents.stored(kind, number).born
    return None
