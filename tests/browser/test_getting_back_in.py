"""A lost phone, to the new password; the link of a notice, to the review; the hall; the wait."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.live import SMS_PATIENCE, Live
from tests.browser.person import Person
from tests.browser.test_real_names import (
    BY,
    NAME,
    VIEWS,
    at,
    command,
    is_told,
    new_document,
    newcomer,
    proves,
    signs_in_again,
    states,
)

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]
NEW, LAST = "Quiet-Harbour 5518 松", "Another-Lantern 88 夜"


def face(citizen: Person, document: str) -> None:
    """States who they are, and passes before the camera."""
    states(citizen, document)
    citizen.page.click("#face-submit")
    citizen.page.click("#face-passed")
    citizen.page.wait_for_url(lambda url: url.startswith(citizen.live.issuer))
    citizen.look()


def link_to(live: Live, number: str) -> str:
    """The address in the notice that came last with one."""
    deadline = time.monotonic() + SMS_PATIENCE
    while time.monotonic() < deadline:
        for message in live.messages(number):
            if found := re.search(r"）([0-9A-Za-z]{12})$", message["text"]):
                return f"{live.issuer}/n/{found[1]}"
        time.sleep(0.1)
    raise AssertionError("no notice with a link arrived")


def proves_number(citizen: Person, number: str, button: str) -> None:
    citizen.page.fill("#sms_code", citizen.ask_for_code(number))
    citizen.press(button)


@pytest.mark.parametrize("view", VIEWS)
def test_a_lost_phone_and_a_notice_that_was_not_expected(
    person: Someone, view: dict[str, Any]
) -> None:
    owner, lost, reader = person(**view), person(**view), person(**view)
    live, document = owner.live, new_document()
    issuer, new = live.issuer, live.new_number()
    old = newcomer(owner)
    proves(owner, "face", document)

    lost.open(f"{issuer}/recover/")
    lost.press("#to-continue")
    lost.open(f"{issuer}/recover/")
    lost.press("#way-face")
    face(lost, document)
    assert at(lost) == "/recover/number"
    proves_number(lost, new, "#number-submit")
    reference = lost.page.inner_text("#reference")

    is_told(live, old, 1)
    signs_in_again(reader, old)
    assert at(reader) == "/login/recovery"
    reader.press("#keep-recovery")

    time.sleep(2)
    lost.open(f"{issuer}/recover/continue")
    lost.page.fill("#reference", reference)
    proves_number(lost, new, "#continue-submit")
    lost.press("#to-password")
    lost.page.fill("#new_password", NEW)
    lost.press("#password-submit")
    assert lost.page.is_visible("#login")

    reader.open(link_to(live, new))
    reader.press("#freeze-account")
    reader.press("#login")
    proves_number(reader, new, "#login-submit")
    reader.press("#prove-face")
    face(reader, document)
    assert at(reader) == "/login/secure"
    reader.page.fill("#new_password", LAST)
    reader.press("#secure-submit")
    assert at(reader) == "/account/review"
    reader.press("#reviewed")


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_left_and_the_hall(person: Someone, view: dict[str, Any]) -> None:
    owner, lost = person(**view), person(**view)
    live, document = owner.live, new_document()
    old, new = newcomer(owner), live.new_number()
    proves(owner, "register", document)
    lost.open(f"{live.issuer}/recover/")
    lost.press("#way-hall")
    states(lost, document, NAME)
    lost.press("#hall-submit")
    proves_number(lost, new, "#number-submit")
    code = lost.page.inner_text("#slip-code")
    command(live, "case", "show", code, *BY[:2])
    command(live, "case", "decide", code, "--confirm", *BY)
    is_told(live, old, 1)

    lost.press("#to-continue")
    lost.page.fill("#reference", code)
    proves_number(lost, new, "#continue-submit")
    assert lost.page.is_visible("#cancel-recovery")
    lost.press("#cancel-recovery")
    assert lost.page.is_visible("#over")


@pytest.mark.parametrize("view", VIEWS)
def test_a_new_number_by_the_password_alone(person: Someone, view: dict[str, Any]) -> None:
    owner, lost = person(**view), person(**view)
    live = owner.live
    newcomer(owner)
    proves(owner, "face", new_document())
    username = f"u{time.monotonic_ns()}"
    owner.open(f"{live.issuer}/account/username")
    owner.page.fill("#username", username)
    owner.press("#username-submit")
    owner.open(f"{live.issuer}/account/password")
    owner.page.fill("#new_password", NEW)
    owner.press("#password-submit")

    lost.open(f"{live.issuer}/recover/")
    lost.press("#way-password")
    lost.press("a[href*='password']")
    lost.page.fill("#username", username)
    lost.page.fill("#password", NEW)
    lost.press("#login-submit")
    assert at(lost) == "/account/phone"
    lost.press("#change-later")
    proves_number(lost, live.new_number(), "#phone-submit")
    assert lost.page.is_visible("#phone-cancel")
    time.sleep(2)
    lost.open(f"{live.issuer}/account/phone")
    lost.press("#phone-finish")
    assert at(lost) == "/account/"
