"""Somebody signs in while the account is being got back by somebody: they may say no."""

import flask

from idp import assurance, recoveries, sessions
from idp.login.blueprint import bp
from idp.sessions import Session
from idp.store.engines import db
from idp.store.recoveries import Recovery
from idp.web import people


@bp.get("/recovery")
def recovery() -> flask.Response:
    interaction = people.entered()
    session, found = _found()
    if session is None or found is None:
        return people.leave(interaction)
    return people.page(
        "login/recovery.html",
        interaction,
        begun_at=found.begun_at,
        ready_at=found.ready_at,
        way=recoveries.WAYS[found.way].label,
        number=found.way == recoveries.NUMBER,
        stop_url=interaction.url("/login/recovery/stop") if _may_stop(session, found) else "",
        keep_url=interaction.url("/login/recovery/keep"),
    )


@bp.post("/recovery/stop")
def stop() -> flask.Response:
    interaction = people.entered()
    session, found = _found()
    if session is not None and found is not None and _may_stop(session, found):
        recoveries.cancel(found, "not_me", account=session.account_id)
        db.session.commit()
    return people.leave(interaction)


@bp.post("/recovery/keep")
def keep() -> flask.Response:
    return people.leave(people.entered())


def _found() -> tuple[Session | None, Recovery | None]:
    session = sessions.current()
    return session, recoveries.pending_of(session.account_id) if session else None


def _may_stop(session: Session, found: Recovery) -> bool:
    """What the number brings with it stops what was begun without it, unless in the hall."""
    by_number = {*session.amr} <= assurance.BROUGHT_BY_NUMBER
    return recoveries.WAYS[found.way].stopped_by_number or not by_number
