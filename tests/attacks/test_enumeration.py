"""Who has an account is told by no text, no status, no work done and no time taken."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
from redis.connection import AbstractConnection
from sqlalchemy import event

from idp import codes
from idp.crypto.passwords import Passwords
from idp.store import accounts
from idp.store.engines import db
from tests import forms
from tests.actors import Citizen
from tests.attacks import clocks
from tests.attacks.people import WRONG, Citizens
from tests.oidc.actors import Person, Portal
from tests.oidc.conftest import gjj, people, register, shebao

__all__ = ["gjj", "people", "register", "shebao"]

MANY = 10**6
PAIRS, HASHED = 300, 60
"""Tries of both kinds on three pages that send codes, and where two kinds of name are judged by
a hash, which is a hundred times what a query is: 2 000 tries on each pair of engines."""
CODE_PAGES = {"sign-in": "/login/?m=sms", "sign-up": "/signup/", "recovery": "/recover/"}
UNKNOWN = {"name": "nobody_here", "number": "13899990000"}
CHANGING = re.compile(
    r'nonce="[^"]*"|value="[^"]{40,}"|[?&]i=[\w-]+|\b[0-9a-f]{16}\b|\d{3}\*{4}\d{4}|\d{10,}(\.\d+)?'
)


@pytest.fixture
def changes() -> dict[str, object]:
    """Limits out of the way: they are counted, and never reached."""
    names = ("captcha_after", "browser_failures", "address_failures", "account_failures")
    more = ("range_failures", "code_requests", "code_failures")
    return {"login": dict.fromkeys((*names, *more), MANY)}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_PER_BROWSER", MANY)


class Asker:
    """A stranger who sends one form again and again, each time from another network."""

    def __init__(self, stranger: Citizen, page: str, button: str, field: str):
        self.stranger, self.field = stranger.visits(page), field
        form = forms.with_button(stranger.text, button)
        self.action, self.fields = stranger._action(form, button), form.fields

    def asks(self, value: str, number: int = 0) -> Any:
        self.stranger.address = f"198.{number // 200}.{number % 200}.9"
        given = {**self.fields, self.field: value}
        if self.field == "username":
            given["password"] = WRONG
        return self.stranger._open("POST", self.action, given)


@pytest.fixture
def at_password(citizens: Citizens) -> Asker:
    stranger = citizens("13700000000").visits("/login/")
    return Asker(stranger, stranger.at_url("m=password"), "login-submit", "username")


@pytest.fixture(params=CODE_PAGES)
def at_code(citizens: Citizens, request: pytest.FixtureRequest, patient: None) -> Asker:
    stranger = citizens("13700000000")
    return Asker(stranger, CODE_PAGES[request.param], "send-code", "phone")


@pytest.fixture
def work(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is asked of both engines, and of Argon2, while something is done."""
    done: list[str] = []
    send, verify = AbstractConnection.send_packed_command, Passwords.verify

    def sent(self: Any, command: Any, check_health: bool = True) -> Any:
        done.append("redis")
        return send(self, command, check_health)

    def verified(self: Passwords, password: str, hashed: str | None) -> bool:
        done.append("argon2")
        return verify(self, password, hashed)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", sent)
    monkeypatch.setattr(Passwords, "verify", verified)

    def measure(call: Callable[[], Any]) -> list[str]:
        call()  # whatever is done once only has been done
        with _statements(app, done):
            done.clear()
            call()
            return list(done)

    return measure


