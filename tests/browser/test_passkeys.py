"""Passkeys with a virtual authenticator: added, signed in with, offered beside a name, removed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.person import Person
from tests.browser.test_real_names import newcomer

pytestmark = pytest.mark.browser
Someone = Callable[..., Person]


@dataclass
class Device:
    """A phone's own authenticator, as the browser's tools show it."""

    session: Any
    id: str

    def at_hand(self, here: bool) -> None:
        """Whether its owner touches it when it asks."""
        about = {"authenticatorId": self.id, "enabled": here}
        self.session.send("WebAuthn.setAutomaticPresenceSimulation", about)

    def keys(self) -> list[Any]:
        told = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        found: list[Any] = told["credentials"]
        return found

    def keeps(self, key: Any) -> None:
        """It still has what was taken away while its browser was closed."""
        about = {"authenticatorId": self.id, "credential": key}
        self.session.send("WebAuthn.addCredential", about)


def device(citizen: Person) -> Device:
    """One that is unlocked and touched."""
    session = citizen.page.context.new_cdp_session(citizen.page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        "defaultBackupEligibility": True,
        "defaultBackupState": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Device(session, made["authenticatorId"])


@pytest.mark.parametrize("view", [{"width": 1280}, {"width": 360, "locale": "en"}])
def test_a_passkey_from_its_making_to_its_end(person: Someone, view: dict[str, Any]) -> None:
    citizen = person(**view)
    page, issuer = citizen.page, citizen.live.issuer
    newcomer(citizen)
    phone = device(citizen)
    citizen.open(f"{issuer}/account/passkeys")
    citizen.press("#to-passkey-new")
    citizen.press("#passkey-add")
    assert phone.keys()
    assert "/account/recovery-codes" in page.url, "first of all a way back in"
    citizen.open(f"{issuer}/account/methods")
    citizen.open(f"{issuer}/account/passkeys")
    assert page.is_visible("#rename-1")

    page.context.clear_cookies()
    phone.at_hand(False)
    citizen.open(f"{issuer}/login/")
    citizen.open(f"{page.url}&m=passkey")
    phone.at_hand(True)
    citizen.press("#login-submit")
    assert page.url.startswith(f"{issuer}/account/"), citizen.said()

    citizen.open(f"{issuer}/account/passkeys")
    citizen.press("#rename-1")
    page.fill("#name", "我的手机")
    citizen.press("#rename-submit")
    assert "我的手机" in citizen.said()
    kept = phone.keys()[0]
    citizen.press("#remove-1")
    citizen.press("#passkey-remove")
    assert page.is_visible("#to-passkey-new")
    assert not page.is_visible("#rename-1")
    page.wait_for_timeout(500)
    assert not phone.keys(), "the device has heard that it is gone, and forgets it"

    phone.keeps(kept)
    page.context.clear_cookies()
    phone.at_hand(False)
    citizen.open(f"{issuer}/login/")
    citizen.open(f"{page.url}&m=passkey")
    phone.at_hand(True)
    citizen.press("#login-submit")
    page.wait_for_timeout(500)
    citizen.look()
    assert "HT-3012" in citizen.said()
    assert not phone.keys(), "nor does it offer what nobody has here"


def test_the_browser_offers_it_where_a_name_is_typed(person: Someone) -> None:
    citizen = person()
    page, issuer = citizen.page, citizen.live.issuer
    newcomer(citizen)
    device(citizen)
    citizen.open(f"{issuer}/account/passkeys/new")
    citizen.press("#passkey-add")
    page.context.clear_cookies()

    page.goto(f"{issuer}/login/")
    page.wait_for_url(f"{issuer}/account/**")

    assert page.is_visible("#logout")


def test_without_script_the_page_says_so_and_other_ways_stay(person: Someone) -> None:
    citizen = person(script=False)
    citizen.open(f"{citizen.live.issuer}/login/")
    citizen.open(f"{citizen.page.url}&m=passkey")

    assert "不能使用通行密钥" in citizen.said()
    assert not citizen.page.is_visible("#login-submit")
    assert citizen.page.is_visible("a[href*='m=sms']")
