"""A node as an operator runs it: ``serve`` with its children, on engines that the rig may break.

Whoever runs it in production has something that starts ``serve`` again when it has died
(``Restart=on-failure`` in deploy/systemd); ``Node`` does that and nothing else by hand.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text

from idp.settings import ROOT
from tests.engines import pairs, postgres, redis_servers
from tests.engines.processes import Server, spare_port
from tests.faults.proxy import Proxy

REDIS_PATIENCE, SQL_PATIENCE = 1.0, 2.0
"""Seconds the node waits for an answer of either engine."""
WORKERS = 2
OVERLAP = 32
"""Seconds a new signing key is published before it signs: a process looks every 30 s."""
_RESTART_AFTER = 0.3
_PLENTY = 1_000_000
_OURS = (b"idp", b"granian", b"valkey-server")


@dataclass
class Engines:
    """Where the engines of a node are; what is empty the node brings along itself."""

    name: str
    database_url: str = ""
    redis_url: str = ""
    sql: Server | None = None
    redis: Server | None = None
    redis_dir: Path | None = None
    proxies: dict[str, Proxy] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        return self.name == "embedded"


@contextmanager
def engines(name: str, directory: Path, *, proxied: bool = False) -> Iterator[Engines]:
    """PostgreSQL and Redis of the rig's own, or none at all: then ``serve`` owns a Valkey."""
    if name == "embedded":
        yield Engines(name)
        return
    pairs.require(redis_servers.redis_missing())
    pairs.require(postgres.missing())
    with ExitStack() as stack:
        url, sql = stack.enter_context(postgres.server(directory / "pg", *postgres.KILLABLE))
        redis_url, redis = stack.enter_context(redis_servers.single(directory / "redis"))
        made = Engines(name, url, redis_url, sql, redis, directory / "redis")
        if proxied:
            port = url.rpartition("port=")[2]
            made.proxies = {
                "sql": stack.enter_context(Proxy.to(directory / f"pg/.s.PGSQL.{port}")),
                "redis": stack.enter_context(Proxy.to(directory / "redis/s")),
            }
            made.database_url = (
                f"postgresql+psycopg://hutong@127.0.0.1:{made.proxies['sql'].port}/postgres"
            )
            made.redis_url = f"redis://127.0.0.1:{made.proxies['redis'].port}"
        yield made


