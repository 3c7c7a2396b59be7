"""Whoever holds the number alone must not reach what two factors of different kinds reach."""

from collections.abc import Callable
from urllib.parse import urlencode

import flask

from idp import identities, standing
from idp.identities import Confirmed
from idp.store import accounts
from idp.store.engines import db
from idp.store.identities import Person, Proof
from idp.store.types import now
from tests.actors import Citizen
from tests.flows.conftest import changes, citizens, configured, sandbox
from tests.flows.test_recovery import GOOD, NEW, proven

__all__ = ["changes", "citizens", "configured", "sandbox"]


def test_a_password_that_a_code_has_set_is_no_second_factor(
    app: flask.Flask, citizens: Callable[..., Citizen]
) -> None:
    owner = citizens().signs_up(username="wang_xm", password=GOOD)
    url = _tax(app)

    thief = citizens(owner.number)
    proven(thief).submits("password-submit", new_password=NEW)
    before = len(thief.phone.texts())
    thief.visits("/login/?m=sms").submits("send-code", phone=thief.number)
    while len(thief.phone.texts()) == before:
        """The queue may take a moment."""
    thief.submits("login-submit", sms_code=thief.phone.code())
    assert thief.at == "/account/"
    assert thief.visits(url).at == "/login/"
    assert "login-submit" not in thief.text, "nothing on offer, but the reason"
    assert "step-up-face" not in thief.text, "and anybody's own face would prove nothing here"
    thief.submits("step-up-decline")
    assert "error=unmet_authentication_requirements" in thief.at

    # Nor does what the owner has proved once say anything of who is there now.
    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        whose = Person(
            "张三", "resident_id", "11000019900307001X", "resident_id:11000019900307001X"
        )
        identities.bind(account, Confirmed(whose, Proof("face", "tencent_face", "f", 3)))
    thief.visits("/account/children/prove").visits("/realname/")
    assert thief.visits(url).at == "/login/"
    assert "login-submit" not in thief.text
    thief.submits("step-up-decline")
    assert "error=unmet_authentication_requirements" in thief.at

    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        account.password_settles_at = now()
        db.session.commit()
    later = citizens(owner.number).visits("/login/")
    later.visits(later.at_url("m=password"))
    later.submits("login-submit", username="wang_xm", password=NEW)
    assert later.visits(url).at == "/login/"


def test_a_password_chosen_at_sign_up_is_one(
    app: flask.Flask, citizens: Callable[..., Citizen]
) -> None:
    url = _tax(app)
    owner = citizens().signs_up(username="wang_xm", password=GOOD)

    assert owner.visits(url).at == "/login/"
    owner.submits("login-submit", username="wang_xm", password=GOOD)

    assert "code=" in owner.at


def _tax(app: flask.Flask) -> str:
    """A portal that wants two factors, and its request."""
    with app.app_context():
        about = {"redirect_uris": ["https://tax.test/cb"], "require_pkce": False, "name": "tax"}
        basis = {"legal_basis": "statutory", "statute": "x", "minimum_acr": "ial1.aal2"}
        standing.create_client("tax", about | basis)
    asked = {"client_id": "tax", "response_type": "code", "scope": "openid"}
    return "/oauth/authorize?" + urlencode(asked | {"redirect_uri": "https://tax.test/cb"})
