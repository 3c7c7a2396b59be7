"""The two doors, against listeners on loopback and a resolver of our own."""

import gzip
import time

import pytest

from idp import settings
from idp.outbound import Outbound, OutboundFailed, OutboundRefused
from tests.outbound.conftest import OK, answering

LIVE = "https://portal.test"


def foreign(door, listener, **options):
    return door({"portal.test": ["127.0.0.1"]}, **options), f"{LIVE}:{listener.port}"


def test_a_foreign_answer_comes_back_whole(door, listen):
    listener = listen(tls="portal.test")
    outbound, url = foreign(door, listener)

    answer = outbound.foreign_get(f"{url}/jwks?a=1")

    assert (answer.status, answer.json(), answer.ok) == (200, {}, True)
    assert answer.headers["content-type"] == "application/json"
    head = listener.requests[0].decode()
    assert head.startswith("GET /jwks?a=1 HTTP/1.1\r\n")
    assert f"Host: portal.test:{listener.port}\r\n" in head


def test_the_certificate_is_asked_for_and_checked_by_the_registered_name(door, listen):
    listener = listen(tls="portal.test")
    outbound, url = foreign(door, listener)
    outbound.foreign_get(url)
    assert listener.names == ["portal.test"]

    other = listen(tls="other.test")
    outbound, url = foreign(door, other)
    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(url)
    assert failure.value.reason == "connect"
    assert not other.requests


def test_a_stranger_s_certificate_is_not_trusted_without_the_extra_ca(listen):
    listener = listen(tls="portal.test")
    chosen = settings.load(environment="testing", development={"allow_loopback": True})
    outbound = Outbound(chosen, lambda host, port: ["127.0.0.1"])

    with pytest.raises(OutboundFailed):
        outbound.foreign_get(f"{LIVE}:{listener.port}/")
    assert not listener.requests


def test_a_form_is_posted(door, listen):
    listener = listen(tls="portal.test")
    outbound, url = foreign(door, listener)

    outbound.foreign_post(f"{url}/logout", {"logout_token": "a b"})

    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert body == b"logout_token=a+b"
    assert b"Content-Type: application/x-www-form-urlencoded" in head


def test_bytes_are_posted_with_their_type(door, listen):
    listener = listen(tls="portal.test")
    outbound, url = foreign(door, listener)

    outbound.foreign_post(url, b"jwt", content_type="application/secevent+jwt")

    assert listener.requests[0].endswith(b"\r\n\r\njwt")
    assert b"Content-Type: application/secevent+jwt" in listener.requests[0]


def test_loopback_names_need_no_resolver(door, listen):
    listener = listen()

    answer = door().foreign_get(f"http://portal.localhost:{listener.port}/")

    assert answer.status == 200
    assert f"Host: portal.localhost:{listener.port}".encode() in listener.requests[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "https://localhost:{port}/",
        "https://portal.localhost:{port}/",
        "https://[::1]:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "https://2130706433:{port}/",
        "https://0x7f000001:{port}/",
        "https://127.1:{port}/",
        "https://0.0.0.0:{port}/",
        "https://portal.test:{port}/",
    ],
)
def test_a_closed_door_never_touches_loopback(door, listen, url):
    listener = listen()
    outbound = door({"portal.test": ["127.0.0.1"]}, loopback=False)

    with pytest.raises(OutboundRefused):
        outbound.foreign_get(url.format(port=listener.port))
    assert listener.connections == 0


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fd00::1"])
def test_a_name_with_one_address_that_is_not_public_is_refused_whole(door, listen, address):
    listener = listen()
    outbound = door({"portal.test": ["127.0.0.1", address]})

    with pytest.raises(OutboundRefused):
        outbound.foreign_get(f"{LIVE}:{listener.port}/")
    assert listener.connections == 0


def test_a_name_is_resolved_once_so_that_it_cannot_change_after_the_check(listen, ca, tmp_path):
    listener = listen(tls="portal.test")
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    development = {"allow_loopback": True, "ca_bundle": tmp_path / "ca.pem"}
    outbound = Outbound(settings.load(environment="testing", development=development), rebinding)

    outbound.foreign_get(f"{LIVE}:{listener.port}/")
    assert asked == ["portal.test"]
    with pytest.raises(OutboundRefused):
        outbound.foreign_get(f"{LIVE}:{listener.port}/")
    assert listener.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(door, listen, status):
    elsewhere = listen()
    head = f"HTTP/1.1 {status} Go\r\nLocation: http://127.0.0.1:{elsewhere.port}/\r\n"
    listener = listen(answering(f"{head}Content-Length: 0"), tls="portal.test")
    outbound, url = foreign(door, listener)

    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(url)
    assert failure.value.reason == "redirect"
    assert elsewhere.connections == 0


def test_a_body_announced_too_large_is_not_read(door, listen):
    listener = listen(answering("HTTP/1.1 200 OK\r\nContent-Length: 9999"), tls="portal.test")
    outbound, url = foreign(door, listener, foreign_size=100)

    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(url)
    assert failure.value.reason == "too-large"


