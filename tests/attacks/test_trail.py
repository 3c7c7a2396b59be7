"""What the audit trail must hold of those who fail."""

import flask

from idp import staff, stops
from idp.audit import streams
from idp.store import accounts
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests.actors import Citizen
from tests.attacks.people import GOOD, OTHER, WRONG, Citizens


def trail(app: flask.Flask) -> list[AuditEvent]:
    with app.app_context():
        streams.copy_streams()
        return list(db.session.scalars(db.select(AuditEvent)))


class TestTheTrail:
    def test_holds_wrong_codes_whatever_they_are_for(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        thief = citizens(wang.number).visits("/recover/").submits("send-code", phone=wang.number)
        wrong = "000000" if thief.phone.code() != "000000" else "000001"
        thief.submits("code-submit", sms_code=wrong)
        assert any(e.reason == "HT-5011" for e in trail(app))

    def test_holds_wrong_present_passwords(self, app: flask.Flask, wang: Citizen) -> None:
        wang.visits("/account/password")
        wang.submits("password-submit", password=WRONG, new_password=OTHER)
        assert any(e.reason == "HT-4003" for e in trail(app))

    def test_holds_right_proofs_of_accounts_that_may_not_sign_in(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        with app.app_context():
            account = accounts.by_username("wang_xm")
            stops.stop(account.id, stops.OTHER, staff.Act("1", "test"))
        late = citizens("13700000000").signs_in_by_password("wang_xm", GOOD)
        assert late.status == 403
        assert any(e.reason == "HT-0201" for e in trail(app))
