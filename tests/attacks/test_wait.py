"""One wait is one pass."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests import forms
from tests.actors import Citizen
from tests.attacks.people import WRONG, Citizens
from tests.flows.test_throttling import _link, fails, stranger


class TestOneWait:
    @pytest.mark.parametrize("more", ["=", "=="])
    def test_is_good_once_however_its_ticket_is_spelled(
        self, wang: Citizen, citizens: Citizens, more: str
    ) -> None:
        guessing = fails(stranger(citizens, 1), 3)
        guessing.submits("login-submit", username="wang_xm", password=WRONG)
        guessing.visits(_link(guessing, "captcha-noscript"))
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=21), tick=True):
            guessing.submits("captcha-submit")
            page = guessing.page
            guessing.submits("login-submit", username="wang_xm", password=WRONG)
            assert "您还可以尝试 1 次" in guessing.text
            guessing.page = page
            ticket = forms.with_button(guessing.text, "login-submit").fields["ticket"]
            guessing.submits(
                "login-submit", username="wang_xm", password=WRONG, ticket=ticket + more
            )
            assert "HT-9031" in guessing.text
