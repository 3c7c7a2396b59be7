"""Letting somebody act for an organisation: an offer, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from idp import notices, sessions
from idp.audit import events
from idp.mandates.acting import (
    REAL_NAME,
    REAL_PERSON,
    above_stands,
    held,
    hold_name,
    require_name,
)
from idp.mandates.errors import (
    BeyondYours,
    EndImpossible,
    EndsAfterYours,
    MayNotDelegate,
    NamedOtherwise,
    Nameless,
    NothingToDo,
    NotYours,
    OfferedTooOften,
    TooManyAgents,
)
from idp.mandates.trail import record
from idp.store import accounts, throttles
from idp.store import organisations as store
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.organisations import ACCEPTED, DECLINED, LEGAL, Mandate
from idp.store.throttles import Counter
from idp.store.types import now

BEIJING = ZoneInfo("Asia/Shanghai")
"""Mandates begin and end with a day of the law's calendar."""
OFFERS_DAY = 50
"""Offers one account may make in a day: each is a message to somebody."""
MOST, DEEPEST = 200, 5
"""Agents under one mandate, and how often a right may be passed on."""


@dataclass(frozen=True)
class Terms:
    """What a mandate allows."""

    functions: Sequence[str]
    client_ids: Sequence[str] = ()
    """Empty: all portals."""
    begins_at: datetime | None = None
    """None: at once."""
    ends_at: datetime | None = None
    may_delegate: bool = False


def offer(by: Account, mandate_id: str, agent: tuple[str, str], terms: Terms) -> Mandate:
    """Offer ``agent`` (real name, number in E.164) a part of what ``by`` has, and commit.

    Raises NotYours, NameNeeded, MayNotDelegate, NothingToDo, EndImpossible, BeyondYours,
    TooManyAgents or OfferedTooOften.
    """
    own = held(by, mandate_id)
    require_name(by, REAL_PERSON if own.kind == LEGAL else REAL_NAME)
    if not own.may_delegate:
        raise MayNotDelegate
    _within(own, terms)
    if own.depth >= DEEPEST or store.count_granted(own.id) >= MOST:
        raise TooManyAgents(most=MOST)
    tries = Counter.of(by.id, "offers", OFFERS_DAY, timedelta(days=1))
    if throttles.take([tries]).refused_by is not None:
        raise OfferedTooOften
    name, phone = agent
    made = store.add_mandate(
        organisation_id=own.organisation_id,
        agent_name=name,
        phone=phone,
        phone_index=phone,
        granted_by=own.id,
        depth=own.depth + 1,
        functions=list(terms.functions),
        client_ids=list(terms.client_ids or own.client_ids),
        may_delegate=terms.may_delegate,
        begins_at=terms.begins_at or now(),
        ends_at=terms.ends_at,
    )
    record(events.MandateOffered, by.id, made)
    notices.add(phone, "mandate_offered")
    db.session.commit()
    return made


def accept(account: Account, mandate_id: str) -> Mandate:
    """Take an offer up, under the real name it was made to, and commit.

    Raises NotYours, NameNeeded, Nameless or NamedOtherwise.
    """
    found = _offered(account, mandate_id)
    identity = hold_name(account, REAL_NAME)
    if not identity.real_name:
        raise Nameless
    if identity.real_name.casefold() != found.agent_name.casefold():
        raise NamedOtherwise
    _settle(found, ACCEPTED, account.id)
    record(events.MandateAccepted, account.id, found)
    if found.ends_at is not None:
        _ends_by_itself(found, account.id, found.ends_at)
    db.session.commit()
    return found


def decline(account: Account, mandate_id: str) -> None:
    """Leave an offer, and commit. Raises NotYours."""
    found = _offered(account, mandate_id)
    _settle(found, DECLINED, None)
    record(events.MandateDeclined, account.id, found)
    db.session.commit()


def _offered(account: Account, mandate_id: str) -> Mandate:
    offers = store.offers_to(account.phone) if account.phone else []
    found = next((each for each in offers if each.id == mandate_id), None)
    if found is None or not found.organisation.active or not above_stands(found):
        raise NotYours
    above = store.mandate(found.granted_by) if found.granted_by else None
    granter = accounts.by_id(above.account_id) if above and above.account_id else None
    if granter is None or not granter.active:
        raise NotYours
    return found


def _settle(offered: Mandate, state: str, account_id: str | None) -> None:
    """Unless it was withdrawn, or answered in another tab, meanwhile. Raises NotYours."""
    if not store.settle(offered, state, account_id):
        db.session.rollback()
        raise NotYours


def _within(own: Mandate, terms: Terms) -> None:
    """Nothing beyond what ``own`` allows. Raises NothingToDo, EndImpossible or BeyondYours."""
    begin, end = terms.begins_at or now(), terms.ends_at
    if not terms.functions:
        raise NothingToDo
    if end is not None and end <= max(begin, now()):
        raise EndImpossible
    functions = all(own.covers(function) for function in terms.functions)
    clients = not own.client_ids or set(terms.client_ids) <= set(own.client_ids)
    if not (functions and clients and begin >= own.begins_at):
        raise BeyondYours
    if own.ends_at is not None and (end is None or end > own.ends_at):
        raise EndsAfterYours(until=own.ends_at.astimezone(BEIJING).date().isoformat())


def _ends_by_itself(mandate: Mandate, holder: str, at: datetime) -> None:
    """Whoever still acts under it when its time is over stops then, and portals are told."""
    ending = sessions.Ending(
        holder, "mandate_over", at.timestamp(), keep_offline=False, under=mandate.id
    )
    sessions.promise(ending, due_in=max(at - now(), timedelta(0)))
