"""People, as tests speak of them: a browser without scripts, and a phone that gets messages."""

import re
import time
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import pyotp
from werkzeug.test import TestResponse

from idp.services import services
from idp.signals import deliveries
from sandbox.inbox import Inbox
from tests import forms, secrets_in_logs

MOBILE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@dataclass
class Phone:
    """A phone in the sandbox: what was queued is sent before it is looked at."""

    app: flask.Flask
    inbox: Inbox
    number: str

    def texts(self) -> list[str]:
        self._deliver()
        return [text.text for text in self.inbox.of(self.number)]

    def code(self) -> str:
        """The code received last; a notice may have come after it."""
        self._deliver()
        received = [text.code for text in self.inbox.of(self.number) if text.code]
        assert received, "no message came"
        return secrets_in_logs.remember(received[0])

    def _deliver(self) -> None:
        with self.app.app_context():
            deliveries.deliver_due()
            services.sms.work_once(1)  # a worker's first look makes its group
            while services.sms.work_once(1):
                pass


@dataclass
class Authenticator:
    """An app that has read a QR code (Key Uri Format)."""

    address: str
    slow: float = 0
    """By how many seconds the clock of its phone is slow."""

    @classmethod
    def scans(cls, page: str) -> "Authenticator":
        found = re.search(r'href="(otpauth://[^"]+)"', page)
        assert found, "no QR code on this page"
        return cls(unescape(found[1]))

    @property
    def secret(self) -> str:
        """In base32."""
        return parse_qs(urlsplit(self.address).query)["secret"][0]

    def code(self, later: float = 0) -> str:
        """What it shows now, or ``later`` seconds."""
        moment = int(time.time() - self.slow + later)
        return secrets_in_logs.remember(pyotp.TOTP(self.secret).at(moment))


@dataclass
class Citizen:
    """Somebody with a browser and a phone. ``page`` is what the browser shows."""

    app: flask.Flask
    phone: Phone
    address: str = "203.0.113.7"
    page: TestResponse | None = None
    trail: list[str] = field(default_factory=list)
    """Every address the browser was sent to since the last page was asked for."""
    agent: str = MOBILE

    def __post_init__(self) -> None:
        self.browser = self.app.test_client()

    @property
    def number(self) -> str:
        return self.phone.number

    @property
    def text(self) -> str:
        assert self.page is not None
        return str(self.page.text)

    @property
    def at(self) -> str:
        """The path of the page shown, or the address outside it stopped at."""
        assert self.page is not None
        if self.page.location:
            return str(self.page.location)
        return str(self.page.request.path)

    @property
    def status(self) -> int:
        assert self.page is not None
        return int(self.page.status_code)

    def visits(self, url: str) -> "Citizen":
        return self._follow("GET", url)

    def submits(self, button: str, **fields: str) -> "Citizen":
        """Fill in the form that has ``button`` and press it."""
        form = forms.with_button(self.text, button)
        name, value = form.buttons[button]
        filled = {**form.fields, **fields} | ({name: value} if name else {})
        return self._follow(form.method.upper(), self._action(form, button), filled)

    def posts(self, url: str, **fields: str) -> "Citizen":
        """Send a form by hand, with the token of the page shown, if it has one."""
        token = next((f.fields["csrf_token"] for f in forms.read(self.text) if f.fields), "")
        return self._follow("POST", url, {"csrf_token": token, **fields})

    def signs_in_by_code(self, start: str = "/login/?m=sms") -> "Citizen":
        if "phone" not in self._fields():
            self.visits(start)
        self.submits("send-code", phone=self.number)
        return self.submits("login-submit", sms_code=self.phone.code())

    def signs_up(self, **chosen: str) -> "Citizen":
        """From nothing to an account, by the shortest way."""
        self.signs_in_by_code()
        return self.submits("signup-submit", agree="yes", **chosen)

    def signs_in_by_password(self, username: str, password: str) -> "Citizen":
        self.visits("/login/").visits(self.at_url("m=password"))
        return self.submits("login-submit", username=username, password=password)

    def tries_password(self, username: str, password: str) -> "Citizen":
        """Again on the page shown, or on a new one."""
        if "password" not in self._fields():
            self.visits("/login/").visits(self.at_url("m=password"))
        return self.submits("login-submit", username=username, password=password)

    def at_url(self, more: str) -> str:
        assert self.page is not None
        query = self.page.request.query_string.decode()
        return f"{self.page.request.path}?{query}&{more}"

    def _fields(self) -> set[str]:
        if self.page is None:
            return set()
        return {name for form in forms.read(self.text) for name in form.fields}

    def _action(self, form: forms.Form, button: str) -> str:
        """A button may send the form elsewhere (``formaction``); no action means this page."""
        if elsewhere := form.actions.get(button):
            return elsewhere
        assert self.page is not None
        return form.action or self.page.request.url

    def _follow(self, method: str, url: str, fields: dict[str, Any] | None = None) -> "Citizen":
        self.page = self._open(method, url, fields)
        self.trail = [url]
        while self.page.status_code in {302, 303, 307} and self.page.location.startswith("/"):
            again = self.page.status_code == 307
            self.trail.append(self.page.location)
            kept = (method, fields) if again else ("GET", None)
            self.page = self._open(kept[0], self.page.location, kept[1])
            assert len(self.trail) < 12, self.trail
        return self

    def _open(self, method: str, url: str, fields: dict[str, Any] | None) -> TestResponse:
        """Each request has an app context of its own, as on a server."""
        with self.app.app_context():
            return self.browser.open(
                url,
                method=method,
                data=fields,
                base_url="http://localhost:8000",
                headers={"User-Agent": self.agent},
                environ_base={"REMOTE_ADDR": self.address},
            )