class Node:
    """The running node; whoever ends ``serve`` from outside sees it started again."""

    def __init__(self, directory: Path, engines: Engines, outside_url: str, issuer: str = ""):
        self.directory, self.engines = directory, engines
        self.var_dir, self.log = directory / "var", directory / "serve.log"
        self.port = spare_port()
        self.issuer = issuer or f"http://localhost:{self.port}"
        self.extra: dict[str, str] = {}
        self.restarts = 0
        self._file = directory / "hutong.toml"
        self._file.write_text(_settings(self, outside_url), "utf-8")
        self._ending = threading.Event()
        self.db_upgrade()
        self.server = self._launch()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "HUTONG_CONFIG": str(self._file), "HUTONG_ENVIRONMENT": "testing"}

    def get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20)
        except httpx.HTTPError:
            return None

    def ready(self) -> bool:
        answer = self.get("/health/ready")
        return answer is not None and answer.status_code == 200

    def settled(self) -> bool:
        """Ready, and by its own children: not by what a killed ``serve`` left behind."""
        try:
            own = _descendants(self.server.process.pid)
            needed = ["web", "worker", *(["valkey"] if self.engines.embedded else [])]
            return all(self.pid(name) in own for name in needed) and self.ready()
        except (FileNotFoundError, ValueError, AttributeError):
            return False

    def command(self, *words: str, check: bool = True) -> str:
        """What ``python -m idp …`` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "idp", *words],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"idp {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def db_upgrade(self) -> None:
        """A database that others share is the operator's to upgrade, before the start."""
        if not self.engines.embedded:
            self.command("db", "upgrade")

    def pid(self, name: str) -> int:
        """Of ``serve``, ``web``, ``worker``, ``valkey``."""
        if name == "serve":
            return self.server.process.pid
        folder = "valkey" if name == "valkey" else "run"
        return int((self.var_dir / folder / f"{name}.pid").read_text())

    def web_workers(self) -> list[int]:
        """The processes that answer requests, whatever web server starts them."""
        found = _descendants(self.pid("web"))
        return [pid for pid in found if not _descendants(pid) and _threads(pid) > 1] or found

    def sql_scalar(self, statement: str) -> object:
        engine = create_engine(self.engines.database_url or f"sqlite:///{self.var_dir}/hutong.db")
        try:
            with engine.connect() as connection:
                return connection.execute(text(statement)).scalar()
        finally:
            engine.dispose()

    def restart(self, **extra: str) -> None:
        """Stop in order, start again with more in the environment."""
        self._ending.set()
        self._keeper.join()
        self.server.stop()
        self.extra = extra
        self._ending.clear()
        self.server = self._launch()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        self._ending.set()
        self._keeper.join()
        left = _descendants(self.server.process.pid)
        self.server.stop()
        for pid in left:  # only what a killed parent could not end itself
            _kill(pid)

    def log_since(self, offset: int) -> str:
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")

    def _launch(self) -> Server:
        command = [sys.executable, "-m", "idp", "serve"]
        own = {**self.environ, **self.extra}
        return Server(command, self.log, self.ready, cwd=ROOT, env=own, start_new_session=True)

    def _keep(self) -> None:
        """What systemd does: Restart=on-failure."""
        while not self._ending.wait(0.1):
            if self.server.process.poll() is None:
                continue
            time.sleep(_RESTART_AFTER)
            if not self._ending.is_set():
                self.server = self._launch()
                self.restarts += 1


def _settings(node: Node, outside: str) -> str:
    """Limits that tell one person from many are lifted: all the load has one address."""
    return f"""
issuer = "{node.issuer}"
var_dir = "{node.var_dir}"

[store]
database_url = "{node.engines.database_url}"
redis_url = "{node.engines.redis_url}"
redis_timeout = {REDIS_PATIENCE}
database_timeout = {SQL_PATIENCE}

[serve]
port = {node.port}
workers = {WORKERS}

[keys]
signing_overlap = {OVERLAP}

[development]
allow_loopback = true

[login]
captcha_after = {_PLENTY}
address_failures = {_PLENTY}
range_failures = {_PLENTY}
account_failures = {_PLENTY}
code_requests = {_PLENTY}
code_failures = {_PLENTY}

[risk]
rules = "{os.devnull}"

[sms]
providers = ["aliyun", "tencent"]
number_minute = {_PLENTY}
number_hour = {_PLENTY}
number_day = {_PLENTY}
device_day = {_PLENTY}
address_hour = {_PLENTY}
day_budget = {_PLENTY}
[sms.aliyun]
endpoint = "{outside}/aliyun/"
access_key_id = "sandbox-ak"
access_key_secret = "sandbox-secret"
template = "SMS_1000000"

[sms.tencent]
endpoint = "{outside}/tencent/"
secret_id = "sandbox-id"
secret_key = "sandbox-key"
app_id = "1400000000"
template = "1000000"
"""


def _descendants(pid: int) -> list[int]:
    """Every process below ``pid``."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    found: list[int] = []
    for task in tasks:
        try:
            children = [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found


def _threads(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return 0


def _kill(pid: int) -> None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if any(mark in command for mark in _OURS):
            os.kill(pid, signal.SIGKILL)
    except OSError:
        return


def until(holds: Callable[[], bool], what: str, seconds: float) -> float:
    """How long it took."""
    before = time.monotonic()
    while not holds():
        assert time.monotonic() - before < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - before


@contextmanager
def short_directory() -> Iterator[Path]:
    """Sockets want short paths, and PostgreSQL's user a way in."""
    directory = Path(tempfile.mkdtemp(prefix="hutong-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
