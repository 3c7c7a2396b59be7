"""An organisation's legal representative, and what becomes of the organisation itself."""

from dataclasses import dataclass

from idp.audit import events
from idp.audit import log as audit
from idp.mandates.acting import REAL_PERSON, hold_name
from idp.mandates.errors import AnothersOrganisation, Dissolved
from idp.mandates.trail import record
from idp.store import organisations as store
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.identities import Identity
from idp.store.organisations import ALL, Mandate, Organisation
from idp.store.types import now


@dataclass(frozen=True)
class Found:
    """An organisation as an authoritative check has confirmed it."""

    code: str
    name: str
    kind: str
    method: str
    reference: str


def represent(account: Account, found: Found) -> Mandate:
    """Bind the organisation to its legal representative, whose living face was seen and whom its
    register or its licence names, and commit. Raises NameNeeded, Dissolved or AnothersOrganisation.
    """
    identity = hold_name(account, REAL_PERSON)
    organisation = store.by_code(found.code)
    try:
        if organisation is None:
            organisation = store.add(
                found.code, found.name, found.kind, found.method, found.reference
            )
        return _represent(account, identity, organisation, found)
    except (store.CodeTaken, store.RepresentativeThere):  # another tab was first
        return represent(account, found)


def _represent(
    account: Account, identity: Identity, organisation: Organisation, found: Found
) -> Mandate:
    if not organisation.active:
        raise Dissolved
    before = store.legal_representative(organisation.id)
    if before is not None and before.account_id != account.id:
        raise AnothersOrganisation
    organisation.name, organisation.verified_at = found.name, now()
    organisation.method, organisation.reference = found.method, found.reference
    mandate = before or appoint(account, identity, organisation)
    audit.record(
        events.OrganisationVerified(
            account=account.id,
            organisation=organisation.id,
            method=found.method,
            reference=found.reference,
        )
    )
    db.session.commit()
    return mandate


def appoint(account: Account, identity: Identity, organisation: Organisation) -> Mandate:
    """The law's own mandate, in the current transaction. Raises RepresentativeThere."""
    made = store.add_representative(
        organisation_id=organisation.id,
        account_id=account.id,
        agent_name=identity.real_name,
        functions=[ALL],
        may_delegate=True,
    )
    record(events.MandateAccepted, account.id, made)
    return made
