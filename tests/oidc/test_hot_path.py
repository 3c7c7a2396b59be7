"""The warm single-sign-on path runs no SQL and few Redis round trips (ARCHITECTURE «Hot path»),
and makes few calls: what does not depend on the clock shows a regression at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import flask
import orjson
import pytest
from redis.connection import AbstractConnection
from sqlalchemy import event

from idp.oidc import tokens as writing
from idp.store.engines import db
from tests.oidc.actors import Person, Portal, proven
from tests.oidc.test_two_ways import basic, call, cookie, redemption


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


def test_a_verified_name_asks_no_sql_either_once_the_session_is_warm(
    counted: Callable[[], Any], wang: Person, register: Callable[..., Portal]
) -> None:
    bank = register("bank", scope="openid realname", sensitive_claims=["real_name"])
    asked = {"verification": {"trust_framework": None}, "claims": {"name": None}}
    claims = orjson.dumps({"userinfo": {"verified_claims": asked}}).decode()
    proven(wang)
    for _ in range(2):
        bank.tokens_for(wang, scope="openid realname", claims=claims)
    with counted() as count:
        wang.opens(bank.url(scope="openid realname", claims=claims), follow=False)
        tokens = bank.redeems(wang.arrived["code"]).json
        told = bank.userinfo(tokens["access_token"]).json

    assert told["real_name"] == told["verified_claims"]["claims"]["name"]
    assert count == Count(sql=0, redis=5)


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


def test_client_credentials_only_write(
    counted: Callable[[], Any], register: Callable[..., Portal]
) -> None:
    api = register("api", grant_types=["client_credentials"], scope="openid api")
    api.calls("/oauth/token", grant_type="client_credentials")
    api.calls("/oauth/token", grant_type="client_credentials")
    with counted() as count:
        answer = api.calls("/oauth/token", grant_type="client_credentials")

    assert answer.status_code == 200
    assert count == Count(sql=0, redis=1)


CALLS = {
    "authorize": 1160,
    "token": 865,
    "refresh": 710,
    "userinfo": 272,
    "introspection": 360,
    "client credentials": 497,
    "keys": 124,
}
"""Calls of functions, Python's and C's, one warm request may make; a twelfth more than it does.
What makes a request dearer on purpose raises its line here, in the same commit."""


@pytest.fixture
def steps(
    app: flask.Flask,
    warm: dict[str, Any],
    wang: Person,
    shebao: Portal,
    register: Callable[..., Portal],
) -> dict[str, Callable[[], Any]]:
    """Each kind of request as a server hands it over, repeatable."""
    api = register("api", grant_types=["client_credentials"], scope="openid api")
    last = dict(warm)

    def authorize() -> str:
        url = shebao.url(scope="openid phone")
        location = dict(call(app, "GET", url, **cookie(wang))["headers"])["Location"]
        return location.partition("code=")[2].partition("&")[0]

    def posts(portal: Portal, form: dict[str, str], path: str = "/oauth/token") -> bytes:
        answer = call(app, "POST", path, body=form, **basic(portal))
        assert answer["status"] == "200 OK", answer
        return answer["body"]

    def refresh() -> None:
        form = {"grant_type": "refresh_token", "refresh_token": last["refresh_token"]}
        last.update(orjson.loads(posts(shebao, form)))

    bearer = {"HTTP_AUTHORIZATION": f"Bearer {warm['access_token']}"}
    asked = {"token": warm["access_token"]}
    return {
        "authorize": authorize,
        "token": lambda code=None: posts(shebao, redemption(shebao, code or authorize())),
        "refresh": refresh,
        "userinfo": lambda: call(app, "GET", "/oauth/userinfo", **bearer),
        "introspection": lambda: posts(shebao, asked, "/oauth/introspect"),
        "client credentials": lambda: posts(api, {"grant_type": "client_credentials"}),
        "keys": lambda: call(app, "GET", "/jwks.json"),
    }


@pytest.mark.parametrize("step", CALLS)
def test_a_request_makes_no_more_calls_than_its_budget(
    steps: dict[str, Callable[..., Any]], step: str
) -> None:
    for _ in range(3):
        steps[step]()
    given = (steps["authorize"](),) if step == "token" else ()
    made = 0

    def count(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        steps[step](*given)
    finally:
        sys.setprofile(None)

    assert CALLS[step] * 0.8 < made <= CALLS[step], "change the budget knowingly"


def test_a_flow_makes_one_signature(
    steps: dict[str, Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps["token"]()
    signed: list[str] = []
    sign = writing.sign

    def counting(claims: dict[str, Any], alg: str, typ: str = "JWT") -> str:
        signed.append(typ)
        return sign(claims, alg, typ)

    monkeypatch.setattr(writing, "sign", counting)
    steps["token"]()

    assert signed == ["JWT"]
