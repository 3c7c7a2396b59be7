"""Going over to acting for an organisation, under a mandate that is in force."""

from idp import levels, sessions
from idp.mandates.errors import NameNeeded, NotYours
from idp.store import accounts
from idp.store import identities as people
from idp.store import organisations as store
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.organisations import LEGAL, Mandate
from idp.store.types import now

REAL_NAME, REAL_PERSON = 2, 3
"""Identity levels an agent, and a legal representative, must have at least."""


def act(session: sessions.Session, account: Account, mandate_id: str) -> sessions.Session:
    """Have the session go over to acting under one of the account's mandates.

    The mandate is looked at once more when the session is there: who revokes it finds the
    session, or is seen here. Raises NotYours, NameNeeded, or SessionGone.
    """
    mandate = held(account, mandate_id)
    require_name(account, REAL_PERSON if mandate.kind == LEGAL else REAL_NAME)
    acting = sessions.act(session, account, _as_acting(mandate))
    db.session.expire_all()
    if not _stands(mandate):
        sessions.end(acting, reason="mandate_revoked", keep_offline=False)
        raise NotYours
    return acting


def held(account: Account, mandate_id: str) -> Mandate:
    """One of the account's own that is in force. Raises NotYours."""
    found = store.mandate(mandate_id)
    if found is None or found.account_id != account.id or not _stands(found):
        raise NotYours
    return found


def in_force(account_id: str) -> list[Mandate]:
    return [each for each in store.mandates_of(account_id) if each.in_force]


def coming(account_id: str) -> list[Mandate]:
    """What the account has accepted and may not use yet, the next to begin first."""
    found = [each for each in store.mandates_of(account_id) if each.begins_at > now()]
    return sorted(
        (each for each in found if each.organisation.active), key=lambda each: each.begins_at
    )


def require_name(account: Account, level: int) -> people.Identity:
    """Who the account's person is, known at ``level`` or better. Raises NameNeeded."""
    identity = people.of(account.id)
    if identity is None or levels.of(account) < level:
        raise NameNeeded
    return identity


def hold_name(account: Account, level: int) -> people.Identity:
    """The same of an account held from here on: its name goes nowhere before what is given to it
    by that name is there to be ended with it. Raises NameNeeded.
    """
    held, identity = accounts.hold(account.id), people.of(account.id)
    if identity is None or not held[0].active or levels.regraded(held[0]) < level:
        raise NameNeeded
    return identity


def above_stands(mandate: Mandate) -> bool:
    """Whether everything it was granted under is in force: what was granted at the moment of a
    revocation may have escaped it.
    """
    above = mandate
    while above.granted_by:
        found = store.mandate(above.granted_by)
        if found is None or not found.in_force:
            return False
        above = found
    return True


def _stands(mandate: Mandate) -> bool:
    return mandate.in_force and above_stands(mandate)


def _as_acting(mandate: Mandate) -> sessions.Acting:
    until = mandate.ends_at.timestamp() if mandate.ends_at else None
    return sessions.Acting(mandate.organisation_id, mandate.id, tuple(mandate.client_ids), until)