def test_a_body_that_grows_too_large_is_cut(door, listen):
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")

    outbound, url = foreign(door, listen(endless, tls="portal.test"), foreign_size=10_000)

    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(url)
    assert failure.value.reason == "too-large"


def test_a_gzip_bomb_is_not_opened(door, listen):
    bomb = gzip.compress(b"0" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}"
    listener = listen(answering(head, bomb), tls="portal.test")
    outbound, url = foreign(door, listener)

    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(url)
    assert failure.value.reason == "encoded"
    assert b"Accept-Encoding: identity" in listener.requests[0]


def drip_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_head(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Slow: 1\r\n")
        time.sleep(0.05)


def drip_nothing(connection):
    time.sleep(5)


def drip_interim(connection):
    while True:
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("drip", [drip_body, drip_head, drip_nothing, drip_interim])
def test_the_time_limit_is_for_the_whole_call_however_bytes_drip(door, listen, drip):
    outbound, url = foreign(door, listen(drip, tls="portal.test"), foreign_timeout=0.5)

    started = time.monotonic()
    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(url)

    assert failure.value.reason == "timeout"
    assert failure.value.maybe_sent
    assert time.monotonic() - started < 1.5


def test_a_resolver_that_hangs_costs_no_more_than_the_time_limit(listen):
    development = {"allow_loopback": True}
    chosen = settings.load(
        environment="testing", development=development, outbound={"foreign_timeout": 0.3}
    )
    outbound = Outbound(chosen, lambda host, port: time.sleep(2) or ["127.0.0.1"])

    started = time.monotonic()
    with pytest.raises(OutboundFailed) as failure:
        outbound.foreign_get(f"{LIVE}:8443/")
    assert failure.value.reason == "resolve"
    assert time.monotonic() - started < 1


def test_an_unknown_name_fails(door):
    with pytest.raises(OutboundFailed) as failure:
        door().foreign_get("https://nobody.test/")
    assert (failure.value.reason, failure.value.maybe_sent) == ("resolve", False)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00\xff\xfe", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"],
)
def test_an_answer_that_is_not_http_fails(door, listen, garbage):
    outbound, url = foreign(door, listen(lambda c: c.sendall(garbage), tls="portal.test"))

    with pytest.raises(OutboundFailed):
        outbound.foreign_get(url)


def test_too_large_a_head_fails(door, listen):
    head = "HTTP/1.1 200 OK\r\n" + "X-Long: " + "y" * 200_000
    outbound, url = foreign(door, listen(answering(head), tls="portal.test"))

    with pytest.raises(OutboundFailed):
        outbound.foreign_get(url)


def test_an_answer_that_is_not_json_says_so(door, listen):
    page = answering("HTTP/1.1 200 OK\r\nContent-Length: 4", b"<ht>")
    outbound, url = foreign(door, listen(page, tls="portal.test"))

    with pytest.raises(OutboundFailed):
        outbound.foreign_get(url).json()


def test_an_operator_s_connection_is_kept(door, listen):
    answer = answering("HTTP/1.1 200 OK\r\nContent-Length: 2", b"{}", ends=False)

    def polite(connection):
        answer(connection)
        connection.recv(4096)
        answer(connection)

    listener = listen(polite)
    operator = door(loopback=False).operator("aliyun")

    for _ in range(2):
        assert operator.get(f"http://sandbox.localhost:{listener.port}/").status == 200
    assert listener.connections == 1


def test_an_operator_that_keeps_failing_is_left_alone_and_then_tried_again(door, listen):
    listener = listen(answering("HTTP/1.1 503 Busy\r\nContent-Length: 0"))
    door_ = door(breaker_failures=2, breaker_rest=0.3)
    operator, url = door_.operator("aliyun"), f"http://localhost:{listener.port}/"
    for _ in range(2):
        assert operator.post(url, content=b"x").status == 503

    with pytest.raises(OutboundFailed) as failure:
        operator.post(url, content=b"x")
    assert (failure.value.reason, failure.value.maybe_sent) == ("breaker", False)
    assert listener.connections <= 2

    time.sleep(0.35)
    listener.handler = OK
    assert operator.post(url, content=b"x").status == 200
    assert not operator.breaker.open


def test_each_operator_has_a_breaker_of_its_own(door):
    outbound = door(breaker_failures=1, timeout=0.2)
    with pytest.raises(OutboundFailed):
        outbound.operator("aliyun").get("http://nobody.test/")

    assert outbound.operator("aliyun").breaker.open
    assert not outbound.operator("tencent").breaker.open
    assert outbound.operator("aliyun") is outbound.operator("aliyun")


def test_no_error_says_where_we_called(door):
    with pytest.raises(OutboundRefused) as refused:
        door().foreign_get("https://user:secret@portal.test/?token=secret")
    assert "secret" not in f"{refused.value} {refused.value.params}"