@contextmanager
def _statements(app: flask.Flask, done: list[str]) -> Iterator[None]:
    def executed(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        done.append(" ".join(statement.split()))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", executed)


def said(answer: Any) -> tuple[int, str, str]:
    where = CHANGING.sub("", answer.headers.get("Location", ""))
    return answer.status_code, where, CHANGING.sub("", answer.text)


def test_a_wrong_password_is_answered_and_judged_alike(
    wang: Citizen, citizens: Citizens, at_password: Asker, work: Callable[..., list[str]]
) -> None:
    citizens("13700000009").signs_up(username="no_password")
    names = ["wang_xm", UNKNOWN["name"], wang.number, UNKNOWN["number"], "no_password"]

    answers = [said(at_password.asks(name)) for name in names]
    done = [work(lambda name=name: at_password.asks(name)) for name in names]

    assert [answer[0] for answer in answers] == [400] * 5
    shown = {
        text.replace(name, "").replace("999", "").replace("9", "") and status
        for name, (status, _, text) in zip(names, answers, strict=True)
    }
    assert shown == {400}
    assert [each.count("argon2") for each in done] == [1] * 5
    assert len({each.count("redis") for each in done}) == 1
    assert done[0] == done[1]
    assert [_tables(each) for each in done[2:4]] == [_tables(done[2])] * 2


def _tables(done: list[str]) -> list[str]:
    """Which tables were asked, one after the other."""
    return [found[1] for each in done if (found := re.search(r"(?:FROM|INTO|UPDATE) (\w+)", each))]


def test_a_code_is_asked_for_alike(
    wang: Citizen, at_code: Asker, work: Callable[..., list[str]]
) -> None:
    numbers = (wang.number, UNKNOWN["number"])

    answers = [said(at_code.asks(number)) for number in numbers]
    done = [work(lambda number=number: at_code.asks(number)) for number in numbers]

    assert answers[0] == answers[1]
    assert answers[0][0] == 303
    assert done[0] == done[1]
    assert any("account" in each for each in done[0])


def test_a_client_nobody_registered_is_answered_like_a_wrong_secret(
    app: flask.Flask, shebao: Portal
) -> None:
    """Portals' names are no secret, but here nothing tells them apart either."""
    form = {"grant_type": "client_credentials", "token": "x"}
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        answers = [
            app.test_client().post(path, data=form, auth=(name, "guess"))
            for name in ("shebao", "nobody", "shebao2", "x" * 200)
        ]
        told = {(a.status_code, a.text, a.headers["WWW-Authenticate"]) for a in answers}
        assert len(told) == 1, told
        assert answers[0].json["error"] == "invalid_client"


def test_introspection_tells_a_stranger_of_no_token(
    shebao: Portal, gjj: Portal, people: Callable[..., Person]
) -> None:
    tokens = shebao.tokens_for(people("li_si"))
    shown = [tokens["access_token"], tokens["refresh_token"], "x", tokens["access_token"][:-1]]

    told = {gjj.calls("/oauth/introspect", token=token).text for token in shown}

    assert told == {'{"active":false}'}


@pytest.mark.slow
class TestTime:
    """Equal is less than half of one look into the database."""

    @pytest.fixture
    def equal(self, app: flask.Flask) -> float:
        def look() -> None:
            with app.app_context():
                accounts.by_username("nobody_at_all")

        return clocks.median_of(look) / 2

    @pytest.mark.parametrize("kind", ["name", "number"])
    def test_a_wrong_password_takes_as_long(
        self, wang: Citizen, at_password: Asker, equal: float, kind: str
    ) -> None:
        known = {"name": "wang_xm", "number": wang.number}[kind]
        found = clocks.compare(
            lambda n: _refused(at_password.asks(known, n)),
            lambda n: _refused(at_password.asks(UNKNOWN[kind], n)),
            HASHED,
        )
        assert not found.exceeds(equal), found

    def test_a_code_takes_as_long(self, wang: Citizen, at_code: Asker, equal: float) -> None:
        found = clocks.compare(
            lambda n: _sent(at_code.asks(wang.number, n)),
            lambda n: _sent(at_code.asks(UNKNOWN["number"], n)),
            PAIRS,
        )
        assert not found.exceeds(equal), found

    def test_a_hash_left_out_is_noticed(
        self, wang: Citizen, at_password: Asker, equal: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = Passwords.verify
        monkeypatch.setattr(Passwords, "verify", lambda p, w, h: bool(h) and real(p, w, h))

        found = clocks.compare(
            lambda n: _refused(at_password.asks("wang_xm", n)),
            lambda n: _refused(at_password.asks(UNKNOWN["name"], n)),
            40,
        )

        assert found.exceeds(equal), found


class TestTheComparison:
    """It raises no false alarm, and a query that is left out does not escape it."""

    @pytest.mark.parametrize("seed", range(20))
    def test_equal_is_equal_on_a_busy_machine(self, seed: int) -> None:
        assert not clocks.interval(_noisy(seed, 0.0)).exceeds(0.00015)

    @pytest.mark.parametrize("seed", range(20))
    def test_one_query_is_seen_through_the_noise(self, seed: int) -> None:
        assert clocks.interval(_noisy(seed, 0.0005)).exceeds(0.00015)


def _noisy(seed: int, left_out: float) -> list[float]:
    """Differences in seconds: mostly small, now and then the machine was elsewhere."""
    chance = random.Random(seed)
    return [
        left_out + chance.gauss(0, 0.0004) + chance.choice([0] * 9 + [chance.gauss(0, 0.01)])
        for _ in range(PAIRS)
    ]


def _refused(answer: Any) -> None:
    assert answer.status_code == 400


def _sent(answer: Any) -> None:
    assert answer.status_code == 303
