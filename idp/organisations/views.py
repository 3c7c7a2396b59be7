"""Organisations a person acts for: going over to them and back, and offers to act for more."""

from contextlib import suppress
from types import SimpleNamespace

import flask

from idp import interactions, mandates, sessions
from idp.assurance import Level
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.mandates import REAL_NAME, REAL_PERSON
from idp.organisations import portals, uscc
from idp.organisations.uscc import FUNCTIONS
from idp.services import services
from idp.sessions import SessionGone
from idp.store import organisations as store
from idp.store import transfers
from idp.store.organisations import LEGAL, Mandate
from idp.store.types import now
from idp.web import i18n, people, signed_in
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

bp = flask.Blueprint("organisations", __name__, url_prefix="/organisations")
people.init_pages(bp)


@bp.before_request
def somebody() -> flask.Response | None:
    """Only who is signed in acts for anybody."""
    return signed_in.admit(_sign_in)


def _sign_in() -> flask.Response:
    asked = flask.request.full_path if flask.request.method == "GET" else "/organisations/"
    return people.go(interactions.open_(asked, reason="login").url("/login/"))


@bp.get("/")
def home() -> flask.Response:
    return home_after()


@bp.post("/act")
def act() -> flask.Response:
    """Go over to acting for an organisation, and on to where the person was going."""
    mandate = people.text("mandate")
    try:
        mandates.act(mine(), me(), mandate)
    except mandates.NameNeeded:
        return prove_name(mandate, "/organisations/")
    except SessionGone:  # another tab was first
        return people.go("/organisations/")
    except mandates.NotYours as error:
        return home_after(people.failed(error))
    return people.go(_on_the_way() or "/organisations/?done=acting")


@bp.post("/myself")
def myself() -> flask.Response:
    """Back to oneself."""
    if mine().acting is not None:
        with suppress(SessionGone):
            sessions.act(mine(), me(), None)
    return people.go(_on_the_way() or "/organisations/?done=myself")


@bp.post("/accept")
def accept() -> flask.Response:
    try:
        mandates.accept(me(), people.text("mandate"))
    except mandates.NameNeeded:
        return prove_name("", "/organisations/")
    except IdpError as error:
        return home_after(people.failed(error))
    return people.go("/organisations/?done=accepted")


@bp.post("/decline")
def decline() -> flask.Response:
    try:
        mandates.decline(me(), people.text("mandate"))
    except IdpError as error:
        return home_after(people.failed(error))
    return people.go("/organisations/?done=declined")


def prove_name(mandate_id: str, return_to: str) -> flask.Response:
    """To where names are proved, at the level the mandate takes, and back."""
    mandate = store.mandate(mandate_id)
    legal = mandate is not None and mandate.kind == LEGAL
    return to_realname(REAL_PERSON if legal else REAL_NAME, return_to)


def to_realname(level: int, return_to: str) -> flask.Response:
    opened = interactions.open_(
        return_to, reason="realname", account_id=me().id, hints={"acr": Level(level, 1).acr}
    )
    return people.go(opened.url("/realname/"))


def _on_the_way() -> str:
    """Where the interaction in the address returns to; "" where there is none."""
    if "i" not in flask.request.args:
        return ""
    interaction: Interaction = people.entered()
    return interaction.return_to


def home_after(failed: Failed = FIRST) -> flask.Response:
    held = [shown(each) for each in mandates.in_force(me().id)]
    number = me().phone
    offers = store.offers_to(number) if number else []
    acting = mine().acting
    current = next((each for each in held if acting and each.id == acting.mandate), None)
    return people.page(
        "organisations/home.html",
        None,
        failed,
        transfers=transfers.of(me().id),
        bindable=bool(services.organisations.methods),
        mandates=held,
        coming=[shown(each) for each in mandates.coming(me().id)],
        offers=[shown(each) for each in offers],
        acting=current,
        done=flask.request.args.get("done", ""),
        more=f"?{flask.request.query_string.decode()}" if "i" in flask.request.args else "",
    )


def shown(mandate: Mandate) -> SimpleNamespace:
    organisation = mandate.organisation
    return SimpleNamespace(
        id=mandate.id,
        name=organisation.name,
        code=organisation.code,
        kind=word(uscc.KINDS[organisation.kind]),
        legal=mandate.kind == LEGAL,
        agent=masking.name(mandate.agent_name),
        phone=masking.phone(mandate.phone) if mandate.phone else "",
        accepted=mandate.state == store.ACCEPTED,
        since=mandate.begins_at if mandate.begins_at > now() else None,
        functions=[word(FUNCTIONS[name]) for name in mandate.functions if name in FUNCTIONS],
        portals=portals.names(mandate.client_ids),
        until=mandate.ends_at,
        may_delegate=mandate.may_delegate,
    )


def word(row: dict[str, str]) -> str:
    return row["name" if i18n.locale() == "zh-CN" else "name_en"]
