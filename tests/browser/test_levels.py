"""From nothing to a portal that wants the living person and two factors, in one journey."""

import itertools
from collections.abc import Callable

import pytest
from stdnum.iso7064 import mod_11_2

from tests.browser.person import Person

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
NAME, CHOSEN = "赵雪", "Huaishu-Courtyard-5817"
_NUMBERS = itertools.count(200)


def new_document() -> str:
    """A number nobody in the town has, of a place no person was ever registered in."""
    body = f"33000019950615{next(_NUMBERS):03}"
    return body + mod_11_2.calc_check_digit(body)


def signs_up(citizen: Person, username: str = "") -> None:
    """At the portal that is known to nobody yet; with a user name a password is chosen too."""
    citizen.open(f"{citizen.live.budongchan}/")
    citizen.press("#sign-in")
    citizen.page.fill("#sms_code", citizen.ask_for_code(citizen.live.new_number()))
    citizen.press("#login-submit")
    assert citizen.page.is_visible("#password"), "two factors are asked for, so it is offered"
    if username:
        citizen.page.fill("#username", username)
        citizen.page.fill("#password", CHOSEN)
    citizen.page.check("#agree")
    citizen.press("#signup-submit")


def shows_face(citizen: Person) -> None:
    """States who they are, goes to where the face is looked at, and comes back."""
    citizen.press("#way-face")
    citizen.page.fill("#real_name", NAME)
    citizen.page.fill("#id_number", new_document())
    citizen.page.check("#agree")
    citizen.page.click("#realname-submit")
    citizen.page.wait_for_selector("#face-passed")
    citizen.press("#face-passed")


def whole_story(citizen: Person, username: str) -> None:
    signs_up(citizen, username)
    shows_face(citizen)
    if username:
        citizen.page.fill("#username", username)
        citizen.page.fill("#password", CHOSEN)
        citizen.press("#login-submit")
    else:
        citizen.page.fill("#new_password", CHOSEN)
        citizen.press("#password-submit")
    assert citizen.page.url == f"{citizen.live.budongchan}/my"
    assert citizen.page.is_visible("#greeting")


@pytest.mark.parametrize("width", [1280, 360])
def test_with_a_password_chosen_at_sign_up(person: Someone, width: int) -> None:
    whole_story(person(width=width), f"zhaoxue{width}")


@pytest.mark.parametrize("width", [1280, 360])
def test_with_none_until_it_is_asked_for(person: Someone, width: int) -> None:
    whole_story(person(width=width), "")


@pytest.mark.parametrize("username", ["zhaoxuejie", ""])
def test_the_same_without_javascript(person: Someone, username: str) -> None:
    whole_story(person(script=False), username)


def test_who_stops_half_way_reads_at_the_portal_what_was_missing(person: Someone) -> None:
    citizen = person()
    signs_up(citizen)
    citizen.press("#realname-decline")
    assert citizen.page.url.startswith(citizen.live.budongchan)
    assert "还没有达到办理所需的认证级别" in citizen.page.inner_text("main")
