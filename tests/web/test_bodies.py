"""Places to read a body: given back, waited for a moment, refused to who is behind slow ones."""

import threading
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from idp.settings import Settings
from idp.web.bodies import Bodies

TAKES = 0.01
"""Seconds an honest body takes on a machine that is very busy."""


class Slow(BytesIO):
    """A body whose last byte comes when the client likes."""

    def __init__(self, come: threading.Event, timeout: float | None = None):
        super().__init__(b"a=b")
        self._come, self._timeout = come, timeout

    def read(self, size: int | None = -1) -> bytes:
        self._come.wait(self._timeout)
        return super().read(size)


@pytest.fixture
def bodies() -> Bodies:
    return Bodies(_answers, Settings(environment="testing"))


def _answers(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def ask(bodies: Bodies, body: BytesIO, address: str = "203.0.113.7") -> str:
    said: list[str] = []
    environ = {"REMOTE_ADDR": address, "CONTENT_LENGTH": "3", "wsgi.input": body}
    bodies(environ, lambda status, headers: said.append(status))
    return said[0]


def together(count: int, work: Any) -> list[str]:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_a_portal_that_asks_often_from_one_address_is_never_refused(bodies: Bodies) -> None:
    """All threads read at one moment, each for longer than any honest body takes."""
    threads = Settings(environment="testing").serve.threads

    said = together(threads, lambda: ask(bodies, Slow(threading.Event(), TAKES)))

    assert said == ["200 OK"] * threads


def test_behind_slow_bodies_of_its_network_a_body_is_refused(bodies: Bodies) -> None:
    come = threading.Event()
    slow = threading.Thread(target=lambda: together(2, lambda: ask(bodies, Slow(come))))
    slow.start()
    try:
        while bodies.waiting() < 2:
            come.wait(0.001)

        assert ask(bodies, BytesIO(b"a=b")).startswith("503")
        assert ask(bodies, BytesIO(b"a=b"), "198.51.100.7") == "200 OK"
    finally:
        come.set()
        slow.join()
