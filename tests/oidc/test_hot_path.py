"""The warm single-sign-on path runs no SQL and few Redis round trips (ARCHITECTURE «Hot path»)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import flask
import pytest
from redis.connection import AbstractConnection
from sqlalchemy import event

from idp.store.engines import db
from tests.oidc.actors import Person, Portal


@dataclass
class Count:
    sql: int = 0
    redis: int = 0
    """Times something was sent: a pipeline is one round trip."""


@pytest.fixture
def counted(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    count = Count()
    send = AbstractConnection.send_packed_command

    def sent(self: Any, command: Any, check_health: bool = True) -> Any:
        count.redis += 1
        return send(self, command, check_health)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", sent)
    with app.app_context():
        engine = db.engine

    @contextmanager
    def counting() -> Iterator[Count]:
        def executed(*_: Any) -> None:
            count.sql += 1

        event.listen(engine, "before_cursor_execute", executed)
        count.sql = count.redis = 0
        yield count
        event.remove(engine, "before_cursor_execute", executed)

    return counting


@pytest.fixture
def warm(wang: Person, shebao: Portal) -> dict[str, Any]:
    """Walk the path twice, so that everything that is kept is kept."""
    shebao.tokens_for(wang, scope="openid phone")
    tokens = shebao.tokens_for(wang, scope="openid phone")
    shebao.userinfo(tokens["access_token"])
    return tokens


def test_authorize_reads_once_and_writes_once(
    counted: Callable[[], Any], warm: dict[str, Any], wang: Person, shebao: Portal
) -> None:
    with counted() as count:
        wang.opens(shebao.url(scope="openid phone"), follow=False)

    assert "code" in wang.arrived
    assert count == Count(sql=0, redis=2)


def test_token_reads_once_and_writes_once(
    counted: Callable[[], Any], warm: dict[str, Any], wang: Person, shebao: Portal
) -> None:
    wang.opens(shebao.url(scope="openid phone"), follow=False)
    with counted() as count:
        answer = shebao.redeems(wang.arrived["code"])

    assert answer.status_code == 200
    assert count == Count(sql=0, redis=2)


def test_refresh_reads_once_and_writes_once(
    counted: Callable[[], Any], warm: dict[str, Any], shebao: Portal
) -> None:
    warm = shebao.refreshes(warm["refresh_token"]).json
    with counted() as count:
        answer = shebao.refreshes(warm["refresh_token"])

    assert answer.status_code == 200
    assert count == Count(sql=0, redis=2)


def test_userinfo_reads_once_when_warm(
    counted: Callable[[], Any], warm: dict[str, Any], shebao: Portal
) -> None:
    shebao.userinfo(warm["access_token"])
    with counted() as count:
        answer = shebao.userinfo(warm["access_token"])

    assert answer.json["phone_number"]
    assert count == Count(sql=0, redis=1)


def test_userinfo_of_a_new_family_asks_no_sql_either(
    counted: Callable[[], Any], warm: dict[str, Any], wang: Person, shebao: Portal
) -> None:
    """A whole flow, authorize to userinfo, once the session is warm."""
    wang.opens(shebao.url(scope="openid phone"), follow=False)
    tokens = shebao.redeems(wang.arrived["code"]).json
    with counted() as count:
        answer = shebao.userinfo(tokens["access_token"])

    assert answer.json["phone_number"]
    assert count == Count(sql=0, redis=1)


def test_introspection_reads_once(
    counted: Callable[[], Any], warm: dict[str, Any], shebao: Portal
) -> None:
    with counted() as count:
        answer = shebao.calls("/oauth/introspect", token=warm["access_token"])

    assert answer.json["active"]
    assert count == Count(sql=0, redis=1)


def test_metadata_and_keys_touch_no_engine(counted: Callable[[], Any], client: Any) -> None:
    client.get("/jwks.json")
    with counted() as count:
        client.get("/.well-known/openid-configuration")
        client.get("/jwks.json")

    assert count == Count(sql=0, redis=0)
