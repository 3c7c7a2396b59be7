"""The elder mode and the language: chosen on any page, and found again by who is signed in."""

from collections.abc import Callable

import pytest

from tests.actors import Citizen

Citizens = Callable[..., Citizen]
SHEET = "elder.css"


@pytest.mark.parametrize("page", ["/login/", "/signup/agreements/terms", "/recover/"])
def test_it_is_chosen_on_any_page_and_stays(citizen: Citizen, page: str) -> None:
    assert SHEET not in citizen.visits(page).text
    citizen.visits(citizen.at_url("elder=1"))
    assert SHEET in citizen.text
    assert "标准版" in citizen.text

    assert SHEET in citizen.visits("/login/").text
    citizen.visits(citizen.at_url("elder=0"))
    assert SHEET not in citizen.visits("/login/").text


def test_it_follows_the_person_to_another_browser(citizen: Citizen, citizens: Citizens) -> None:
    citizen.signs_up().visits("/account/?elder=1")

    other = citizens(citizen.number).signs_in_by_code()
    assert SHEET in other.visits("/account/").text

    other.visits("/account/?elder=0")
    assert SHEET not in citizens(citizen.number).signs_in_by_code().visits("/account/").text


def test_a_browser_that_has_chosen_keeps_its_choice(citizen: Citizen, citizens: Citizens) -> None:
    citizen.signs_up().visits("/account/?elder=1")
    other = citizens(citizen.number).visits("/login/")
    other.visits(other.at_url("elder=0"))

    other.signs_in_by_code()

    assert SHEET not in other.visits("/account/").text


def test_a_language_follows_too(citizen: Citizen, citizens: Citizens) -> None:
    citizen.signs_up().visits("/account/?ui_locales=en")

    other = citizens(citizen.number).signs_in_by_code()

    assert '<html lang="en"' in other.visits("/account/").text


@pytest.mark.parametrize("value", ["", "2", "true", "1&elder=0", "%00"])
def test_nonsense_changes_nothing(citizen: Citizen, value: str) -> None:
    citizen.visits("/login/")
    citizen.visits(citizen.at_url(f"elder={value}"))

    assert citizen.status == 200
    assert (SHEET in citizen.visits("/login/").text) == value.startswith("1")
