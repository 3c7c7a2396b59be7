"""A subscriber with many networks of IPv6 is one subscriber."""

import pytest

from tests.attacks.people import Citizens


class TestOneSubscriberWithManyRanges:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {"login": {"code_requests": 5}}

    def test_is_asked_for_a_check(self, citizens: Citizens) -> None:
        for number in range(12):
            each = citizens(f"1370000{number:04}", address=f"2001:db8:1:{number:x}::1")
            each.visits("/login/?m=sms").submits("send-code", phone=each.number)
        assert "HT-9031" in each.text
