"""A number leaves the account that has not proven it for long, for who has just proven it.

DESIGN §3: what has nothing but the number is frozen and closes after a while; nothing of it
is shown to the new holder, and nothing is deleted.
"""

import time

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.services import services
from idp.store import accounts, numbers
from idp.store.accounts import Account


def lapsed(holder: Account) -> bool:
    """Whether the holder's last proof of their number is too old to count."""
    return accounts.lapsed(holder, services.settings.login.phone_proof)


def displace(holder: Account) -> None:
    """Take the number away, in the current transaction; ``settle`` follows its commit."""
    index = services.sealer.index("phone", holder.phone or "")
    numbers.release(holder, services.settings.login.closing)
    lost = events.PhoneChanged(account=holder.id, old_phone=index, reason="number_lost")
    audit.record(lost)
    if not holder.active:
        audit.record(events.AccountStopped(target=holder.id, reason="number_lost"))
        sessions.promise(_ending(holder))


def settle(holder: Account) -> None:
    """End what a frozen account still had open."""
    if not holder.active:
        sessions.bring_about(_ending(holder))


def _ending(holder: Account) -> sessions.Ending:
    return sessions.Ending(holder.id, "number_lost", time.time(), keep_offline=False)
