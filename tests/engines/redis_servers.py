"""A Valkey from the wheel, and a Redis from the system's packages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.store import embedded
from tests.engines.processes import listens, start, stop

WITHOUT = (
    "redis-server is not installed (Debian: apt-get install redis-server; "
    "`make test` does it when it may)"
)


@contextmanager
def valkey(directory: Path) -> Iterator[str]:
    """The binary a fresh installation uses, with the options it uses."""
    with _server(str(embedded.binary()), directory) as url:
        yield url


@contextmanager
def redis(directory: Path) -> Iterator[str]:
    with _server(str(shutil.which("redis-server")), directory) as url:
        yield url


def redis_missing() -> str:
    """Why Redis cannot run here, "" when it can."""
    return "" if shutil.which("redis-server") else WITHOUT


@contextmanager
def _server(binary: str, directory: Path) -> Iterator[str]:
    directory.mkdir(parents=True, exist_ok=True)
    socket = directory / "s"
    command = [binary, *embedded.options(directory, socket)]
    process = start(command, directory / "server.log", lambda: listens(socket))
    try:
        yield f"unix://{socket}"
    finally:
        stop(process)
