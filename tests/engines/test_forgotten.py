"""A firewall that forgets quiet connections: one that hangs speaks for all the others."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import TimeoutError as Silence

from idp import settings
from idp.store import servers
from tests.engines import redis_servers
from tests.engines.pairs import require
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.slow

PATIENCE = 0.5
THREADS = 6


class Crowd:
    """Threads that each keep a line of their own, and ask when they are told to."""

    def __init__(self, client: Any):
        self.client = client
        self._turn = threading.Barrier(THREADS + 1)
        self._ask: Callable[[], object] | None = None
        self.failed: list[Exception] = []
        for _ in range(THREADS):
            threading.Thread(target=self._run, daemon=True).start()

    def all_ask(self, ask: Callable[[], object]) -> float:
        """Everybody at once; returns how many seconds it took."""
        self._ask, self.failed = ask, []
        before = time.monotonic()
        self._turn.wait()
        self._turn.wait()
        return time.monotonic() - before

    def _run(self) -> None:
        while True:
            self._turn.wait()
            assert self._ask is not None
            try:
                self._ask()
            except Exception as error:
                self.failed.append(error)
            self._turn.wait()


@pytest.fixture
def wire() -> Iterator[Proxy]:
    require(redis_servers.redis_missing())
    with (
        tempfile.TemporaryDirectory(prefix="forgot-") as directory,
        redis_servers.single(Path(directory)),
        Proxy.to(Path(directory) / "s") as proxy,
    ):
        yield proxy


@pytest.fixture
def crowd(wire: Proxy) -> Iterator[Crowd]:
    url = f"redis://127.0.0.1:{wire.port}"
    chosen = settings.load(
        environment="testing", store={"redis_url": url, "redis_timeout": PATIENCE}
    )
    client: Any = servers.connect(chosen)
    yield Crowd(client)
    client.close()


def test_lines_of_other_threads_are_opened_anew_after_one_that_hung(
    wire: Proxy, crowd: Crowd
) -> None:
    crowd.all_ask(lambda: crowd.client.ask(("PING",)))
    crowd.client.ask(("PING",))
    wire.forget()
    time.sleep(0.1)

    with pytest.raises(Silence):
        crowd.client.ask(("PING",))
    seconds = crowd.all_ask(lambda: crowd.client.ask(("PING",)))

    assert crowd.failed == []
    assert seconds < PATIENCE


def test_so_are_the_connections_of_the_pool_and_the_other_way_round(
    wire: Proxy, crowd: Crowd
) -> None:
    crowd.all_ask(lambda: crowd.client.ask(("PING",)))
    crowd.all_ask(lambda: crowd.client.blpop("nothing", timeout=PATIENCE / 5))
    wire.forget()
    time.sleep(0.1)

    with pytest.raises(Silence):
        crowd.client.get("x")
    assert crowd.all_ask(lambda: crowd.client.blpop("nothing", timeout=PATIENCE / 5)) < PATIENCE
    assert crowd.failed == []
    crowd.all_ask(lambda: crowd.client.ask(("PING",)))
    assert crowd.failed == []
