"""Appealing: against another account's claim, a face refused, or a name that is not one's own."""

from collections.abc import Callable
from types import SimpleNamespace

import flask
import orjson

from idp import appeals, cases, interactions
from idp.cases import DOCUMENT, FACE, NOT_ME
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.realname import documents
from idp.realname.blueprint import (
    CONTESTED,
    FIELDS,
    STATED,
    agree,
    bp,
    called,
    entered,
    filled,
    guarded,
    kinds,
    page,
    said_to_be,
    stated,
)
from idp.realname.conflict import contested
from idp.realname.errors import ConsentNeeded
from idp.services import services
from idp.store import cases as stored
from idp.store import identities as store
from idp.store.cases import Case
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me


@bp.get("/appeal")
def appeal() -> flask.Response:
    if "i" not in flask.request.args:
        opened = interactions.open_("/account/identity", reason="appeal", account_id=me().id)
        return people.go(opened.url("/realname/appeal"))
    return _page(entered())


@bp.get("/appeal/open")
def address_of_the_appeal() -> flask.Response:
    return people.back_to("/realname/appeal")


@bp.post("/appeal/open")
def open_appeal() -> flask.Response:
    """Open the case; whoever appeals again has the same one, with what they say now."""
    interaction = entered()
    topic = _topic(interaction)
    try:
        person = _ABOUT[topic](interaction)
        said = people.text("reason")
        appeals.explained(said)
        if not people.text("agree"):
            raise ConsentNeeded
        agree()
        appeals.open_(me().id, topic, said, person)
    except IdpError as error:
        return _page(interaction, people.failed(error, "reason", *FIELDS))
    return people.go(interaction.url("/realname/appeal"))


def _topic(interaction: Interaction) -> str:
    """What it is about follows from where the person stands, not from what an address says."""
    if interaction.result.get(CONTESTED):
        return DOCUMENT
    if _looked_for(interaction) is not None:
        return FACE
    if store.of(me().id) is not None:
        return NOT_ME
    return DOCUMENT if store.past_of(me().id) else FACE


def _person_lost() -> dict[str, str] | None:
    """Whose name and document the account had last, as far as they were known."""
    lost = next(iter(store.past_of(me().id)), None)
    if lost is None or not lost.real_name:
        return None
    return stated(lost.real_name, documents.stored(lost.kind, lost.number))


def _looked_for(interaction: Interaction) -> dict[str, str] | None:
    """Whom a face was looked at for on this way; None where nobody said who they are."""
    kept = interaction.result.get(STATED)
    said = orjson.loads(services.sealer.open(STATED, kept, interaction.id)) if kept else {}
    if not said.get("name"):
        return None
    return stated(said["name"], documents.stored(said["kind"], said["number"]))


def _of_the_document(interaction: Interaction) -> dict[str, str]:
    """Of the conflict on this way; else of the name that went, here or in another way, before."""
    if not interaction.result.get(CONTESTED):
        return _person_lost() or said_to_be()
    _, confirmed = contested(interaction)
    person = confirmed.person
    return stated(person.name, documents.stored(person.kind, person.number))


def _of_the_face(interaction: Interaction) -> dict[str, str]:
    return _looked_for(interaction) or said_to_be()


def _of_the_name(_interaction: Interaction) -> dict[str, str]:
    """Which name it is about: another may be proved meanwhile."""
    identity = store.of(me().id)
    return {"identity": identity.id} if identity is not None else {}


_ABOUT: dict[str, Callable[[Interaction], dict[str, str]]] = {
    DOCUMENT: _of_the_document,
    FACE: _of_the_face,
    NOT_ME: _of_the_name,
}
"""By topic: who the person says they are."""


def _page(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    topic = _topic(interaction)
    case = stored.open_of(me().id, cases.APPEAL, topic)
    # Once it is on a slip, it is shown masked.
    typed = failed if case is not None else filled(failed, interaction)
    return page(
        "realname/appeal.html",
        interaction,
        failed,
        slip=_slip(case) if case is not None else None,
        child=guarded(case),
        topic=cases.TOPICS[topic],
        most=appeals.LONGEST,
        kinds=kinds() if _asks(interaction, topic) else [],
        form=people.fields(typed, submit_url=interaction.url("/realname/appeal/open")),
        back_url=interaction.url(
            "/realname/conflict" if interaction.result.get(CONTESTED) else "/realname/"
        ),
    )


def _asks(interaction: Interaction, topic: str) -> bool:
    """Whether the person has yet to say who they are."""
    if topic == NOT_ME or interaction.result.get(CONTESTED) or store.of(me().id) is not None:
        return False
    return _looked_for(interaction) is None and _person_lost() is None


def _slip(case: Case) -> SimpleNamespace:
    said = case.stated
    return SimpleNamespace(
        code=case.code,
        until=case.valid_until,
        topic=cases.TOPICS[said["topic"]],
        reason=said["reason"],
        name=masking.name(said["name"]) if said.get("name") else "",
        document=called(said["kind"]) if said.get("kind") else "",
        number=masking.id_number(said["number"]) if said.get("number") else "",
    )
