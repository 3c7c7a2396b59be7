"""Where a person is signed in, and which browsers are known to be theirs; taken away one by one."""

from datetime import UTC, datetime
from types import SimpleNamespace

import flask

from idp import browsers, sessions
from idp.account import words
from idp.account.blueprint import bp
from idp.account.errors import NoSuchSession
from idp.account.history import method_of
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_
from idp.store import holdings, sign_ins
from idp.store.engines import db
from idp.web import people
from idp.web.signed_in import me, mine

_NAMED = 16
"""Letters of a browser's digest that a form names it by: 96 bits."""
_DONE = {
    "ended": N_("已退出所选的登录。"),
    "forgotten": N_("已忘记这个浏览器。再从那里登录时，会当作新设备通知您。"),
}


@bp.get("/sessions")
def where() -> flask.Response:
    shown = [
        SimpleNamespace(
            id=each.id,
            device=each.terminal,
            where=words.region(each.region),
            method=method_of(each.amr),
            started=datetime.fromtimestamp(each.started, UTC),
            last_seen=datetime.fromtimestamp(each.seen, UTC),
            current=each.id == mine().id,
        )
        for each in sessions.list_of(me().id)
    ]
    known = sorted(holdings.browsers(me().id), key=lambda each: each.last_at, reverse=True)
    seen = [
        SimpleNamespace(
            id=each.browser[:_NAMED],
            device=each.terminal,
            last_at=each.last_at,
            current=each.browser == browsers.current(),
        )
        for each in known
    ]
    notice = _DONE.get(flask.request.args.get("done", ""), "")
    return people.page("account/sessions.html", None, sessions=shown, browsers=seen, notice=notice)


@bp.post("/sessions/forget")
def forget_browser() -> flask.Response:
    """What signs in from there next is told of, and judged, as in a new one."""
    named = people.text("browser")
    found = (each.browser for each in holdings.browsers(me().id))
    wanted = next((each for each in found if named and each[:_NAMED] == named), None)
    if wanted is not None:
        sign_ins.forget_browser(me().id, wanted)
        audit.record(events.BrowserForgotten(account=me().id))
        db.session.commit()
    return people.go("/account/sessions?done=forgotten")


@bp.get("/sessions/forget")
@bp.get("/sessions/end")
@bp.get("/sessions/end-others")
def address_of_a_form() -> flask.Response:
    return people.back_to("/account/sessions")


@bp.post("/sessions/end")
def end_one() -> flask.Response:
    wanted = people.text("session")
    found = next((each for each in sessions.list_of(me().id) if each.id == wanted), None)
    if found is None:
        raise NoSuchSession
    sessions.end(found, reason="ended_by_person", keep_offline=False)
    return people.go("/account/sessions?done=ended")


@bp.post("/sessions/end-others")
def end_others() -> flask.Response:
    sessions.end_all(me().id, reason="ended_by_person", keep=mine().id, keep_offline=False)
    return people.go("/account/sessions?done=ended")
