"""What is done at a server, step by step, and what each answer must say."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_plus

from bench import targets
from bench.targets import ISSUER, KEEPER, PORTAL, REDIRECT_URI, SERVICE, Person, Target

_HOST = ISSUER.removeprefix("https://")
_SPECIAL = re.compile(r"([%^$()\[\].*+?-])")
"""What a pattern of Lua would not take literally."""


@dataclass(frozen=True)
class Want:
    """A Lua pattern an answer must match; what it captures is kept under ``name``."""

    pattern: str
    name: str = ""
    source: str = "body"


@dataclass(frozen=True)
class Step:
    method: str
    path: str
    status: int
    wants: tuple[Want, ...] = ()
    headers: tuple[str, ...] = ()
    body: str = ""

    @property
    def head(self) -> str:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {_HOST}", *_FORWARDED]
        if self.body:
            lines.append("Content-Type: application/x-www-form-urlencoded")
        return "".join(f"{line}\r\n" for line in [*lines, *self.headers])


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    steps: Callable[[Target], tuple[Step, ...]]
    tokens_of: str = ""
    """The client whose tokens everybody is given first."""


_FORWARDED = ("X-Forwarded-Proto: https", "X-Forwarded-For: {{address}}")
_ACCESS = Want('"access_token": ?"([^"]+)"', "access_token")
_ID_TOKEN = Want('"id_token": ?"[^".]+%.[^".]+%.[^".]+"')


def browsers(person: Person) -> dict[str, str]:
    """What a walking browser knows from the start."""
    known = {
        "cookie": person.cookie,
        "address": person.address,
        "verifier": person.verifier,
        "challenge": person.challenge,
    }
    return known | {
        name: person.tokens[name]
        for name in ("access_token", "refresh_token")
        if name in person.tokens
    }


def _authorize(target: Target) -> Step:
    literal = _SPECIAL.sub(r"%\1", REDIRECT_URI)
    return Step(
        "GET",
        targets.authorize_url(target, PORTAL, "{{challenge}}", "{{state}}").replace(
            quote_plus("{{challenge}}"), "{{challenge}}"
        ),
        target.redirects_by,
        (
            Want(f"^{literal}%?.*code=([^&]+)", "code", "location"),
            Want("[?&]state={{state}}", source="location"),
        ),
        ("Cookie: {{cookie}}",),
    )


def _token(target: Target) -> Step:
    redirect = quote_plus(REDIRECT_URI)
    return Step(
        "POST",
        target.paths.token,
        200,
        (_ACCESS, _ID_TOKEN),
        (f"Authorization: {target.basic(PORTAL)}",),
        "grant_type=authorization_code&code={{code}}&code_verifier={{verifier}}"
        f"&redirect_uri={redirect}",
    )


def _userinfo(target: Target) -> Step:
    bearer = ("Authorization: Bearer {{access_token}}",)
    return Step("GET", target.paths.userinfo, 200, (Want('"sub": ?"[^"]+"'),), bearer)


def _credentials(target: Target) -> Step:
    basic = (f"Authorization: {target.basic(SERVICE)}",)
    body = "grant_type=client_credentials"
    return Step("POST", target.paths.token, 200, (_ACCESS,), basic, body)


def _refresh(target: Target) -> Step:
    rotated = Want('"refresh_token": ?"([^"]+)"', "refresh_token")
    basic = (f"Authorization: {target.basic(KEEPER)}",)
    body = "grant_type=refresh_token&refresh_token={{refresh_token}}"
    return Step("POST", target.paths.token, 200, (_ACCESS, rotated), basic, body)


def _introspect(target: Target) -> Step:
    basic = (f"Authorization: {target.basic(PORTAL)}",)
    active = (Want('"active": ?true'),)
    return Step("POST", target.paths.introspect, 200, active, basic, "token={{access_token}}")


def _jwks(target: Target) -> Step:
    return Step("GET", target.paths.jwks, 200, (Want('"keys": ?%['),))


SCENARIOS = {
    each.name: each
    for each in (
        Scenario(
            "sso_flow", "Single sign-on: authorize, token", lambda t: (_authorize(t), _token(t))
        ),
        Scenario(
            "sso_flow3",
            "Single sign-on: authorize, token, userinfo",
            lambda t: (_authorize(t), _token(t), _userinfo(t)),
        ),
        Scenario("client_credentials", "Client credentials", lambda t: (_credentials(t),)),
        Scenario("refresh", "Refresh, rotating", lambda t: (_refresh(t),), KEEPER),
        Scenario("userinfo", "Userinfo", lambda t: (_userinfo(t),), PORTAL),
        Scenario("introspection", "Introspection", lambda t: (_introspect(t),), PORTAL),
        Scenario("jwks", "Published keys", lambda t: (_jwks(t),)),
    )
}
