"""Nothing that is too large, too deep or packed too tightly breaks us or takes our time."""

import time
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from itertools import product
from typing import Any
from urllib.parse import urlencode

import flask
import pytest
from joserfc.jwk import ECKey

from idp import settings
from tests.engines.pairs import Engines
from tests.oidc.actors import Portal
from tests.oidc.conftest import register, shebao

__all__ = ["register", "shebao"]

FORM = "application/x-www-form-urlencoded"
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECONDS = 2.0
"""Computing time any single request may take at most; honest ones take a fiftieth of it."""
DEEP = b"[" * 5900
PATHS = [
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/oauth/authorize",
    "/oauth/logout",
    "/login/sms/begin",
    "/signup/send",
    "/recover/send",
    "/sms/receipts/aliyun/secret-path-of-the-test",
    "/sms/receipts/tencent/secret-path-of-the-test",
]
BODIES = [
    ("application/json", b"[" * 200_000),
    ("application/json", b'{"a":' * 40_000),
    ("application/json", b"[" + b"1" * 200_000 + b"]"),
    ("application/json", b'["' + b"\\ud800" * 30_000 + b'"]'),
    (FORM, b"&" * 250_000),
    (FORM, b"a=b&" * 60_000),
    (FORM, b"%" * 250_000),
    (FORM, b"x" * 250_000),
    (FORM, b"\xff\xfe" * 1000),
    (f"{FORM}; charset=utf-7", b"+ADw-"),
    (f"{FORM}; charset=nonsense", b"a=b"),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n" * 4000,
    ),
    ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 30_000),
    ("multipart/form-data", b"x"),
    ("text/plain", b"x" * 250_000),
    ("", b"x"),
]
HEADERS = [
    ("Authorization", "Basic " + "A" * 60_000),
    ("Authorization", "Basic ====="),
    ("Authorization", "Basic AGE6AGI="),
    ("Authorization", "Bearer " + "." * 60_000),
    ("Authorization", "Bearer " + "ey" + "A" * 60_000),
    ("Cookie", "hutong_sso=" + "a" * 60_000),
    ("Cookie", "hutong_form=" + "." * 60_000),
    ("Cookie", "a=b;" * 15_000),
    ("Accept-Language", "zh;q=0.1," * 5_000),
    ("Accept-Language", "*;q=nan"),
    ("Accept", "text/html;q=x," * 4_000),
    ("User-Agent", "Mozilla " * 8_000),
    ("Origin", "https://" + "a" * 60_000),
    ("Referer", "http://localhost:8000/" + "a" * 60_000),
]
PARTS = [
    (b'{"alg":"ES256","x":' + DEEP, b"{}"),
    (b'{"alg":"ES256","x":' + b"[" * 2500 + b"]" * 2500 + b"}", b'{"sub":"careful"}'),
    (b'{"alg":"ES256","x":' + b"1" * 5000 + b"}", b'{"sub":"careful"}'),
    (b'{"alg":"ES256"}', b'{"sub":' + DEEP),
    (b'{"alg":"ES256"}', b'{"sub":"careful","aud":' + b"[" * 1000 + b"]" * 1000 + b"}"),
    (b'{"alg":"ES256","kid":["a"]}', b'{"sub":"careful"}'),
    (b'{"alg":["ES256"]}', b'{"sub":"careful"}'),
    (b'{"alg":null}', b'{"sub":"careful"}'),
    (b'{"alg":"ES256","crit":["b64"],"b64":false}', b'{"sub":"careful"}'),
    (b'{"alg":"ES256","zip":"DEF"}', zlib.compress(b" " * 4_000_000)[2:-4]),
    (b'{"alg":"ES256"}', b'{"sub":"\\ud800"}'),
    (b"[]", b"[]"),
    (b"null", b"null"),
    (b'"x"', b"7"),
    (b"\xff", b"\xff"),
    (b"", b""),
]
CLAIMS = [
    "[" * 8000,
    '{"id_token":' * 600,
    '{"id_token":{"acr":{"values":' + "[" * 500 + "]" * 500 + "}}}",
    '{"id_token":{"acr":{"essential":true,"values":[1,null,{}]}}}',
    '{"id_token":{"sub":{"value":"\\ud800"}}}',
    '{"id_token":[]}',
    '{"userinfo":{"sub":7}}',
    "{" + ",".join(f'"c{n}":null' for n in range(600)) + "}",
    '{"userinfo":{"a":' + "9" * 5000 + "}}",
    "1e999",
    "[]",
    "null",
    "{" * 9000,
]


