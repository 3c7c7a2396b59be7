"""What a proof leads to; and a number that may have changed hands (DESIGN §3)."""

import flask

from idp import assurance, faces, factors, interactions, joining, proofs, recovery_codes, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.interactions import Interaction
from idp.login import demands, finishing
from idp.login.blueprint import bp
from idp.login.errors import NumberUnused, PersonMismatch, StepMissing
from idp.login.methods.base import NewNumber, Outcome, Proved, UnprovenNumber
from idp.services import services
from idp.store import accounts, numbers
from idp.store.accounts import Account
from idp.store.engines import db
from idp.web import people


def settle(interaction: Interaction, outcome: Outcome) -> flask.Response:
    """Go on with what was proved. Raises PersonMismatch or AccountStopped."""
    match outcome:
        case Proved(account, amr):
            return finishing.finish(interaction, account, _with_number(interaction, account, amr))
        case NewNumber(number):
            if interaction.account_id:
                raise PersonMismatch
            if interaction.reason == joining.REASON:
                raise NumberUnused
            return people.go(proofs.keep(interaction, number).url("/signup/agreement"))
        case UnprovenNumber():
            return _unproven(interaction, outcome)


@bp.get("/number")
def number() -> flask.Response:
    """The choice of somebody whose number was not proven for too long."""
    interaction = people.entered()
    phone, account = _held(interaction)
    return people.page(
        "login/phone_unproven.html",
        interaction,
        masked=masking.phone(phone),
        days=services.settings.login.phone_proof.days,
        password_url=f"{interaction.url('/login/')}&m=password" if account.password_hash else "",
        other_url=f"{interaction.url('/login/')}&m=other" if _holds_more(account) else "",
        face_url=interaction.url("/recover/face") if faces.comparable(account) else "",
        new_account_url=interaction.url("/login/number/new"),
    )


@bp.get("/number/face")
def number_faced() -> flask.Response:
    """The number, and the face of the person whose account it is: it is theirs still."""
    interaction = people.entered()
    account = _held(interaction)[1]
    if not proofs.face_shown(interaction, account):
        raise StepMissing
    audit.record(events.NumberShown(account=account.id))
    return finishing.finish(interaction, account, ("sms", "face"))


def choose_again(interaction: Interaction) -> flask.Response:
    """Back at the start: the choice is still there, unless somebody else took the number."""
    try:
        _held(interaction)
    except StepMissing:
        changed = interactions.note(interaction, proven=None, unproven=None)
        return people.go(changed.url("/login/"))
    return people.go(interaction.url("/login/number"))


@bp.post("/number/new")
def number_is_new() -> flask.Response:
    """The number is new to this person: they get an account of their own."""
    interaction = people.entered()
    account = _held(interaction)[1]
    interactions.note(interaction, displace=account.id)
    return people.go(interaction.url("/signup/agreement"))


@bp.get("/number/lost")
def lost() -> flask.Response:
    """Somebody signs in whose number has gone to another person: they are told."""
    interaction = people.entered()
    session = sessions.current()
    losses = numbers.untold(session.account_id) if session else []
    if not losses:
        return people.go(interaction.url("/login/"))
    return people.page(
        "login/number_lost.html",
        interaction,
        masked=masking.phone(losses[-1].phone),
        lost_at=losses[-1].at,
        submit_url=interaction.url("/login/number/lost"),
        account_url="/account/",
    )


@bp.post("/number/lost")
def lost_and_told() -> flask.Response:
    interaction = people.entered()
    session = sessions.current()
    if session is not None:
        numbers.told(session.account_id)
        db.session.commit()
    return people.leave(interaction)


def _holds_more(account: Account) -> bool:
    """Whether something else than the password says whose the number is."""
    held = (each.amr for each in factors.held(account.id))
    more = any(not assurance.BROUGHT_BY_NUMBER & {*amr} for amr in held)
    return more or recovery_codes.left(account.id) > 0


def _unproven(interaction: Interaction, found: UnprovenNumber) -> flask.Response:
    """A code alone opens nothing; with a proof of another kind before it, it does."""
    phone, account = found.number, found.account
    if interaction.account_id and account.id != interaction.account_id:
        raise PersonMismatch
    if not _shown(interaction, account) <= assurance.BROUGHT_BY_NUMBER:
        return finishing.finish(interaction, account, ("sms",))
    index = services.sealer.index("phone", phone)
    audit.record(events.PhoneUnproven(account=account.id, phone=index, carrier=found.carrier))
    db.session.commit()
    kept = proofs.keep(interaction, phone, unproven=account.id)
    if interaction.reason == joining.REASON:  # no new account here: the password, or nothing
        return people.go(f"{kept.url('/login/')}&m=password")
    return people.go(kept.url("/login/number"))


def _shown(interaction: Interaction, account: Account) -> set[str]:
    """What was proved of the account before the code: in its session, or first on this way."""
    session, before = sessions.current(), demands.first(interaction)
    shown: set[str] = set()
    if session is not None and session.account_id == account.id:
        shown |= {*session.amr}
    if before is not None and before.account_id == account.id:
        shown |= {*before.amr}
    return shown


def _with_number(
    interaction: Interaction, account: Account, amr: tuple[str, ...]
) -> tuple[str, ...]:
    """A password that follows the code of a number long unproven: both count."""
    if interaction.result.get("unproven") != account.id or "sms" in amr:
        return amr
    phone = proofs.number_of(interaction)
    return ("sms", *amr) if phone and phone == account.phone else amr


def _held(interaction: Interaction) -> tuple[str, Account]:
    """The number proven and the account that has it still. Raises StepMissing.

    Who proves one more account has nothing to choose: the number alone shows nobody's.
    """
    if interaction.reason == joining.REASON:
        raise StepMissing
    phone = proofs.number_of(interaction)
    account = accounts.by_phone(phone) if phone else None
    if phone is None or account is None or account.id != interaction.result.get("unproven"):
        raise StepMissing
    return phone, account
