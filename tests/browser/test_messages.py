"""What a person sees when the text message does not come."""

from collections.abc import Callable

import pytest

from tests.browser.person import Person

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]

ILLEGAL_NUMBER = "19900010005"
"""Aliyun and, after it, nobody else will take this number (see the sandbox's /magic)."""
EVERYBODY_DOWN = "19900050001"
FIRST_DOWN = "19900050003"


def ask(citizen: Person, number: str) -> None:
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.page.fill("#phone", number)
    citizen.press("#send-code")


@pytest.mark.parametrize("number", [ILLEGAL_NUMBER, EVERYBODY_DOWN])
def test_a_refusal_is_shown_when_it_comes(person: Someone, number: str) -> None:
    citizen = person()
    ask(citizen, number)

    refused = citizen.page.locator("#sms-status.is-refused")
    refused.wait_for(timeout=20_000)
    assert len(refused.inner_text()) > 10, "says what to do next"
    citizen.look()


def test_without_javascript_a_refusal_is_shown_on_the_next_page(person: Someone) -> None:
    citizen = person(script=False)
    ask(citizen, ILLEGAL_NUMBER)
    citizen.page.wait_for_timeout(2_500)
    citizen.page.reload()

    assert len(citizen.page.inner_text("#sms-status.is-refused")) > 10


def test_the_second_provider_steps_in_unseen(person: Someone) -> None:
    citizen = person()
    citizen.open(f"{citizen.live.gjj}/login")
    citizen.sign_in_by_code(FIRST_DOWN)

    assert citizen.page.url == f"{citizen.live.gjj}/my"


def test_a_wrong_code_says_so_and_keeps_the_page(person: Someone) -> None:
    citizen = person()
    number = citizen.live.new_number()
    citizen.open(f"{citizen.live.gjj}/login")
    code = citizen.ask_for_code(number)
    citizen.page.fill("#sms_code", f"{(int(code) + 1) % 1_000_000:06}")
    citizen.press("#login-submit")

    assert citizen.page.get_attribute("#sms_code", "aria-invalid") == "true"
    citizen.page.fill("#sms_code", code)
    citizen.press("#login-submit")
    citizen.go_on()
    assert citizen.page.url == f"{citizen.live.gjj}/my"
