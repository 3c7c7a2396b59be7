"""What a person would like to be called is not asked without end."""

from tests.actors import Citizen
from tests.attacks.people import Citizens


class TestNamesAreNotTriedWithoutEnd:
    def test_from_an_account(self, wang: Citizen, citizens: Citizens) -> None:
        other = citizens("13700000000").signs_up()
        other.visits("/account/username")
        told = 0
        for _ in range(40):
            other.submits("username-submit", username="wang_xm")
            told += "HT-3002" in other.text
        assert told < 40

    def test_from_a_number(self, wang: Citizen, citizens: Citizens) -> None:
        other = citizens("13700000000").signs_in_by_code()
        told = 0
        for _ in range(40):
            other.submits("signup-submit", agree="yes", username="wang_xm")
            told += "HT-3002" in other.text
        assert told < 40
