"""The end of a mandate and of all that was granted under it: at once, and everywhere."""

import time
from collections.abc import Sequence
from dataclasses import replace

from idp import notices, sessions
from idp.audit import events
from idp.mandates.errors import NotYours
from idp.mandates.trail import record
from idp.store import accounts
from idp.store import organisations as store
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.organisations import ACCEPTED, LEGAL, OFFERED, Mandate

REVOKED = "mandate_revoked"


def revoke(by: Account, mandate_id: str, reason: str = "revoked") -> None:
    """End a mandate and all that was granted under it, at once and everywhere.

    Who holds it may give it up; who granted it, or stands above, may take it back. Raises NotYours.
    """
    found = store.mandate(mandate_id)
    if found is None or found.state not in {OFFERED, ACCEPTED} or not _may_end(by, found):
        raise NotYours
    settle(end([found, *store.granted_under(found.id)], by.id, reason))


def end_of(account_id: str, reason: str) -> None:
    """The holder is no more: every mandate ends, with all granted under it, and commit."""
    settle(end_held(account_id, reason))


def end_held(account_id: str, reason: str) -> list[sessions.Ending]:
    """The same in the current transaction; ``settle`` brings it about."""
    held = store.mandates_of(account_id)
    under = [below for each in held for below in store.granted_under(each.id)]
    return end([*held, *under], "", reason)


def end(found: Sequence[Mandate], by: str, reason: str) -> list[sessions.Ending]:
    """End those that have not ended yet, in the current transaction, with a promise for each
    that somebody may be acting under; ``settle`` brings it about. Their holders are told.
    """
    endings = []
    for each in store.end(found, reason):
        record(events.MandateRevoked, by, each, reason)
        holder = accounts.by_id(each.account_id) if each.account_id else None
        if holder is None:
            continue
        if holder.id != by:
            notices.tell(holder, "mandate_revoked")
        ending = sessions.Ending(holder.id, REVOKED, time.time(), keep_offline=False, under=each.id)
        sessions.promise(ending)
        endings.append(ending)
    return endings


def settle(endings: Sequence[sessions.Ending]) -> None:
    """Commit, and end what still acts under what was ended, whatever another node's clock says."""
    db.session.commit()
    for ending in endings:
        sessions.bring_about(replace(ending, before=float("inf")))


def _may_end(by: Account, found: Mandate) -> bool:
    """The holder, or whoever holds a mandate above it."""
    above: Mandate | None = found
    while above is not None:
        if above.account_id == by.id and (above is found or above.state == ACCEPTED):
            return above.kind != LEGAL or above is not found
        above = store.mandate(above.granted_by) if above.granted_by else None
    return False
