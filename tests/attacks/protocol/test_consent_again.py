"""What was on its way when a consent was taken back does not come with the next one."""

from datetime import timedelta

import flask
import time_machine
from sqlalchemy import select

from idp import consents
from idp.signals import deliveries
from idp.store.engines import db, redis
from idp.store.outbox import OutboxMessage
from tests.oidc.actors import Person, Portal


def test_a_code_from_before_the_withdrawal_is_worth_nothing_after_the_next_consent(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    wang.opens(shebao.url(scope="openid phone")).signs_in().presses("consent-allow")
    before = wang.arrived["code"]
    with app.app_context():
        assert consents.withdraw(wang.account_id, "shebao")
    wang.opens(shebao.url(scope="openid")).presses("consent-allow")

    assert shebao.redeems(before).status_code == 400


def test_the_worker_takes_nothing_back_that_was_granted_in_a_session_begun_since(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    shebao.tokens_for(wang, scope="openid")
    with app.app_context():
        assert consents.withdraw(wang.account_id, "shebao")
    wang.browser = app.test_client()
    tokens = shebao.tokens_for(wang, scope="openid")

    with app.app_context(), time_machine.travel(timedelta(seconds=6)):
        deliveries.deliver_due()

    assert shebao.userinfo(tokens["access_token"]).status_code == 200


def test_a_cut_that_a_failover_undid_is_made_once_more(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    """A replica that is promoted lacks the last second of its primary."""
    tokens = shebao.tokens_for(wang, scope="openid")
    with app.app_context():
        before = {key: redis.dump(key) for key in redis.scan_iter()}
        assert consents.withdraw(wang.account_id, "shebao")
        for key, value in before.items():
            redis.restore(key, 0, value, replace=True)
    assert shebao.userinfo(tokens["access_token"]).status_code == 200

    with app.app_context(), time_machine.travel(timedelta(seconds=6)):
        deliveries.deliver_due()

    assert shebao.userinfo(tokens["access_token"]).status_code == 401


def test_the_cut_made_once_more_spares_what_was_granted_since(
    app: flask.Flask, wang: Person, shebao: Portal
) -> None:
    """The worker repeats every cut, in case the process that began it died."""
    shebao.tokens_for(wang, scope="openid")
    with app.app_context():
        assert consents.withdraw(wang.account_id, "shebao")
        (promise,) = [
            row for row in db.session.scalars(select(OutboxMessage)) if row.kind == "client-cut"
        ]
        again = dict(promise.payload)
    tokens = shebao.tokens_for(wang, scope="openid")
    with app.app_context():
        consents.cut(**again)

    assert shebao.userinfo(tokens["access_token"]).status_code == 200
