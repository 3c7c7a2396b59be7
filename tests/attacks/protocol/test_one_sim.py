"""Whoever holds the number alone must not reach what two factors of different kinds reach."""

from collections.abc import Callable
from urllib.parse import urlencode

import flask

from idp import standing
from tests.actors import Citizen
from tests.flows.conftest import changes, citizens, configured, sandbox
from tests.flows.test_recovery import GOOD, NEW, proven

__all__ = ["changes", "citizens", "configured", "sandbox"]


def test_a_password_that_a_code_has_set_is_no_second_factor(
    app: flask.Flask, citizens: Callable[..., Citizen]
) -> None:
    owner = citizens().signs_up(username="wang_xm", password=GOOD)
    with app.app_context():
        about = {"redirect_uris": ["https://tax.test/cb"], "require_pkce": False, "name": "tax"}
        basis = {"legal_basis": "statutory", "statute": "x", "minimum_acr": "ial1.aal2"}
        standing.create_client("tax", about | basis)
    asked = {"client_id": "tax", "response_type": "code", "scope": "openid"}
    url = "/oauth/authorize?" + urlencode(asked | {"redirect_uri": "https://tax.test/cb"})

    thief = citizens(owner.number)
    proven(thief).submits("password-submit", new_password=NEW)
    before = len(thief.phone.texts())
    thief.visits("/login/?m=sms").submits("send-code", phone=thief.number)
    while len(thief.phone.texts()) == before:
        """The queue may take a moment."""
    thief.submits("login-submit", sms_code=thief.phone.code())
    assert thief.at == "/account/"
    thief.visits(url)
    assert thief.at == "/login/", thief.at
    thief.submits("login-submit", username="wang_xm", password=NEW)

    assert "code=" not in thief.at
