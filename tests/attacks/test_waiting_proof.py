"""A proof that waits for an agreement is worth what it rests on."""

import flask

from idp.store import accounts
from idp.store.engines import db
from tests.actors import Citizen
from tests.attacks.people import GOOD, NEW, Citizens, proven


class TestAProofWaitsForTheAgreement:
    def test_a_password_changed_meanwhile_opens_nothing(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        with app.app_context():
            db.session.execute(db.delete(accounts.AgreementAcceptance))
            db.session.commit()
        thief = citizens("13700000000").signs_in_by_password("wang_xm", GOOD)
        assert thief.at == "/login/agreement"
        page = thief.page
        proven(citizens(wang.number)).submits("password-submit", new_password=NEW)
        thief.page = page

        thief.submits("agreement-submit", agree="yes")

        assert thief.visits("/account/").at == "/login/"