@pytest.fixture
def configured(engines: Engines) -> settings.Settings:
    """Receipts are welcome, so that their bodies are read."""
    sms = {
        "receipt_path": "secret-path-of-the-test",
        "providers": ("aliyun", "tencent"),
        "aliyun": {"access_key_id": "x", "access_key_secret": "x", "template": "x"},
        "tencent": {"secret_id": "x", "secret_key": "x", "app_id": "x", "template": "x"},
    }
    return settings.load(environment="testing", **engines.settings, sms=sms)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(b"a=b&" * 40_000_000) + packer.flush()


def quick(ask: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """The answer, which is no failure of ours and took no time to speak of."""
    begun = time.thread_time()
    answer = ask(*args, **more)
    assert time.thread_time() - begun < SECONDS
    assert answer.status_code < 500, answer.text[:200]
    return answer


def test_no_body_breaks_anything(app: flask.Flask) -> None:
    http = app.test_client()
    for path, (kind, body) in product(PATHS, BODIES):
        assert quick(http.post, path, data=body, content_type=kind).status_code >= 300, kind


def test_no_packed_body_is_unpacked(app: flask.Flask, bomb: bytes) -> None:
    """A gzip bomb of 200 kB is 200 kB of rubbish to us, whatever it calls itself."""
    assert 100_000 < len(bomb) < 256 * 1024
    for path, coding in product(PATHS, ("gzip", "deflate", "br", "gzip, gzip", "x-gzip")):
        answer = quick(
            app.test_client().post,
            path,
            data=bomb,
            content_type=FORM,
            headers={"Content-Encoding": coding},
        )
        assert answer.status_code >= 300


def test_no_header_breaks_anything(app: flask.Flask) -> None:
    paths = ("/", "/login/", "/account/", "/oauth/userinfo", "/nowhere")
    for path, (name, value) in product(paths, HEADERS):
        quick(app.test_client().get, path, headers={name: value})


def test_more_than_a_body_may_be_is_refused_unread(app: flask.Flask) -> None:
    for path in PATHS:
        answer = quick(app.test_client().post, path, data=b"x" * 300_000, content_type=FORM)
        assert answer.status_code == 413, path


def test_no_token_breaks_whoever_reads_it(
    app: flask.Flask, shebao: Portal, register: Callable[..., Portal]
) -> None:
    key = ECKey.generate_key("P-256").as_dict(private=False)
    register("careful", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})
    for header, payload in PARTS:
        text = ".".join(_b64(part) for part in (header, payload, b"s" * 64))
        for token in (text, f"{text}.{text[:40]}.x", text.replace(".", ".."), text[:-1]):
            _everywhere(app, shebao, token)


def test_no_claims_parameter_breaks_the_request(app: flask.Flask, shebao: Portal) -> None:
    http = app.test_client()
    for claims in CLAIMS:
        answer = quick(http.get, shebao.url(claims=claims))

        assert answer.status_code == 303, claims[:40]
        quick(http.get, answer.headers["Location"])


def _everywhere(app: flask.Flask, portal: Portal, token: str) -> None:
    http = app.test_client()
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": BEARER,
        "client_assertion": token,
    }
    assert quick(http.post, "/oauth/token", data=form).status_code in {400, 401}
    bearer = {"Authorization": f"Bearer {token}"}
    assert quick(http.get, "/oauth/userinfo", headers=bearer).status_code in {400, 401}
    assert quick(portal.calls, "/oauth/introspect", token=token).json == {"active": False}
    assert quick(portal.calls, "/oauth/revoke", token=token).status_code == 200
    assert quick(portal.refreshes, token).status_code == 400
    assert quick(portal.redeems, token).status_code == 400
    asked = urlencode({"id_token_hint": token})
    assert "/error/HT-1006" in quick(http.get, f"/oauth/logout?{asked}").headers["Location"]
    url = portal.url(id_token_hint=token, prompt="none")
    assert "error=invalid_request" in quick(http.get, url).headers["Location"]


def _b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
