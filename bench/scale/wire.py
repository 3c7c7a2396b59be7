"""A browser reduced to what a measurement needs: one connection, cookies, and bytes counted."""

import re
import socket
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_CODE = re.compile(r"HT-[0-9]{4}|\"error\": ?\"[a-z_]+\"")
_FORM = re.compile(r'<form method="post"\s+action="([^"]*)"')
_AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
_ENOUGH = 65_536


class WrongAnswer(Exception):
    """The node answered otherwise than a measurement expects; nothing is counted then."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    def expect(self, *statuses: int) -> "Answer":
        if self.status not in statuses:
            code = _CODE.search(self.body)
            said = code[0] if code else self.body[:400]
            raise WrongAnswer(f"{self.status} instead of {statuses}: {said}")
        return self


class Browser:
    """``address`` is where it claims to be: the node trusts this machine as its proxy."""

    def __init__(self, port: int, address: str):
        self.port = port
        self.address = address
        self.cookies: dict[str, str] = {}
        self.sent = self.received = self.requests = 0
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """The next question opens a new connection; cookies stay."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def get(self, url: str) -> Answer:
        return self._ask("GET", url)

    def submit(self, page: Answer, **filled: str) -> Answer:
        """Send the one form of ``page``, with the token that stands in it."""
        token, form = _TOKEN.search(page.body), _FORM.search(page.body)
        if token is None or form is None:
            raise WrongAnswer(f"no form on this page: {page.status} {page.body[:400]}")
        return self._ask("POST", form[1].replace("&amp;", "&"), {"csrf_token": token[1], **filled})

    def call(self, url: str, client: tuple[str, str], **form: str) -> Answer:
        """POST as a portal's server does."""
        basic = b64encode(":".join(client).encode()).decode()
        return self._ask("POST", url, form, {"Authorization": f"Basic {basic}"})

    def _ask(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        more: dict[str, str] | None = None,
    ) -> Answer:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = urlencode(form).encode() if form is not None else b""
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "User-Agent": _AGENT,
            "Accept-Language": "zh-CN",
            "X-Forwarded-For": self.address,
            **(more or {}),
        }
        if self.cookies and not more:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        raw = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
        self._connection().sendall(raw)
        self.sent += len(raw)
        self.requests += 1
        return self._answer()

    def _answer(self) -> Answer:
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += self._more()
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                self._keep(value)
            headers[name.lower()] = value
        while len(body) < int(headers.get("content-length", "0")):
            body += self._more()
        self.received += len(head) + 4 + len(body)
        return Answer(int(first.split(" ")[1]), headers, body.decode())

    def _connection(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _more(self) -> bytes:
        got = self._connection().recv(_ENOUGH)
        if not got:
            raise WrongAnswer("the node closed the connection")
        return got

    def _keep(self, cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        if value:
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)
