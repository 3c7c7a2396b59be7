"""Somebody with a browser that runs no scripts, who is sent from node to node and back."""

from html import unescape
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests import forms
from tests.oidc.actors import PASSWORD


class Loopback(httpx.HTTPTransport):
    """Every name is this machine, whatever its resolver says."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = request.url.copy_with(host="127.0.0.1")
        sent = httpx.Request(request.method, here, headers=request.headers, stream=request.stream)
        return super().handle_request(sent)


class Traveller:
    """Follows redirects and pages that lead on, until a page wants something or a portal is
    reached; ``trail`` has every address. No node's host may be below another's: the jar hands a
    host's cookies to those below it, which browsers do not.
    """

    def __init__(self, *nodes: str):
        self.nodes = nodes
        self.http = httpx.Client(transport=Loopback(), follow_redirects=False)
        self.page: Any = None
        self.trail: list[str] = []

    @property
    def text(self) -> str:
        return str(self.page.text)

    @property
    def at(self) -> str:
        return self.trail[-1]

    @property
    def arrived(self) -> dict[str, str]:
        """The parameters the browser was sent away to a portal with."""
        query = parse_qs(urlsplit(self.at).query, keep_blank_values=True)
        assert all(len(values) == 1 for values in query.values()), query
        return {name: values[0] for name, values in query.items()}

    def opens(self, url: str) -> Self:
        return self._goes("GET", url)

    def presses(self, button: str, **filled: str) -> Self:
        form = forms.with_button(self.text, button)
        name, value = form.buttons[button]
        pressed = {name: value} if name else {}
        address = urljoin(self.at, form.action or "")
        return self._goes(form.method.upper(), address, form.fields | pressed | filled)

    def chooses_region(self, name: str) -> Self:
        """In the list of regions."""
        for button, (_name, value) in forms.with_button(self.text, "region-1").buttons.items():
            if button.startswith("region-") and f"//{name}." in value:
                return self.presses(button)
        raise AssertionError(f"{name} is not in the list")

    def follows(self, link: str) -> Self:
        return self.opens(urljoin(self.at, forms.link(self.text, link)))

    def signs_in(self, username: str) -> Self:
        """By user name and password, on the sign-in page shown."""
        self.opens(f"{self.at}&m=password")
        return self.presses("login-submit", username=username, password=PASSWORD)

    def _goes(self, method: str, url: str, form: dict[str, str] | None = None) -> Self:
        while True:
            self.trail.append(url)
            if not url.startswith(self.nodes):
                return self
            if method == "POST":
                self.page = self.http.post(url, data=form)
            else:
                self.page = self.http.get(url, params=form or None)
            method, form = "GET", None
            onward = self.page.headers.get("location") or self._refresh()
            if not onward:
                return self
            url = urljoin(url, onward)

    def _refresh(self) -> str:
        """Where a page leads that leaves for another host."""
        if 'http-equiv="refresh" content="0;url=' not in self.text:
            return ""
        return unescape(self.text.partition('content="0;url=')[2].partition('"')[0])
