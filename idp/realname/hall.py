"""The way through the hall: an appointment slip, made from what the person states.

Who has a name proves that one there. Who has another name or document by now, or has shown a
network credential and so has no name here, says so on a slip of its own kind, which ends the old
identity once the hall has seen the papers.
"""

from dataclasses import dataclass

import flask

from idp import cases, interactions
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.realname.base import Statement
from idp.realname.blueprint import (
    FIELDS,
    agree,
    as_written,
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
from idp.realname.errors import ConsentNeeded
from idp.store import cases as stored
from idp.store import identities as store
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me


@dataclass(frozen=True, slots=True)
class Visit:
    """What somebody goes to the hall for."""

    kind: str
    path: str


PROVING = Visit(cases.REALNAME, "/realname/hall")
CHANGING = Visit(cases.CHANGE, "/realname/change")


@bp.get("/hall")
def hall() -> flask.Response:
    interaction = entered()
    if _nameless():
        return people.go(interaction.url(CHANGING.path))
    return _page(interaction, PROVING)


@bp.get("/hall/slip")
def address_of_the_slip() -> flask.Response:
    return people.back_to(PROVING.path)


@bp.post("/hall/slip")
def take_slip() -> flask.Response:
    """Open the case; whoever takes another slip gets the same one, with what they state now."""
    interaction = entered()
    if _nameless():
        return people.go(interaction.url(CHANGING.path))
    return _take(interaction, PROVING)


@bp.get("/change")
def change() -> flask.Response:
    if "i" not in flask.request.args:
        opened = interactions.open_("/account/identity", reason="change", account_id=me().id)
        return people.go(opened.url(CHANGING.path))
    interaction = entered()
    if store.of(me().id) is None:  # nothing to change
        return people.go(interaction.url(PROVING.path))
    return _page(interaction, CHANGING)


@bp.get("/change/slip")
def address_of_the_change() -> flask.Response:
    return people.back_to(CHANGING.path)


@bp.post("/change/slip")
def take_slip_to_change() -> flask.Response:
    interaction = entered()
    if store.of(me().id) is None:
        return people.go(interaction.url(PROVING.path))
    return _take(interaction, CHANGING)


def of_a_child(interaction: Interaction, statement: Statement) -> flask.Response:
    """A slip for who may not be checked yet: no register is asked about a child whose guardian
    has not agreed. That the child has is on record like everybody's.
    """
    agree()
    cases.open_(me().id, cases.REALNAME, stated(statement.name, statement.document))
    return people.go(interaction.url(PROVING.path))


def _nameless() -> bool:
    """Whether the account has shown a network credential: it cannot be restated, nor compared."""
    identity = store.of(me().id)
    return identity is not None and not identity.real_name


def _asks(visit: Visit) -> bool:
    """Whether the person says who they are, since the account does not, or not any more."""
    return visit is CHANGING or store.of(me().id) is None


def _take(interaction: Interaction, visit: Visit) -> flask.Response:
    try:
        said = as_written() if _asks(visit) else said_to_be()
        if not people.text("agree"):
            raise ConsentNeeded
        agree()
        cases.open_(me().id, visit.kind, said)
    except IdpError as error:
        return _page(interaction, visit, people.failed(error, *FIELDS))
    return people.go(interaction.url(visit.path))


def _page(interaction: Interaction, visit: Visit, failed: Failed = FIRST) -> flask.Response:
    case = stored.open_of(me().id, visit.kind)
    slip = None
    if case is not None:
        slip = {
            "code": case.code,
            "until": case.valid_until,
            "name": masking.name(case.stated["name"]),
            "document": called(case.stated["kind"]),
            "number": masking.id_number(case.stated["number"]),
        }
    # Once it is on a slip, it is shown masked.
    typed = failed if slip else filled(failed, interaction)
    return page(
        "realname/hall.html",
        interaction,
        failed,
        slip=slip,
        form=people.fields(typed, submit_url=interaction.url(f"{visit.path}/slip")),
        kinds=kinds(),
        asks=_asks(visit),
        changing=visit is CHANGING,
        nameless=_nameless(),
        child=guarded(case),
        back_url=interaction.return_to,
    )
