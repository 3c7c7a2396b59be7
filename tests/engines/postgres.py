"""A PostgreSQL of the tests' own, from the system's packages, on a Unix socket."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.processes import Server, spare_port

VERSIONS = Path("/usr/lib/postgresql")
WITHOUT = (
    "PostgreSQL 15+ is not installed (Debian: apt-get install postgresql; "
    "`make test` does it when it may)"
)
# A test may lose its data in a crash; it may not wait for the disk.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")
# Killed, but with the machine still there: nothing that was committed may be lost.
KILLABLE = ("fsync=off", "max_connections=60")
OLDEST = 15


def missing() -> str:
    """Why PostgreSQL cannot run here, "" when it can."""
    if _binaries() is None:
        return WITHOUT
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`"
    return ""


@contextmanager
def postgres(directory: Path) -> Iterator[str]:
    """Yield the URL of an empty database."""
    with server(directory, *FAST) as (url, _):
        yield url


@contextmanager
def server(directory: Path, *settings: str) -> Iterator[tuple[str, Server]]:
    """Yield the URL of an empty database and the server it is on."""
    binaries, port = _binaries(), spare_port()
    assert binaries is not None
    directory.mkdir(parents=True, exist_ok=True)
    user = _hand_over(directory)
    data = directory / "data"
    _run([binaries / "initdb", "-D", data, "-U", "hutong", "-A", "trust", "-E", "UTF8",
          "--no-sync", "--locale=C.UTF-8"], directory, user)  # fmt: skip
    options = [f"-c{each}" for each in (*settings, f"unix_socket_directories={directory}")]
    ready = [str(binaries / "pg_isready"), "-q", "-h", str(directory), "-p", str(port)]
    running = Server(
        [str(binaries / "postgres"), "-D", str(data), "-h", "", "-p", str(port), *options],
        directory / "postgres.log",
        lambda: subprocess.run(ready, check=False).returncode == 0,
        ends_by=signal.SIGINT,  # SIGTERM would wait for clients to leave
        cwd=directory,
        **user,
    )
    try:
        yield f"postgresql+psycopg://hutong@/postgres?host={directory}&port={port}", running
    finally:
        running.stop()


def _binaries() -> Path | None:
    found = [path for path in VERSIONS.glob("*/bin") if (path / "postgres").exists()]
    recent = [path for path in found if int(path.parent.name) >= OLDEST]
    if recent:
        return max(recent, key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _account() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _hand_over(directory: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root: give the directory to somebody else and run as them."""
    account = _account()
    if os.geteuid() != 0 or account is None:
        return {}
    os.chown(directory, account.pw_uid, account.pw_gid)
    for parent in directory.parents:
        if parent.owner() == "root" and parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(command: list[object], directory: Path, user: dict[str, object]) -> None:
    subprocess.run(
        [str(part) for part in command], check=True, cwd=directory, capture_output=True, **user
    )  # type: ignore[call-overload]
