"""A browser that runs no scripts: one connection, its cookies, the forms of a page."""

import asyncio
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
_TIMEOUT = 20.0
_MOST_REDIRECTS = 12


class Unexpected(Exception):
    """A page is not what the person expected; the text says which."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    text: str
    url: str

    @property
    def location(self) -> str:
        return urljoin(self.url, self.headers.get("location", ""))


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By id: the name and value a button adds when it is pressed."""


@dataclass
class Browser:
    """``issuer`` is what pages call the server at ``port``; ``address`` what the proxy saw."""

    port: int
    issuer: str
    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    page: Answer | None = None
    opened: int = 0
    """Requests made."""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def visits(self, url: str) -> Answer:
        """Open a page and go where it leads, until a page is shown or another site is reached."""
        return await self._follow(await self.asks("GET", url))

    async def presses(self, button: str, **filled: str) -> Answer:
        form = self.form_with(button)
        name, value = form.buttons[button]
        pressed = {name: value} if name else {}
        where = urljoin(self._page.url, form.action) if form.action else self._page.url
        return await self._follow(await self.asks("POST", where, form.fields | pressed | filled))

    def form_with(self, button: str) -> Form:
        reader = _Reader()
        reader.feed(self._page.text)
        for form in reader.forms:
            if button in form.buttons:
                return form
        shown = self._page
        raise Unexpected(f"no button {button!r}: {shown.status} {shown.url} {shown.text[:300]}")

    async def asks(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request, whatever the answer."""
        body = urlencode(form).encode() if form is not None else b""
        self._writer.write(self._head(method, url, body, headers or {}) + body)
        async with asyncio.timeout(_TIMEOUT):
            answer = await self._read(url)
        self.opened += 1
        for cookie in answer.cookies:
            self._keep(cookie)
        return answer

    @property
    def shown(self) -> str:
        """The source of the page shown."""
        return self._page.text

    @property
    def _page(self) -> Answer:
        if self.page is None:
            raise Unexpected("no page is open")
        return self.page

    async def _follow(self, answer: Answer) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            self.page = answer
            if not answer.headers.get("location"):
                return answer
            if not answer.location.startswith(self.issuer + "/"):
                return answer
            answer = await self.asks("GET", answer.location)
        raise Unexpected(f"sent around in circles: {answer.url}")

    def _head(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> bytes:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {urlsplit(self.issuer).netloc}",
            f"User-Agent: {AGENT}",
            "X-Forwarded-Proto: https",
            f"X-Forwarded-For: {self.address}",
        ]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded"]
            lines += [f"Content-Length: {len(body)}"]
            lines += [f"Origin: {self.issuer}", f"Referer: {self.page.url}"] if self.page else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _read(self, url: str) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status, headers, cookies = int(head[0].split()[1]), {}, []
        for line in filter(None, head[1:]):
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                cookies.append(value.strip())
            headers[name.lower()] = value.strip()
        body = await self._body(headers)
        return Answer(status, headers, tuple(cookies), body.decode(), urljoin(self.issuer, url))

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "") != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", 0)))
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return body

    def _keep(self, cookie: str) -> None:
        pair, *attributes = (part.strip() for part in cookie.split(";"))
        name, _, value = pair.partition("=")
        gone = any(each.lower() in {"max-age=0"} or "1970" in each for each in attributes)
        if gone or not value:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif not self.forms:
            return
        elif tag == "button":
            pressed = (given.get("name", ""), given.get("value", ""))
            self.forms[-1].buttons[given.get("id", "")] = pressed
        elif tag == "input" and "name" in given:
            choice = given.get("type") in {"checkbox", "radio"}
            if not choice or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
