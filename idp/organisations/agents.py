"""Who else acts for an organisation: offering it to somebody, and taking it back."""

from datetime import UTC, date, datetime, time
from types import SimpleNamespace

import flask

from idp import mandates
from idp.errors import IdpError
from idp.mandates import BEIJING, EndImpossible, StartImpossible, Terms
from idp.organisations import portals, views
from idp.organisations.uscc import FUNCTIONS
from idp.organisations.views import bp
from idp.realname import names
from idp.sms.numbers import normalise
from idp.store import organisations as store
from idp.store.organisations import LEGAL, Mandate
from idp.store.types import now
from idp.web import i18n, people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

LAST_SECOND = time(23, 59, 59)
_KEPT = ("real_name", "phone", "all_portals", "begins_on", "ends_on", "may_delegate")


@bp.get("/<mandate_id>/agents")
def agents(mandate_id: str) -> flask.Response:
    return _agents(mandates.held(me(), mandate_id))


@bp.get("/<mandate_id>/offer")
def address_of_a_form(mandate_id: str) -> flask.Response:
    return people.back_to(f"/organisations/{mandate_id}/agents")


@bp.post("/<mandate_id>/offer")
def offer(mandate_id: str) -> flask.Response:
    own = mandates.held(me(), mandate_id)
    try:
        agent = (names.read(people.text("real_name")), normalise(people.text("phone")))
        mandates.offer(me(), own.id, agent, _terms(own))
    except IdpError as error:
        return _agents(own, people.failed(error, *_KEPT))
    return people.go(f"/organisations/{own.id}/agents?done=offered")


@bp.get("/<mandate_id>/revoke")
def ask_to_revoke(mandate_id: str) -> flask.Response:
    """Asked first: it acts at once, and on everybody it was passed on to."""
    if "mandate" not in flask.request.args:
        return people.back_to(f"/organisations/{mandate_id}/agents")
    found = _endable(mandate_id, flask.request.args.get("mandate", ""))
    given_up = found.id == mandate_id
    return people.page(
        "organisations/revoke.html",
        None,
        mandate=views.shown(found),
        given_up=given_up,
        submit_url=f"/organisations/{mandate_id}/revoke",
        back_url="/organisations/" if given_up else f"/organisations/{mandate_id}/agents",
    )


@bp.post("/<mandate_id>/revoke")
def revoke(mandate_id: str) -> flask.Response:
    """End one granted under this one, or this one itself."""
    wanted = people.text("mandate")
    mandates.revoke(me(), wanted)
    if wanted == mandate_id:
        return people.go("/organisations/?done=given_up")
    return people.go(f"/organisations/{mandate_id}/agents?done=revoked")


def _endable(mandate_id: str, wanted: str) -> Mandate:
    """One's own, begun or not, or one granted under it. Raises NotYours."""
    found = store.mandate(wanted)
    if found is None:
        raise mandates.NotYours
    if found.id != mandate_id:
        own = mandates.held(me(), mandate_id)
        if found.id not in {each.id for each in store.granted_under(own.id)}:
            raise mandates.NotYours
    elif found.account_id != me().id or found.state != store.ACCEPTED or found.kind == LEGAL:
        raise mandates.NotYours
    return found


def _terms(own: Mandate) -> Terms:
    """What the form says. Raises StartImpossible, EndImpossible, or as ``portals.read``."""
    chosen = [name for name in flask.request.form.getlist("functions") if name in FUNCTIONS]
    where = portals.read(
        own, bool(people.text("all_portals")), flask.request.form.getlist("client_ids")
    )
    return Terms(
        chosen,
        where,
        begins_at=_start(people.text("begins_on")),
        ends_at=_end(people.text("ends_on"), own),
        may_delegate=bool(people.text("may_delegate")),
    )


def _start(written: str) -> datetime | None:
    """Midnight in Beijing; None for at once. Raises StartImpossible."""
    today = now().astimezone(BEIJING).date()
    try:
        day = _day(written) or today
    except ValueError:
        raise StartImpossible from None
    if day < today:
        raise StartImpossible
    return datetime.combine(day, time.min, BEIJING).astimezone(UTC) if day > today else None


def _end(written: str, own: Mandate) -> datetime | None:
    """The last second of a day in Beijing; of the last day of ``own``, as long as that lasts.

    None: no end. Raises EndImpossible.
    """
    try:
        day = _day(written)
    except ValueError:
        raise EndImpossible from None
    if day is None:
        return None
    if own.ends_at is not None and day == own.ends_at.astimezone(BEIJING).date():
        return own.ends_at
    return datetime.combine(day, LAST_SECOND, BEIJING).astimezone(UTC)


def _day(written: str) -> date | None:
    """Raises ValueError for what is no date."""
    return date.fromisoformat(written) if written else None


def _agents(own: Mandate, failed: Failed = FIRST) -> flask.Response:
    under = {each.id for each in store.granted_under(own.id)}
    listed = [each for each in store.mandates_under(own.organisation_id) if each.id in under]
    form = people.fields(failed, submit_url=f"/organisations/{own.id}/offer")
    last = own.ends_at.astimezone(BEIJING).date().isoformat() if own.ends_at else ""
    form["values"].setdefault("ends_on", last)
    functions = [(name, views.word(FUNCTIONS[name])) for name in FUNCTIONS if own.covers(name)]
    offered = [(each.client_id, i18n.named(each).name) for each in portals.offered(own)]
    return people.page(
        "organisations/agents.html",
        None,
        failed,
        own=views.shown(own),
        agents=[views.shown(each) for each in listed],
        form=form,
        functions=_boxes("functions", functions),
        portals=_boxes("client_ids", offered),
        may_delegate=own.may_delegate,
        last_day=last,
        done=flask.request.args.get("done", ""),
    )


def _boxes(name: str, offered: list[tuple[str, str]]) -> list[SimpleNamespace]:
    """Check boxes for values and labels, ticked where the form that failed had them so."""
    ticked = flask.request.form.getlist(name)
    return [SimpleNamespace(value=v, label=label, ticked=v in ticked) for v, label in offered]
