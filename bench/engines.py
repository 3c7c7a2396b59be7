"""PostgreSQL and Redis of the bench's own, from the system's packages, as production runs them."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Command, Program, running, spare_port

OLDEST = 15
_POSTGRES = Path("/usr/lib/postgresql")
# The disk is the same for everybody and not what is compared; no server is asked to wait for it.
_SETTINGS = ("synchronous_commit=off", "max_connections=100", "shared_buffers=256MB", "jit=off")


@dataclass(frozen=True)
class Postgres:
    program: Program
    directory: Path
    port: int

    def database(self, name: str) -> str:
        """Make an empty database; its URL without a driver."""
        command = [binaries() / "createdb", "-h", self.directory, "-p", self.port, "-U", "bench"]
        subprocess.run([str(word) for word in [*command, name]], check=True)
        return f"postgresql://bench@/{name}?host={self.directory}&port={self.port}"


@dataclass(frozen=True)
class Redis:
    program: Program
    port: int

    def url(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{number}"


@dataclass(frozen=True)
class Bed:
    """The engines everything stands on."""

    postgres: Postgres
    redis: Redis

    @property
    def programs(self) -> tuple[Program, ...]:
        return (self.postgres.program, self.redis.program)


def binaries() -> Path | None:
    """Where the newest PostgreSQL is that is new enough."""
    found = [each for each in _POSTGRES.glob("*/bin") if (each / "postgres").exists()]
    recent = [each for each in found if int(each.parent.name) >= OLDEST]
    return max(recent, key=lambda each: int(each.parent.name), default=None)


@contextmanager
def bed(directory: Path) -> Iterator[Bed]:
    with postgres(directory / "postgres") as sql, redis(directory / "redis") as memory:
        yield Bed(sql, memory)


@contextmanager
def postgres(directory: Path) -> Iterator[Postgres]:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    where, port, user = binaries(), spare_port(), _other_user(directory)
    data = directory / "data"
    make = [where / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(
        [str(word) for word in make], check=True, capture_output=True, cwd=directory, **user
    )  # type: ignore[call-overload]
    options = [f"-c{each}" for each in (*_SETTINGS, f"unix_socket_directories={directory}")]
    ready = [str(where / "pg_isready"), "-q", "-h", str(directory), "-p", str(port)]
    command = Command(
        "PostgreSQL",
        [where / "postgres", "-D", data, "-h", "", "-p", port, *options],
        directory.parent / "postgres.log",
        directory=directory,
        ends_by=signal.SIGINT,  # SIGTERM would wait for clients to leave
        user=user,
    )
    with running(command, lambda: subprocess.run(ready, check=False).returncode == 0) as program:
        yield Postgres(program, directory, port)


@contextmanager
def redis(directory: Path) -> Iterator[Redis]:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    port = spare_port()
    words = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", directory]
    kept = ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
    command = Command("Redis", [*words, *kept], directory.parent / "redis.log")
    ping = ["redis-cli", "-p", str(port), "ping"]
    with running(command, lambda: _says_pong(ping)) as program:
        yield Redis(program, port)


def versions() -> dict[str, str]:
    where = binaries()
    return {
        "PostgreSQL": _first_line([str(where / "postgres"), "--version"]).split()[2],
        "Redis": _first_line(["redis-server", "--version"]).split()[2].removeprefix("v="),
    }


def _says_pong(ping: list[str]) -> bool:
    said = subprocess.run(ping, capture_output=True, check=False)
    return said.stdout.strip() == b"PONG"


def _first_line(words: list[str]) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def _other_user(directory: Path) -> Mapping[str, object]:
    """PostgreSQL refuses to run as root: give the directory to somebody else and run as them."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    os.chown(directory, account.pw_uid, account.pw_gid)
    for parent in directory.parents:
        if parent.owner() == "root" and parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
