"""The blueprint of proving a name: who may, on which way, and what its pages share."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import flask
import orjson

from idp import agreements, identities, interactions, levels, minors, proofs, sessions
from idp.crypto import masking
from idp.interactions import Interaction
from idp.realname import documents, names
from idp.realname.documents import Document
from idp.services import services
from idp.sessions import SessionGone
from idp.store import guardianships
from idp.store import identities as store
from idp.store.cases import Case
from idp.store.engines import db
from idp.web import i18n, people, signed_in
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

STATED = "stated"
"""What the journey under way is about."""
CONTESTED = "contested"
"""What was confirmed of a document that another account has."""
WRITTEN = "written"
"""What the person has typed of themselves."""
FIELDS = ("id_type", "real_name", "id_number", "birthdate")
"""What the forms ask of a person, whatever it is for."""

bp = flask.Blueprint("realname", __name__, url_prefix="/realname")
people.init_pages(bp)


@bp.before_request
def somebody() -> flask.Response | None:
    """Only who is signed in proves a name, and proves it for their own account."""
    return signed_in.admit(_sign_in)


def _sign_in() -> flask.Response:
    return people.go(interactions.open_("/realname/", reason="login").url("/login/"))


def entered() -> Interaction:
    interaction = people.entered()
    if interaction.account_id != me().id or interaction.result.get("done"):
        flask.abort(people.go("/realname/"))
    return interaction


def agree() -> None:
    """Record the consent to this check, which is asked for apart from any other (PIPL art. 29)."""
    agreements.accept(me().id, (agreements.realname(),))
    db.session.commit()


def keep_written(interaction: Interaction) -> Interaction:
    """Keep what the form says of the person, sealed: no page of this way asks for it twice."""
    typed = orjson.dumps({name: people.text(name) for name in FIELDS}).decode()
    sealed = str(services.sealer.seal(WRITTEN, typed, interaction.id))
    return interactions.note(interaction, **{WRITTEN: sealed})


def filled(failed: Failed, interaction: Interaction) -> Failed:
    """A form with what was typed on this way, unless it says itself what was typed now."""
    sealed = interaction.result.get(WRITTEN)
    if failed.values or not sealed:
        return failed
    typed = services.sealer.open(WRITTEN, sealed, interaction.id)
    return replace(failed, values=orjson.loads(typed))


def raised(interaction: Interaction, shown: int = 0, done: str = "realname") -> flask.Response:
    """On, as what the account's identity is worth now; ``shown``: the level of what was shown just
    now, 0 where nothing was; ``done``: what the account's own page then says was done.
    """
    if shown >= levels.FACE:
        identities.settle_password(me(), mine())
        interaction = proofs.keep_face(interaction, me())
    try:
        sessions.regrade(mine(), me())
    except SessionGone:
        return people.go(interaction.url("/login/"))
    if interaction.return_to == "/account/":
        interactions.note(interaction, done=True, **{STATED: None, WRITTEN: None})
        return people.go(f"/account/?done={done}")
    interactions.note(interaction, **{STATED: None, WRITTEN: None})
    return people.go(interaction.return_to)


def said_to_be() -> dict[str, str]:
    """Who the person says they are: what their account says where it says it, else the form."""
    identity = store.of(me().id)
    if identity is None:
        return as_written()
    return stated(identity.real_name, documents.read(identity.kind, identity.number))


def as_written() -> dict[str, str]:
    """Who the form says they are. Raises what is wrong with it."""
    name = names.read(people.text("real_name"))
    document = documents.read(people.text("id_type"), people.text("id_number"))
    return stated(name, documents.dated(document, people.text("birthdate")))


def stated(name: str, document: Document) -> dict[str, str]:
    """A name and a document as a case keeps them."""
    said = {"name": name, "kind": document.kind, "number": document.number}
    if document.born is not None:
        said["birthdate"] = document.born.isoformat()
    return {**said, "document": document.key}


def guarded(case: Case | None) -> SimpleNamespace | None:
    """Of a child's case: who has agreed, masked; None where nobody needs to."""
    if case is None or not minors.needed(case.account_id, minors.born_of(case.stated)):
        return None
    consent = guardianships.of_case(case.code)
    identity = store.of(consent.guardian_id) if consent is not None else None
    return SimpleNamespace(agreed=masking.name(identity.real_name) if identity else "")


def kinds() -> list[dict[str, str]]:
    """The kinds of documents a form offers."""
    return [{"value": kind, "label": called(kind)} for kind in documents.KINDS]


def called(kind: str) -> str:
    """A kind of document, in the language of the page."""
    return str(documents.TABLE[kind]["name" if i18n.locale() == "zh-CN" else "name_en"])


def page(
    template: str, interaction: Interaction, failed: Failed = FIRST, **context: Any
) -> flask.Response:
    declinable = bool(interaction.request)
    return people.page(
        template,
        interaction,
        failed,
        agreement=agreements.realname(),
        ways_url=interaction.url("/realname/"),
        hall_url=interaction.url("/realname/hall"),
        decline_url=interaction.url("/realname/decline") if declinable else "",
        bind_phone_url=_bind_phone_url(),
        change_url=interaction.url("/realname/change") if store.of(me().id) else "",
        **context,
    )


def _bind_phone_url() -> str:
    """Where who has no number gets one, when there are ways that compare it; else empty."""
    compared = any("phone" in way.asks for way in services.realname.ways())
    return flask.url_for("account.phone") if compared and not me().phone else ""
