"""What a relying party may be told of a person, and the end of it (DESIGN §6, PIPL art. 13–16).

A ``consent`` client is asked for once per claim and can never skip the question; for what is
``ASKED_EACH_TIME`` an earlier yes stands on record and counts for nothing. A ``statutory``
client is not asked for; it is told what its registration lists and no more.
"""

from collections.abc import Collection

from idp import sessions
from idp.audit import events
from idp.audit import log as audit
from idp.store import clients, connections, outbox
from idp.store import sessions as stored
from idp.store.clients import Registration
from idp.store.engines import db
from idp.store.types import now

ASKED_EACH_TIME = clients.GUARDED
"""What nobody is told on the strength of an earlier yes."""


def granted(account_id: str, registration: Registration) -> frozenset[str] | None:
    """What the person has granted so far; None before the question and after withdrawal.

    What a statute allowed was never granted: a client that stands on consent now has to ask.
    """
    found = connections.find(account_id, registration.client_id)
    if found is None or not found.live or found.legal_basis != registration.legal_basis:
        return None
    return frozenset(found.granted)


def give(
    account_id: str, registration: Registration, claims: Collection[str], acting_for: str = ""
) -> frozenset[str]:
    """Record a grant, added to what was granted before, and commit.

    ``acting_for``: the organisation the person acts for meanwhile, for the trail.
    """
    known = connections.find(account_id, registration.client_id)
    if known is None and _begin(account_id, registration, claims, acting_for):
        return registration.tellable(claims)
    known = known or connections.get(account_id, registration.client_id)  # of another tab
    basis = registration.legal_basis
    anew = not known.live or known.legal_basis != basis
    if anew:
        known.granted, known.withdrawn_at, known.first_at = [], None, now()
    known.legal_basis = basis
    known.statute = registration.statute
    known.last_at = now()
    again = frozenset() if registration.statutory else ASKED_EACH_TIME
    new = sorted(set(claims) - (set(known.granted) - again))
    if new or anew:
        known.granted = sorted({*known.granted, *claims})
        _record(account_id, registration, new, acting_for)
    tellable = registration.tellable(known.granted)  # before the commit, which forgets it
    db.session.commit()
    return tellable


def _begin(
    account_id: str, registration: Registration, claims: Collection[str], acting_for: str
) -> bool:
    """The first grant to a client, committed. False: another tab was first."""
    granted = sorted(set(claims))
    first = connections.add(
        account_id,
        registration.client_id,
        legal_basis=registration.legal_basis,
        statute=registration.statute,
        granted=granted,
    )
    if first:
        _record(account_id, registration, granted, acting_for)
        db.session.commit()
    return first


def _record(
    account_id: str, registration: Registration, claims: list[str], acting_for: str
) -> None:
    kind = events.StatutoryDisclosure if registration.statutory else events.ConsentGiven
    client_id = registration.client_id
    audit.record(
        kind(account=account_id, acting_for=acting_for, client_id=client_id, claims=tuple(claims))
    )


def withdraw(account_id: str, client_id: str, acting_for: str = "") -> bool:
    """End a connection: its tokens die at once, its sessions are told. False: there was none."""
    connection = connections.find(account_id, client_id)
    if connection is None or not connection.live:
        return False
    connection.withdrawn_at = now()
    _tell(account_id, client_id)
    payload = {"account": account_id, "client_id": client_id, "cut": stored.new_version()}
    promise = outbox.add("client-cut", payload, due_in=sessions.CUT_AGAIN)
    withdrawn = events.ConsentWithdrawn(
        account=account_id, acting_for=acting_for, client_id=client_id
    )
    audit.record(withdrawn)
    db.session.commit()
    # The worker makes it once more, should a failover undo it; but not in sessions begun since,
    # for these hold only what the person grants anew.
    promise.payload = payload | {"refs": cut(**payload)}
    db.session.commit()
    return True


def cut(
    account: str, client_id: str, cut: str = "", refs: Collection[str] | None = None
) -> list[str]:
    """The cut alone, in ``refs`` or in every session; returns where. Repeated, it spares what was
    granted since in the sessions it has cut.

    Promises of the release before this one name no ``cut``.
    """
    found = list(stored.refs_of(account) if refs is None else refs)
    for ref in found:
        stored.cut_client(ref, client_id, cut)
    return found


def _tell(account_id: str, client_id: str) -> None:
    registration = clients.look_up(client_id)
    if registration is None or not registration.backchannel_logout_uri:
        return
    living = [
        party for each in sessions.list_of(account_id) for party in sessions.relying_parties(each)
    ]
    left = sessions.left_behind(list(stored.refs_of(account_id)))
    told = {party["sid"]: party for party in (*living, *left) if party["client_id"] == client_id}
    for party in told.values():
        outbox.add("backchannel-logout", dict(party))
