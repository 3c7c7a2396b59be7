"""``python -m tests.engines.install``: fetch from the system's packages what the tests want.

What it may not install it names, and says how to; with CI=true that is a failure.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.engines import postgres, redis_servers

CLIENTS = Path(__file__).parent.parent / "clients_js"


@dataclass(frozen=True)
class Wanted:
    what: str
    package: str
    present: bool


def wanted() -> list[Wanted]:
    return [
        Wanted("PostgreSQL", "postgresql", not postgres.missing()),
        Wanted("Redis", "redis-server", not redis_servers.redis_missing()),
        Wanted("Chromium", "chromium", bool(shutil.which("chromium"))),
        Wanted("Chinese fonts", "fonts-noto-cjk", _has_chinese_fonts()),
        Wanted("Node.js", "nodejs", bool(shutil.which("node"))),
        Wanted("npm", "npm", bool(shutil.which("npm"))),
    ]


def main() -> int:
    if missing := [each for each in wanted() if not each.present]:
        _install([each.package for each in missing])
    left = [each for each in wanted() if not each.present]
    for each in left:
        _say(f"{each.what} is missing and its tests cannot run: apt-get install {each.package}")
    ready = _packages_of_node() and not left
    return 1 if os.environ.get("CI") == "true" and not ready else 0


def _has_chinese_fonts() -> bool:
    if not shutil.which("fc-list"):
        return False
    found = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False)
    return bool(found.stdout)


def _install(packages: list[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    _say(f"Installing {' '.join(packages)} …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
    subprocess.run(
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages],
        env=quiet,
        check=False,
        stdout=subprocess.DEVNULL,
    )


def _packages_of_node() -> bool:
    """The client libraries of others, as pinned in tests/clients_js."""
    lock = CLIENTS / "package-lock.json"
    done = CLIENTS / "node_modules" / ".package-lock.json"
    if not lock.exists() or (done.exists() and done.stat().st_mtime >= lock.stat().st_mtime):
        return True
    npm = shutil.which("npm")
    if npm and subprocess.run([npm, "ci", "--silent"], cwd=CLIENTS, check=False).returncode == 0:
        return True
    _say("The npm packages of tests/clients_js could not be installed: run `npm ci` there")
    return False


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
