"""What a person and a portal do, each a few requests: the things whose cost is measured."""

import hashlib
import random
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from bench.scale.people import PASSWORD, Person
from bench.scale.phones import Phones
from bench.scale.wire import Browser, WrongAnswer

_VERIFIER = "m" * 64
_CHALLENGE = urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Portal:
    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str

    @property
    def authorize_url(self) -> str:
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": "openid phone",
            "state": "state-of-the-portal",
            "nonce": "nonce-of-the-portal",
            "code_challenge": _CHALLENGE,
            "code_challenge_method": "S256",
        }
        return "/oauth/authorize?" + urlencode(asked)


@dataclass
class Visit:
    """A person at a browser of their own, somewhere else than everybody else."""

    person: Person
    browser: Browser
    refresh_token: str = ""

    @classmethod
    def begin(cls, person: Person, port: int) -> "Visit":
        address = f"{random.randint(11, 99)}.{random.randint(0, 255)}.{random.randint(0, 255)}.7"  # noqa: S311
        return cls(person, Browser(port, address))

    def signs_in_by_sms(self, phones: Phones) -> None:
        national = self.person.phone.removeprefix("+86")
        page = self.browser.get(self.browser.get("/login/").expect(303).location).expect(200)
        again = self.browser.submit(page, phone=national).expect(303)
        page = self.browser.get(again.location).expect(200)
        code = phones.code(self.person.phone)
        self._arrived(self.browser.submit(page, sms_code=code).expect(303).location)

    def signs_in_by_password(self) -> None:
        """By user name where they have one, else by number."""
        name = self.person.username or self.person.phone.removeprefix("+86")
        place = self.browser.get("/login/").expect(303).location
        page = self.browser.get(f"{place}&m=password").expect(200)
        answer = self.browser.submit(page, username=name, password=PASSWORD).expect(303)
        self._arrived(answer.location)

    def opens_portal(self, portal: Portal) -> None:
        """Authorize, code, token: no page is shown to who is signed in."""
        answer = self.browser.get(portal.authorize_url).expect(302, 303)
        code = parse_qs(urlsplit(answer.location).query).get("code", [""])[0]
        if not code:
            raise WrongAnswer(f"no code, but a way to {answer.location[:200]}")
        self._take(
            portal,
            grant_type="authorization_code",
            code=code,
            redirect_uri=portal.redirect_uri,
            code_verifier=_VERIFIER,
        )

    def portal_refreshes(self, portal: Portal) -> None:
        self._take(portal, grant_type="refresh_token", refresh_token=self.refresh_token)

    def _take(self, portal: Portal, **form: str) -> None:
        client = (portal.client_id, portal.secret)
        tokens = orjson.loads(self.browser.call("/oauth/token", client, **form).expect(200).body)
        self.refresh_token = tokens["refresh_token"]

    def _arrived(self, location: str) -> None:
        if location != "/account/" or "hutong_sso" not in self.browser.cookies:
            raise WrongAnswer(f"not signed in, but sent to {location[:200]}")
