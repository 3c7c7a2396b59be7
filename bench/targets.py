"""What is measured: a running server, how its portals are known to it, and who signs in there."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from joserfc import jws
from joserfc.jwk import KeySet

from bench.browser import Answer, Browser, Unexpected
from bench.processes import Program

ISSUER = "https://sso.bench.test"
REDIRECT_URI = "https://portal.bench.test/callback"
PORTAL, KEEPER, SERVICE = "portal", "keeper", "service"
"""A portal; one that also has refresh tokens; a program that acts for nobody."""

SignIn = Callable[[Browser, str, int], Awaitable[Answer]]
"""Bring the browser of person number N from an authorization request to the portal."""


@dataclass(frozen=True)
class Paths:
    authorize: str
    token: str
    userinfo: str
    introspect: str
    jwks: str


@dataclass(frozen=True)
class Target:
    name: str
    port: int
    program: Program
    paths: Paths
    secrets: Mapping[str, str]
    """By client id."""
    signs_in: SignIn
    algorithm: str = "ES256"
    issuers: tuple[str, ...] = (ISSUER,)
    redirects_by: int = 303
    """The status that sends a browser back to the portal."""
    slowness: float = 1.0
    """How many times longer its windows are, so that enough is done in one."""
    companions: tuple[Program, ...] = ()
    """Programs that belong to it and have no core of their own."""
    people: list["Person"] = field(default_factory=list)
    """Signed in, consent given; filled on first use."""

    def basic(self, client_id: str) -> str:
        pair = f"{client_id}:{self.secrets[client_id]}".encode()
        return "Basic " + b64encode(pair).decode()


@dataclass
class Person:
    """A signed-in browser, and the proof key of the request it is making."""

    number: int
    cookie: str
    address: str
    tokens: dict[str, str] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")


def address_of(number: int) -> str:
    """Everybody comes from an address, and an address range, of their own."""
    return f"10.{number >> 8 & 255}.{number & 255}.{1 + (number >> 16) % 250}"


def authorize_url(target: Target, client_id: str, challenge: str, state: str = "") -> str:
    """A request of its own each time: a nonce is said once."""
    state = state or token_urlsafe(12)
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": REDIRECT_URI,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{target.paths.authorize}?{urlencode(asked)}&state={state}&nonce={state}"


def people(target: Target, count: int) -> list[Person]:
    """The first ``count`` signed-in browsers; those not there yet sign in now."""
    if len(target.people) < count:
        numbers = range(len(target.people), count)
        target.people.extend(asyncio.run(_all_sign_in(target, numbers)))
    return target.people[:count]


def give_tokens(target: Target, known: list[Person], client_id: str) -> None:
    """Walk everybody through the flow once, for an access token and, of KEEPER, a refresh token."""
    asyncio.run(_all_get_tokens(target, known, client_id))


def check_id_token(target: Target) -> None:
    """Once before anything is measured: the ID token verifies under the published keys."""
    person = people(target, 1)[0]
    asyncio.run(_check_id_token(target, person))


async def _all_sign_in(target: Target, numbers: range) -> list[Person]:
    return [await _signed_in(target, number) for number in numbers]


async def _signed_in(target: Target, number: int) -> Person:
    person = Person(number, "", address_of(number))
    async with Browser(target.port, ISSUER, person.address) as browser:
        for client_id in (PORTAL, KEEPER):
            answer = await target.signs_in(
                browser, authorize_url(target, client_id, person.challenge), number
            )
            code_in(answer)
        person.cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return person


def code_in(answer: Answer) -> str:
    """The code a browser was sent back to the portal with."""
    found = parse_qs(urlsplit(answer.location).query)
    if not answer.location.startswith(REDIRECT_URI) or "code" not in found:
        raise Unexpected(f"{answer.status} {answer.location} {answer.text[:500]}")
    return found["code"][0]


async def _all_get_tokens(target: Target, known: list[Person], client_id: str) -> None:
    for person in known:
        person.tokens = await _tokens(target, person, client_id)


async def _tokens(target: Target, person: Person, client_id: str) -> dict[str, str]:
    async with Browser(target.port, ISSUER, person.address) as browser:
        asked = authorize_url(target, client_id, person.challenge)
        code = code_in(await browser.asks("GET", asked, headers={"Cookie": person.cookie}))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": person.verifier,
        }
        headers = {"Authorization": target.basic(client_id)}
        answer = await browser.asks("POST", target.paths.token, form, headers)
        if answer.status != 200:  # noqa: PLR2004
            raise Unexpected(f"{target.name}: {answer.status} {answer.text[:500]}")
        tokens: dict[str, str] = orjson.loads(answer.text)
        return tokens


async def _check_id_token(target: Target, person: Person) -> None:
    tokens = await _tokens(target, person, PORTAL)
    async with Browser(target.port, ISSUER, person.address) as browser:
        keys = KeySet.import_key_set(
            orjson.loads((await browser.asks("GET", target.paths.jwks)).text)
        )
    found = jws.deserialize_compact(tokens["id_token"], keys, algorithms=[target.algorithm])
    claims = orjson.loads(found.payload)
    if not claims["nonce"] or PORTAL not in claims["aud"] or claims["iss"] not in target.issuers:
        raise Unexpected(f"{target.name}: {claims}")
