"""What becomes of an organisation, as the staff finds in its certificate: audited, and at once."""

from idp import notices, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.mandates import ending, representing
from idp.mandates.acting import REAL_PERSON, hold_name
from idp.mandates.errors import Dissolved, NameNeeded, NoSuchOrganisation
from idp.staff import Act
from idp.store import accounts
from idp.store import organisations as store
from idp.store.accounts import Account
from idp.store.organisations import DISSOLVED, Organisation
from idp.store.types import now

HALL = "hall"
"""How an organisation was shown whose certificate the staff has seen."""


def register(code: str, name: str, kind: str, account_id: str, act: Act) -> Organisation:
    """Bind an organisation no register knows to its legal representative, both as its certificate
    says, and commit. Raises NameNeeded, Dissolved or AnothersOrganisation.
    """
    account = _account(account_id)
    found = representing.Found(code, name, kind, HALL, act.officer)
    return representing.represent(account, found).organisation


def rename(code: str, name: str, act: Act) -> Organisation:
    """Give the organisation its new name, and commit: whoever asks for claims hears it from now on.

    Raises NoSuchOrganisation or Dissolved.
    """
    organisation = _found(code)
    organisation.name = name
    audit.record(
        events.OrganisationRenamed(
            organisation=organisation.id, officer=act.officer, reason=act.reason
        )
    )
    sessions.claims_changed(*(each.id for each in store.mandates_under(organisation.id)))
    return organisation


def dissolve(code: str, act: Act) -> Organisation:
    """The organisation is no more: every mandate ends, and commit. Raises as ``rename``."""
    organisation = _found(code)
    organisation.status = DISSOLVED
    audit.record(
        events.OrganisationDissolved(
            organisation=organisation.id, officer=act.officer, reason=act.reason
        )
    )
    ended = ending.end(store.mandates_under(organisation.id), "", "dissolved")
    ending.settle(ended)
    return organisation


def replace(code: str, account_id: str, act: Act) -> Organisation:
    """Another legal representative: what the one before granted ends with their own mandate.

    With an ``account_id`` that account takes the place; with none it is free for whoever the
    register names. Raises as ``rename``, and NameNeeded.
    """
    organisation = _found(code)
    account = _account(account_id) if account_id else None
    identity = hold_name(account, REAL_PERSON) if account else None
    ended = ending.end(store.mandates_under(organisation.id), "", "representative_replaced")
    if account is not None and identity is not None:
        representing.appoint(account, identity, organisation)
        organisation.method, organisation.reference = HALL, act.officer
        organisation.verified_at = now()
        notices.tell(account, "representative_appointed")
    audit.record(
        events.RepresentativeReplaced(
            organisation=organisation.id, target=account_id, officer=act.officer, reason=act.reason
        )
    )
    ending.settle(ended)
    return organisation


def _found(code: str) -> Organisation:
    organisation = store.by_code(code)
    if organisation is None:
        raise NoSuchOrganisation
    if not organisation.active:
        raise Dissolved
    return organisation


def _account(account_id: str) -> Account:
    account = accounts.by_id(account_id)
    if account is None or not account.active:
        raise NameNeeded
    return account
