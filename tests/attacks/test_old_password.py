"""A password that is being changed opens nothing that outlives the change."""

from typing import Any

import pytest

from idp.crypto.passwords import Passwords
from tests.actors import Citizen
from tests.attacks.people import GOOD, NEW, Citizens


def test_entered_while_it_is_changed_it_leaves_no_session(
    wang: Citizen, citizens: Citizens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is complete between the judgement of the old one and the session."""
    thief = citizens("13700000000").visits("/login/")
    thief.visits(thief.at_url("m=password"))
    wang.visits("/account/password")
    real = Passwords.verify

    def changed_just_then(passwords: Passwords, password: str, hashed: Any) -> bool:
        good = real(passwords, password, hashed)
        monkeypatch.setattr(Passwords, "verify", real)
        wang.submits("password-submit", password=GOOD, new_password=NEW)
        return good

    monkeypatch.setattr(Passwords, "verify", changed_just_then)
    thief.submits("login-submit", username="wang_xm", password=GOOD)

    assert "done=password" in wang.page.request.full_path
    assert (thief.status, "HT-2023" in thief.text) == (409, True)
    assert thief.visits("/account/").at == "/login/"
    assert wang.visits("/account/").at == "/account/"
