"""What the bench needs of the system, of npm and of PyPI; what is missing it says plainly."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bench import engines

HERE = Path(__file__).parent
ROOT = HERE.parent
VAR = ROOT / "var" / "bench"
SERVERS = HERE / "peer_servers"


class Missing(Exception):
    """Something is not there and may not be installed; the text says what and how."""


@dataclass(frozen=True)
class Wanted:
    what: str
    package: str
    present: bool


@contextmanager
def alone() -> Iterator[None]:
    """One bench at a time: two would measure each other, and share a directory."""
    VAR.mkdir(parents=True, exist_ok=True)
    with (VAR / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another bench is running here; waiting for its end …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def system() -> None:
    """PostgreSQL, Redis, wrk and npm from the system's packages."""
    if missing := [each for each in _wanted() if not each.present]:
        _apt([each.package for each in missing])
    if left := [each for each in _wanted() if not each.present]:
        names = " ".join(each.package for each in left)
        what = ", ".join(each.what for each in left)
        raise Missing(f"{what} missing and only root may install it: apt-get install {names}")


def node_packages(name: str) -> Path:
    """The npm packages of a peer, in a directory of their own under var/."""
    source, home = SERVERS / name, VAR / name
    wanted = source / "package-lock.json"
    home.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        shutil.copy(file, home)
    if not _is_done(home, wanted):
        say(f"Installing the npm packages of {name} …")
        _run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], home)
        _mark_done(home, wanted)
    return home


def python_packages(name: str) -> Path:
    """A virtual environment of a peer's own; returns its ``bin``."""
    wanted, home = SERVERS / name / "requirements.txt", VAR / name
    binaries = home / "venv" / "bin"
    if not _is_done(home, wanted):
        say(f"Installing the Python packages of {name} …")
        home.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(home / "venv")], home)
        pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet"]
        _run([*pip, "--disable-pip-version-check", "-r", str(wanted)], home)
        _mark_done(home, wanted)
    return binaries


def versions() -> dict[str, str]:
    """Of the peers, as pinned."""
    npm = json.loads((SERVERS / "node" / "package.json").read_text("utf-8"))["dependencies"]
    found = {("Node.js" if name == "node" else name): each for name, each in npm.items()}
    pinned = (SERVERS / "django_toolkit" / "requirements.txt").read_text("ascii").split()
    wanted = ("django==", "django-oauth-toolkit==", "gunicorn==")
    return found | dict(line.split("==") for line in pinned if line.startswith(wanted))


def say(text: str) -> None:
    """Progress goes to standard error: standard output is for the results."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _wanted() -> list[Wanted]:
    return [
        Wanted("PostgreSQL 15+", "postgresql", engines.binaries() is not None),
        Wanted("Redis", "redis-server", bool(shutil.which("redis-server"))),
        Wanted("wrk", "wrk", bool(shutil.which("wrk"))),
        Wanted("npm", "npm", bool(shutil.which("npm"))),
    ]


def _apt(packages: list[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    say(f"Installing {' '.join(packages)} …")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        subprocess.run(command, env=quiet, check=False, stdout=sys.stderr)


def _run(command: list[str], directory: Path) -> None:
    done = subprocess.run(command, cwd=directory, check=False, stdout=sys.stderr)
    if done.returncode:
        raise Missing(f"`{' '.join(command)}` failed in {directory}")


def _is_done(home: Path, wanted: Path) -> bool:
    mark = home / ".installed"
    return mark.exists() and mark.read_text() == _digest(wanted)


def _mark_done(home: Path, wanted: Path) -> None:
    (home / ".installed").write_text(_digest(wanted))


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
