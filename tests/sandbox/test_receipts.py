"""Receipts are pushed again when nobody understood them, and then no more."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox import magic
from tests.sandbox.conftest import aliyun, form


@pytest.fixture
def receiver():
    """A listener that answers what it is told, and counts."""
    bodies, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, text = answers[min(len(bodies), len(answers)) - 1]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", bodies, answers
    server.shutdown()
    server.server_close()


def waits_for(bodies, count):
    for _ in range(100):
        if len(bodies) >= count:
            break
        threading.Event().wait(0.02)
    threading.Event().wait(0.15)
    return len(bodies)


OK = (200, '{"code":0,"msg":"接收成功"}'.encode())


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        ([OK], 1),
        ([(500, b""), OK], 2),
        ([(200, b"thanks"), (200, b"{}"), OK], 3),
        ([(500, b"")], 4),
    ],
)
def test_a_push_is_repeated_until_it_is_understood(open_client, receiver, answers, times):
    url, bodies, said = receiver
    said.extend(answers)
    client = open_client(
        aliyun_receipts=url, receipt_delay=0.01, receipt_retries=(0.02, 0.02, 0.02)
    )
    aliyun(client, form())

    assert waits_for(bodies, times) == times


@pytest.mark.parametrize(
    ("number", "times", "part"),
    [
        (magic.UNDELIVERED, 1, b'"success": false'),
        (magic.NO_RECEIPT, 0, b""),
        (magic.REPEATED_RECEIPT, 3, b'"success": true'),
    ],
)
def test_some_numbers_have_receipts_of_their_own(open_client, receiver, number, times, part):
    url, bodies, said = receiver
    said.append(OK)
    client = open_client(aliyun_receipts=url, receipt_delay=0.01)
    aliyun(client, form(number))

    assert waits_for(bodies, times) == times
    assert all(part in body for body in bodies)
