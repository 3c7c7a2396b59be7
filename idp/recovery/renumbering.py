"""The new number of an account to be got back, proven before anything is begun."""

import flask
import orjson

from idp import cases, codes, faces, handover, interactions, proofs, recoveries
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.realname import documents
from idp.realname.base import Statement
from idp.recovery import waiting
from idp.recovery.blueprint import FIELDS, bp, person, person_page
from idp.recovery.errors import FaceFirst
from idp.recovery.slips import Slip, slip
from idp.services import services
from idp.store import accounts, identities, throttles
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.throttles import Counter
from idp.web import people
from idp.web.people import FIRST, Failed

PURPOSE = "recover-number"
_STATED, _SLIP = "hall-stated", "hall-slip"
_SLIPS_DAY = 10


@bp.get("/hall")
def hall() -> flask.Response:
    """Who has nothing left goes to the hall; the slip says with which number they will be back."""
    return _hall(people.entered())


@bp.get("/hall/person")
def address_of_the_slip() -> flask.Response:
    return people.back_to("/recover/hall")


@bp.post("/hall/person")
def state() -> flask.Response:
    interaction = people.entered()
    try:
        stated = person()
    except IdpError as error:
        return _hall(interaction, people.failed(error, *FIELDS))
    document = stated.document
    kept = {"name": stated.name, "kind": document.kind, "number": document.number}
    if document.born is not None:
        kept["birthdate"] = document.born.isoformat()
    sealed = str(services.sealer.seal(_STATED, orjson.dumps(kept).decode(), interaction.id))
    interactions.note(interaction, **{_STATED: sealed, "faced": None, _SLIP: None})
    return people.go(interaction.url("/recover/number"))


@bp.get("/hall/slip")
def show_slip() -> flask.Response:
    interaction = people.entered()
    sealed = interaction.result.get(_SLIP)
    if not sealed:
        return people.go(interaction.url("/recover/hall"))
    shown = Slip(**orjson.loads(services.sealer.open(_SLIP, sealed, interaction.id)))
    continue_url = interaction.url("/recover/continue")
    return people.page("recovery/slip.html", interaction, slip=shown, continue_url=continue_url)


@bp.get("/number")
def number() -> flask.Response:
    interaction = people.entered()
    if not _way(interaction):
        return people.go(interaction.url("/recover/"))
    return _number(interaction)


@bp.get("/number/send")
def address_of_the_number() -> flask.Response:
    return people.back_to("/recover/number")


@bp.post("/number/send")
def send_to_new_number() -> flask.Response:
    interaction = people.entered()
    if not _way(interaction):
        raise FaceFirst
    try:
        codes.guard(people.form(), people.here())
        codes.ask(interaction, flask.request.form.get("phone"), PURPOSE, people.here())
    except IdpError as error:
        return _number(interaction, people.failed(error, "phone"))
    return people.go(interaction.url("/recover/number"))


@bp.post("/number")
def prove_new_number() -> flask.Response:
    """With the number proven, the way that was chosen goes on. Raises FaceFirst."""
    interaction = people.entered()
    way = _way(interaction)
    if not way:
        raise FaceFirst
    try:
        proven = codes.check(interaction, PURPOSE, people.text("sms_code"), people.here())
        interaction = codes.forget(interaction, PURPOSE)
        return _NEXT[way](interaction, proven)
    except codes.CodeNotAsked:
        return people.go(interaction.url("/recover/number"))
    except IdpError as error:
        return _number(interaction, people.failed(error))


def _way(interaction: Interaction) -> str:
    """What this way rests on: a face of a moment ago, or what was stated for the hall."""
    if interaction.result.get(_STATED):
        return recoveries.HALL
    return recoveries.FACE if _faced(interaction) else ""


def _faced(interaction: Interaction) -> Account | None:
    """The account whose person has shown their face on this way, and nobody left since."""
    account = accounts.by_id(interaction.result.get("faced") or "")
    return account if account and proofs.face_shown(interaction, account) else None


def _by_face(interaction: Interaction, number: str) -> flask.Response:
    account = _faced(interaction)
    if account is None:
        raise FaceFirst
    handover.loser(account, number)
    reference = recoveries.new_reference()
    made = recoveries.begin(account, recoveries.FACE, number, reference)
    db.session.commit()
    return people.go(waiting.show(interaction, made, reference).url("/recover/pending"))


def _by_hall(interaction: Interaction, number: str) -> flask.Response:
    """A slip, whether or not anybody of that name has an account: the officer will see."""
    stated = _stated(interaction)
    key = services.sealer.index("document", stated.document.key)
    if throttles.take([Counter.of(key, "hall-slips", _SLIPS_DAY, faces.DAY)]).refused_by:
        raise cases.AskedTooOften
    made = slip(_named(stated), stated, number)
    sealed = str(services.sealer.seal(_SLIP, orjson.dumps(made).decode(), interaction.id))
    interactions.note(interaction, **{_SLIP: sealed, _STATED: None})
    return people.go(interaction.url("/recover/hall/slip"))


_NEXT = {recoveries.FACE: _by_face, recoveries.HALL: _by_hall}


def _named(stated: Statement) -> Account | None:
    """The account of the person stated, where there is one that can be got back."""
    identity = identities.having(stated.document.key)
    account = accounts.by_id(identity.account_id) if identity else None
    if account is None or not faces.is_of(identity, stated):
        return None
    return account if account.status in recoveries.OPEN_TO else None


def _stated(interaction: Interaction) -> Statement:
    kept = orjson.loads(services.sealer.open(_STATED, interaction.result[_STATED], interaction.id))
    document = documents.dated(
        documents.stored(kept["kind"], kept["number"]), kept.get("birthdate", "")
    )
    return Statement(kept["name"], document)


def _hall(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    return person_page(
        "recovery/hall.html",
        interaction,
        failed,
        frozenset(documents.KINDS),
        submit_url=interaction.url("/recover/hall/person"),
        place="hall",
        back_url=interaction.url("/recover/"),
    )


def _number(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    urls = {
        "submit_url": interaction.url("/recover/number"),
        "send_url": interaction.url("/recover/number/send"),
        "change_url": interaction.url("/recover/number") + "&change=1",
    }
    entering = "change" in flask.request.args or "phone" in flask.request.form
    if codes.asked(interaction, PURPOSE) and not entering:
        form = codes.code_form(interaction, PURPOSE, failed, **urls)
    else:
        form = codes.number_form(interaction, "number", failed, sent=False, **urls)
    account = _faced(interaction)
    masked = masking.phone(account.phone) if account and account.phone else ""
    return people.page("recovery/number.html", interaction, failed, form=form, masked=masked)
