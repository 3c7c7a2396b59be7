"""What is answered in front of Flask is answered as Flask answers it (``idp.oidc.wsgi``)."""

import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import flask
import pytest
import redis

from idp.oidc import views, wsgi
from idp.oidc.endpoints import ENDPOINTS
from idp.store import tokens as store
from idp.store.engines import db
from tests.oidc.actors import Person, Portal

CREDENTIALS = {"grant_type": "client_credentials"}
DRAWN = {"code", "access_token", "refresh_token", "id_token", "exp", "iat"}
"""What no two answers have in common."""


@dataclass
class Ways:
    """The same app by both ways; ``long_way_taken`` counts what reached Flask's views."""

    app: flask.Flask
    taken: list[str]

    def short(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        return call(self.app.wsgi_app, method, path, **given)

    def long(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        return call(lambda *args: flask.Flask.wsgi_app(self.app, *args), method, path, **given)

    def both(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """Ask both ways; they must not differ; the answer."""
        short, long = self.short(method, path, **given), self.long(method, path, **given)
        assert told(short) == told(long)
        return short


def call(app: Any, method: str, path: str, **given: Any) -> dict[str, Any]:
    """One request to a WSGI app, as a server would hand it over."""
    path, _, query = path.partition("?")
    body = given.pop("body", b"")
    body = urlencode(body).encode() if isinstance(body, dict) else body
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost:8000",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if method == "POST":
        environ |= {
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
        }
    environ |= given
    found: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> None:
        found.update(status=status, headers=headers)

    answer = app({name: value for name, value in environ.items() if value is not None}, start)
    found["body"] = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return found


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is drawn anew each time; that it is there stays."""
    headers = sorted((name.lower(), _drawn(name, value)) for name, value in answer["headers"])
    body = answer["body"]
    if body and ("content-type", "application/json") in headers:
        body = {k: "…" if k in DRAWN | {"request_id"} else v for k, v in json.loads(body).items()}
    return {"status": answer["status"][:3], "headers": headers, "body": body}


def _drawn(name: str, value: str) -> Any:
    if name.lower() == "x-request-id":
        return len(value)
    if name.lower() == "location":
        parts = urlsplit(value)
        query = [(k, "…" if k in DRAWN else v) for k, v in parse_qsl(parts.query)]
        return parts._replace(query=""), query
    return value


@pytest.fixture
def ways(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ways]:
    taken: list[str] = []
    received = views.received

    def noted() -> Any:
        taken.append(flask.request.path)
        return received()

    monkeypatch.setattr(views, "received", noted)
    yield Ways(app, taken)


@pytest.fixture
def api(register: Callable[..., Portal]) -> Portal:
    return register("api", grant_types=["client_credentials", "refresh_token"], scope="openid api")


def basic(portal: Portal) -> dict[str, str]:
    pair = b64encode(f"{portal.client_id}:{portal.secret}".encode()).decode()
    return {"HTTP_AUTHORIZATION": f"Basic {pair}"}


def cookie(person: Person) -> dict[str, str]:
    jar = person.browser._cookies.values()
    return {"HTTP_COOKIE": "; ".join(f"{c.key}={c.value}" for c in jar)}


def redemption(portal: Portal, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": portal.redirect_uri,
        "code_verifier": portal.verifier,
    }


def test_a_whole_flow_is_the_same_by_both_ways(ways: Ways, wang: Person, shebao: Portal) -> None:
    shebao.tokens_for(wang, scope="openid phone")
    flows = []
    for way in (ways.short, ways.long):
        sent = way("GET", shebao.url(scope="openid phone"), **cookie(wang))
        code = dict(parse_qsl(urlsplit(dict(sent["headers"])["Location"]).query))["code"]
        tokens = way("POST", "/oauth/token", body=redemption(shebao, code), **basic(shebao))
        given = json.loads(tokens["body"])
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {given['access_token']}"}
        info = way("GET", "/oauth/userinfo", **bearer)
        asked = way(
            "POST", "/oauth/introspect", body={"token": given["access_token"]}, **basic(shebao)
        )
        again = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
        more = way("POST", "/oauth/token", body=again, **basic(shebao))
        gone = way("POST", "/oauth/revoke", body={"token": given["access_token"]}, **basic(shebao))
        flows.append([told(answer) for answer in (sent, tokens, info, asked, more, gone)])

    short, long = flows
    assert [answer["status"] for answer in short] == ["303", *["200"] * 5]
    assert short == long


def test_the_short_way_is_taken(ways: Ways, wang: Person, shebao: Portal, api: Portal) -> None:
    """Else the other claims would compare Flask with Flask."""
    shebao.tokens_for(wang, scope="openid")
    ways.taken.clear()
    ways.short("GET", shebao.url(scope="openid"), **cookie(wang))
    ways.short("POST", "/oauth/token", body={"grant_type": "client_credentials"}, **basic(api))
    for endpoint in ENDPOINTS:
        for method in endpoint.methods:
            ways.short(method, endpoint.path)

    assert ways.taken == []


@pytest.mark.parametrize(
    "path", ["/jwks.json", "/jwks-gm.json", "/.well-known/openid-configuration"]
)
def test_metadata_are_the_same(ways: Ways, path: str) -> None:
    assert ways.both("GET", path)["status"] == "200 OK"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "client_credentials", "scope": "api"}, "200"),
        ({"grant_type": "client_credentials", "scope": "openid"}, "400"),
        ({"grant_type": "authorization_code", "code": "abc"}, "400"),
        ({"grant_type": "refresh_token", "refresh_token": "aa"}, "400"),
        ({"grant_type": "password"}, "400"),
        ({}, "400"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "400"),
        (b"scope=%FF&grant_type=\xff", "400"),
        (b"&".join(b"a%d=1" % n for n in range(100)), "400"),
    ],
)
def test_token_requests_are_answered_the_same(
    ways: Ways, api: Portal, form: Any, status: str
) -> None:
    assert ways.both("POST", "/oauth/token", body=form, **basic(api))["status"][:3] == status


@pytest.mark.parametrize("path", [endpoint.path for endpoint in ENDPOINTS])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"HTTP_AUTHORIZATION": "Basic bm9ib2R5Om5vdGhpbmc="},
        {"HTTP_AUTHORIZATION": "Bearer aa" + "x" * 80},
        {"HTTP_AUTHORIZATION": "Bearer " + "x" * 9000},
        {"HTTP_AUTHORIZATION": "Negotiate ä"},
        {"HTTP_ORIGIN": "https://evil.test"},
        {"CONTENT_TYPE": "application/json", "body": b"{}"},
        {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=UTF-8"},
        {"CONTENT_TYPE": None},
        {"CONTENT_LENGTH": None},
        {"CONTENT_LENGTH": "99", "body": b"token=x"},
        {"CONTENT_LENGTH": "999999999"},
        {"CONTENT_LENGTH": "-1"},
        {"QUERY_STRING": "access_token=abc"},
        {"QUERY_STRING": "a=\xe4"},
    ],
)
def test_whatever_is_wrong_is_refused_the_same(
    ways: Ways, path: str, given: dict[str, Any]
) -> None:
    for method in ("GET", "POST", "PUT", "HEAD", "OPTIONS"):
        ways.both(method, path, **given)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.test/"},
        {"response_type": "token"},
        {"code_challenge": None},
        {"scope": "nothing"},
        {"prompt": "none", "max_age": "0"},
        {"response_mode": "form_post"},
    ],
)
def test_an_authorization_request_that_is_not_plain_is_flasks(
    ways: Ways, wang: Person, shebao: Portal, changes: dict[str, str]
) -> None:
    shebao.tokens_for(wang, scope="openid")
    ways.taken.clear()
    given = ways.short("GET", shebao.url(**changes), **cookie(wang))

    assert ways.taken == ["/oauth/authorize"]
    assert given["status"] == ways.long("GET", shebao.url(**changes), **cookie(wang))["status"]


def test_what_fails_deep_down_is_answered_the_same(
    ways: Ways, api: Portal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An engine that is away, and a bug."""
    for error in (redis.ConnectionError("away"), RuntimeError("a bug")):

        def fail(*_: Any, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(store, "keep_access", fail)
        form = {"grant_type": "client_credentials"}
        answer = ways.both("POST", "/oauth/token", body=form, **basic(api))
        assert answer["status"][:1] == "5"
        assert b"server_error" in answer["body"] or b"temporarily" in answer["body"]
        request_id = dict(answer["headers"])["X-Request-Id"]
        assert request_id in capsys.readouterr().err


def test_both_ways_are_logged_measured_and_named_alike(
    ways: Ways, api: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    def lines() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        return [line for line in found if line["event"] == "request"]

    form = {"grant_type": "client_credentials"}
    lines()
    for way in (ways.short, ways.long):
        answer = way("POST", "/oauth/token", body=form, **basic(api))
        (line,) = lines()
        assert line["request_id"] == dict(answer["headers"])["X-Request-Id"]
        assert (line["method"], line["route"], line["status"]) == ("POST", "/oauth/token", 200)


def test_a_page_of_a_registered_origin_may_read_either(
    ways: Ways, register: Callable[..., Portal]
) -> None:
    register("spa", token_endpoint_auth_method="none", web_origins=["https://spa.test"])
    answer = ways.both(
        "POST", "/oauth/token", body={"client_id": "spa"}, HTTP_ORIGIN="https://spa.test"
    )

    assert ("Access-Control-Allow-Origin", "https://spa.test") in answer["headers"]


def test_every_hot_endpoint_has_a_short_way(app: flask.Flask) -> None:
    expected = {(method, each.path) for each in ENDPOINTS for method in each.methods}
    assert expected < set(wsgi._ways())


def test_the_short_way_closes_what_the_long_way_would(app: flask.Flask) -> None:
    """It ends a database session itself; another thing to close must be closed there too."""
    assert [each.__name__ for each in app.teardown_appcontext_funcs] == ["_teardown_session"]


def test_a_database_session_of_the_short_way_is_closed(ways: Ways, api: Portal) -> None:
    """A portal this process has not met yet is looked up in SQL."""
    ways.app.extensions.pop("clients", None)

    answer = ways.short("POST", "/oauth/token", body=CREDENTIALS, **basic(api))

    assert answer["status"] == "200 OK"
    assert not db.session.registry.registry
