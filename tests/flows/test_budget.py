"""What each page of a sign-in asks of the engines: where it grows, somebody has to say why.

Counted for somebody new to the browser and to the portal, once the process is warm. Judging the
risk of a sign-in costs one question to each engine: what the account has seen, what was counted.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import flask
import pytest
from redis.connection import AbstractConnection
from sqlalchemy import event

from idp.store.engines import db
from tests.actors import Citizen
from tests.oidc.actors import PASSWORD, STATUTE, Portal, registered, with_account


class Cost(NamedTuple):
    request: str
    sql: int = 0
    """Statements."""
    commits: int = 0
    redis: int = 0
    """Round trips: a pipeline is one."""


class Meter:
    """WSGI middleware: what every request cost, in order."""

    def __init__(self, app: flask.Flask):
        self._app = app.wsgi_app
        self.costs: list[Cost] = []
        self.sql = self.commits = self.redis = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.sql = self.commits = self.redis = 0
        body = b"".join(self._app(environ, start_response))
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.costs.append(Cost(request, self.sql, self.commits, self.redis))
        return [body]


@pytest.fixture
def meter(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    meter = Meter(app)
    app.wsgi_app = meter  # type: ignore[method-assign]
    send = AbstractConnection.send_packed_command

    def sent(self: Any, command: Any, check_health: bool = True) -> Any:
        meter.redis += 1
        return send(self, command, check_health)

    def executed(*_: Any) -> None:
        meter.sql += 1

    def committed(*_: Any) -> None:
        meter.commits += 1

    monkeypatch.setattr(AbstractConnection, "send_packed_command", sent)
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    yield meter
    event.remove(engine, "before_cursor_execute", executed)
    event.remove(engine, "commit", committed)


@pytest.fixture
def portal(app: flask.Flask) -> Portal:
    return registered(app, "gjj", legal_basis="statutory", statute=STATUTE)


@pytest.fixture
def people(app: flask.Flask, citizens: Callable[..., Citizen]) -> list[Citizen]:
    """One whose sign-in warms the process, and one whose sign-in counts."""
    found = [citizens(), citizens()]
    for number, citizen in enumerate(found):
        with_account(app, f"citizen{number}", f"+86{citizen.number}")
    return found


def test_a_sign_in_by_sms(meter: Meter, portal: Portal, people: list[Citizen]) -> None:
    for citizen in people:
        meter.costs.clear()
        citizen.visits(portal.url()).signs_in_by_code()

    assert "code=" in people[1].at
    assert meter.costs == [
        Cost("GET /oauth/authorize", redis=2),
        Cost("GET /login/", redis=2),
        Cost("POST /login/sms/begin", sql=1, redis=6),
        Cost("GET /login/", redis=3),
        Cost("POST /login/sms/finish", sql=8, commits=1, redis=8),
        Cost("GET /oauth/authorize", sql=5, commits=1, redis=4),
    ]


def test_a_sign_in_by_password(meter: Meter, portal: Portal, people: list[Citizen]) -> None:
    """In a browser that is new to the account: looked up, and told to the phone."""
    for number, citizen in enumerate(people):
        meter.costs.clear()
        citizen.visits(portal.url()).visits(citizen.at_url("m=password"))
        citizen.submits("login-submit", username=f"citizen{number}", password=PASSWORD)

    assert "code=" in people[1].at
    assert meter.costs == [
        Cost("GET /oauth/authorize", redis=2),
        Cost("GET /login/", redis=2),
        Cost("GET /login/", redis=2),
        Cost("POST /login/password/finish", sql=11, commits=1, redis=10),
        Cost("GET /oauth/authorize", sql=5, commits=1, redis=4),
    ]
