"""A change of the number that has to wait, and what would spare it the waiting."""

import flask

from idp import assurance, faces, handover, joining, notices, proofs, recoveries
from idp.account.blueprint import bp, fresh_sign_in, one_more
from idp.account.errors import NumberNotReady
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.services import services
from idp.sessions import claims_changed
from idp.store import accounts
from idp.store import recoveries as store
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.recoveries import DONE, Recovery
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

TWO = 2


def at_once(interaction: Interaction) -> bool:
    """Whether what was shown lately is as strong as a number: the old one, two kinds, a face."""
    if not me().phone:
        return True
    seen = joining.of_session(mine())
    shown = joining.fresh(seen)
    if shown & {"sms", "face"} or proofs.face_shown(interaction, me()):
        return True
    return joining.level(seen) >= TWO


def waiting(account: Account) -> Recovery | None:
    """A change, or a recovery, of this account that is under way."""
    return recoveries.pending_of(account.id)


def begin(account: Account, number: str) -> None:
    """Let it wait, and commit. Raises NumberElsewhere or RecoveryUnderWay."""
    handover.loser(account, number)
    recoveries.begin(account, recoveries.NUMBER, number, recoveries.new_reference())
    db.session.commit()


@bp.post("/phone/prove")
def prove_more() -> flask.Response:
    """One more kind of factor, the old number's code among them; then back to the change."""
    fresh_sign_in()
    one_more("/account/phone")
    return people.go("/account/phone")


@bp.post("/phone/finish")
def finish_change() -> flask.Response:
    """The wait is over, and nobody has said no."""
    fresh_sign_in()
    found = waiting(me())
    if found is None or found.way != recoveries.NUMBER:
        return people.go("/account/phone")
    try:
        _finish(found)
    except IdpError as error:
        return show(found, people.failed(error))
    return people.go("/account/?done=phone")


@bp.post("/phone/cancel")
def cancel_change() -> flask.Response:
    """Whoever is signed in may stop a change of the number."""
    found = waiting(me())
    if found is not None and found.way == recoveries.NUMBER:
        recoveries.cancel(found, "withdrawn", account=me().id)
        db.session.commit()
    return people.go("/account/phone")


def _finish(found: Recovery) -> None:
    """Raises NumberNotReady or NumberElsewhere."""
    account, number = me(), found.phone
    moved = handover.loser(account, number)
    accounts.hold(account.id)
    if not found.ready or not account.active or not store.end(found, DONE):
        db.session.rollback()
        raise NumberNotReady
    old, index = account.phone, services.sealer.index
    handover.give(account, number, moved)
    changed = events.PhoneChanged(
        account=account.id,
        old_phone=index("phone", old) if old else None,
        new_phone=index("phone", number),
        reason="waited",
    )
    audit.record(changed)
    if old and old != number:
        notices.warn(account, "phone_changed", old)
    claims_changed(account.id)
    if moved is not None:
        handover.settle(moved)


def choose(interaction: Interaction) -> flask.Response:
    """What would make it at once, and that it may wait."""
    account = me()
    more = proofs.counted(account, proofs.means(account) | {*mine().amr})
    return people.page(
        "account/phone_prove.html",
        None,
        masked=masking.phone(account.phone or ""),
        hours=int(recoveries.wait_of(account).total_seconds() // 3600),
        more=assurance.aal_of(more) >= TWO,
        prove_url="/account/phone/prove",
        face_url=interaction.url("/recover/face") if faces.comparable(account) else "",
        wait_url=interaction.url("/account/phone/wait"),
    )


def show(found: Recovery, failed: Failed = FIRST) -> flask.Response:
    return people.page(
        "account/phone_waiting.html",
        None,
        failed,
        number=found.way == recoveries.NUMBER,
        masked=masking.phone(found.phone),
        recovery=found,
        finish_url="/account/phone/finish" if found.ready else "",
        cancel_url="/account/phone/cancel",
    )
