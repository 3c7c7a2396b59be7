"""A name nobody has is counted as one name, however it is spelled."""

from tests.actors import Citizen
from tests.attacks.people import WRONG, Citizens


def left(citizen: Citizen) -> str:
    """How many tries the page says are left."""
    return citizen.text.partition("您还可以尝试 ")[2][:1]


class TestUnknownNumbersInManySpellings:
    def test_spellings_of_a_number_tell_nothing(self, wang: Citizen, citizens: Citizens) -> None:
        seen = []
        for at, number in enumerate((wang.number, "13900000999")):
            guesser = citizens(f"1370000000{at}", address=f"198.51.{at}.1")
            told = []
            for spelling in (number, f"+86 {number}"):
                guesser.tries_password(spelling, WRONG)
                told.append(left(guesser))
            seen.append(told)
        assert seen[0] == seen[1]
