"""What is over is cleared away; what is not stays."""

from datetime import datetime, timedelta

import flask
from sqlalchemy import select

from idp.settings import Retention
from idp.store import accounts, outbox, tidying
from idp.store.accounts import KnownBrowser, SignIn
from idp.store.engines import db, new_id
from idp.store.types import now

LONG_AGO = timedelta(days=1000)


def id_of(moment: datetime) -> str:
    """An id made at ``moment``."""
    return f"{int(moment.timestamp() * 1000):012x}" + new_id()[12:]


def test_old_traces_go_and_new_ones_stay(app: flask.Flask) -> None:
    with app.app_context():
        account = accounts.Account()
        db.session.add(account)
        db.session.flush()
        for age, name in ((LONG_AGO, "old"), (timedelta(0), "new")):
            at = now() - age
            sign_in = SignIn(id=id_of(at), account_id=account.id, at=at, terminal=name)
            db.session.add(sign_in)
            db.session.add(KnownBrowser(account_id=account.id, browser=name, last_at=at))
            message = outbox.OutboxMessage(kind=name, payload={}, state=outbox.DONE, due_at=at)
            db.session.add(message)
            db.session.flush()
            db.session.add(outbox.OutboxTry(message_id=message.id, outcome="ok"))
        db.session.commit()

        assert tidying.tidy(Retention()) == 3
        assert tidying.tidy(Retention()) == 0

        assert list(db.session.scalars(select(SignIn.terminal))) == ["new"]
        assert list(db.session.scalars(select(KnownBrowser.browser))) == ["new"]
        assert list(db.session.scalars(select(outbox.OutboxMessage.kind))) == ["new"]


def test_a_message_that_still_waits_is_never_cleared_away(app: flask.Flask) -> None:
    with app.app_context():
        message = outbox.add("session-cut", {})
        message.created_at = message.due_at = now() - LONG_AGO
        db.session.commit()

        assert tidying.tidy(Retention()) == 0
