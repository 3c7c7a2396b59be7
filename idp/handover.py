"""A number leaves the account that has not proven it for long, for who has just proven it.

DESIGN §3: what has nothing but the number is frozen and closes after a while; nothing of it
is shown to the new holder, and nothing is deleted.
"""

import time
from http import HTTPStatus

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.carrier.base import Answer
from idp.errors import N_, IdpError
from idp.services import services
from idp.store import accounts, numbers
from idp.store.accounts import Account, PhoneTaken


class NumberElsewhere(IdpError):
    """The new number, just proven, belongs to another account that proved it lately."""

    code = "HT-4006"
    message = N_("这个号码已绑定另一个账号，不能再绑定到当前账号。")
    next_step = N_("请换用其他号码；如果另一个账号也是您的，请先登录它并更换号码。")
    status = HTTPStatus.CONFLICT
    field = "phone"


def lapsed(holder: Account) -> bool:
    """Whether the holder's last proof of their number is too old to count."""
    return accounts.lapsed(holder, services.settings.login.phone_proof)


def since(holder: Account) -> Answer:
    """Whether the number went to somebody else since the holder's last proof of it. A carrier is
    asked where that is too old to count.
    """
    if holder.phone is None or not lapsed(holder):
        return Answer.KEPT
    return services.carrier.answer(holder.phone, holder.phone_proven_at or holder.created_at)


def in_doubt(holder: Account) -> bool:
    return since(holder) is not Answer.KEPT


def displace(holder: Account) -> None:
    """Take the number away, in the current transaction; ``settle`` follows its commit.

    Nothing where it left the account meanwhile, by a merge for instance: whoever wants it now
    finds it taken, or free.
    """
    seen = holder.phone
    accounts.hold(holder.id)
    if holder.phone is None or holder.phone != seen:
        return
    index = services.sealer.index("phone", holder.phone)
    numbers.release(holder, services.settings.login.closing)
    lost = events.PhoneChanged(account=holder.id, old_phone=index, reason="number_lost")
    audit.record(lost)
    if not holder.active:
        audit.record(events.AccountStopped(target=holder.id, reason="number_lost"))
        sessions.promise(_ending(holder))


def loser(account: Account, number: str) -> Account | None:
    """Who loses ``number``, just proven, to ``account``; None where nobody has it.

    Raises NumberElsewhere where somebody has it who proved it lately. A carrier may be asked.
    """
    holder = accounts.by_phone(number)
    if holder is None or holder.id == account.id:
        return None
    if not in_doubt(holder):
        raise NumberElsewhere
    return holder


def give(account: Account, number: str, moved: Account | None) -> None:
    """Bind ``number``, taken from ``moved`` (``loser``), in the current transaction; ``settle``
    follows its commit. Raises NumberElsewhere and rolls back where somebody was first.
    """
    if moved is not None:
        displace(moved)
    try:
        accounts.give_number(account, number)
    except PhoneTaken:
        raise NumberElsewhere from None


def settle(holder: Account) -> None:
    """End what a frozen account still had open."""
    if not holder.active:
        sessions.bring_about(_ending(holder))


def _ending(holder: Account) -> sessions.Ending:
    return sessions.Ending(holder.id, "number_lost", time.time(), keep_offline=False)
