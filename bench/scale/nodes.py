"""Whole nodes, one for each database to compare, each with a Redis of its own."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import Popen

import flask
import redis
from sqlalchemy import text

import idp
from bench.scale import cost, ledger, people
from bench.scale.phones import Phones
from bench.scale.walks import Portal
from idp import settings, standing
from idp.settings import Settings
from idp.store import audit_streams
from idp.store.clients import Client
from idp.store.engines import db
from tests.engines import processes, redis_servers

PATIENCE = 60.0
PORTAL = "scale-portal"
_URI = "https://scale-portal.example.gov.cn/callback"
_STATUTE = {
    "name": "并网测量",
    "redirect_uris": [_URI],
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid phone",
    "legal_basis": "statutory",
    "statute": "measured",
    "claims": ["phone_number", "phone_number_verified"],
}
_BACKENDS = text("SELECT pid, application_name FROM pg_stat_activity WHERE datname = :name")


@dataclass
class Node:
    """The web server and the worker of a node, and the app behind them in this process."""

    database: str
    redis_url: str
    redis_pid: int
    directory: Path
    keys: Path
    accounts: int = 0
    port: int = field(default_factory=processes.spare_port)
    children: dict[str, Popen[bytes]] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)
    """Seconds of CPU a second that it costs to wait for work."""

    @cached_property
    def strangers(self) -> Iterator[int]:
        """Its people in no order, nobody twice until all have been."""
        return people.strangers(self.accounts)

    @cached_property
    def phones(self) -> Phones:
        return Phones(self.directory / "outbox.jsonl")

    @cached_property
    def app(self) -> flask.Flask:
        return idp.create_app(self.configured)

    @cached_property
    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url)

    @cached_property
    def configured(self) -> Settings:
        return settings.load(
            environment="development",
            issuer=f"http://127.0.0.1:{self.port}",
            var_dir=self.directory,
            log_level="warning",
            keys={"file": self.keys},
            store={"database_url": self.database, "redis_url": self.redis_url},
            serve={"port": self.port, "trusted_proxies": ("127.0.0.1",)},
            sms={"day_budget": 10**9},
        )

    @cached_property
    def portal(self) -> Portal:
        """A portal that stands on a statute: nobody has to agree, and no page is shown."""
        with self.app.app_context():
            if db.session.get(Client, PORTAL) is None:
                secret = standing.create_client(PORTAL, _STATUTE)
            else:
                secret = standing.rotate_secret(PORTAL)
        return Portal(PORTAL, secret, _URI)

    def start(self, threads: int = 8) -> float:
        """Start both processes; returns after how many seconds the node called itself ready."""
        began = time.monotonic()
        self._child("worker", "worker")
        self._child("web", "serve", "--no-worker", "--threads", str(threads))
        while not self._ready():
            if time.monotonic() > began + PATIENCE:
                raise TimeoutError(f"not ready; see {self.directory}/web.log")
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> None:
        for child in self.children.values():
            child.terminate()
        for child in self.children.values():
            child.wait(30)
        self.children.clear()

    def web_workers(self) -> list[int]:
        """The processes that run the app, not those that watch them."""
        below = cost.tree(self.children["web"].pid)[1:]
        return [pid for pid in below if len(cost.tree(pid)) == 1]

    def spent(self) -> dict[str, float]:
        """Seconds of CPU so far, by who spent them."""
        backends = self._backends()
        return {
            "web": cost.cpu(cost.tree(self.children["web"].pid)),
            "worker": cost.cpu(cost.tree(self.children["worker"].pid)),
            "redis": cost.cpu([self.redis_pid]),
            **{f"pg_{who}": cost.cpu(pids) for who, pids in backends.items()},
        }

    def rest(self, seconds: float) -> None:
        """Learn what it costs when nobody comes."""
        before = self.spent()
        time.sleep(seconds)
        after = self.spent()
        self.idle = {who: (after[who] - before[who]) / seconds for who in after}

    def settled(self) -> None:
        """Wait until the worker has copied and chained what happened."""
        with self.app.app_context():
            deadline = time.monotonic() + PATIENCE
            while audit_streams.waiting() and time.monotonic() < deadline:
                time.sleep(0.1)
        time.sleep(0.3)

    def connections(self) -> dict[str, int]:
        """How many connections there are by now, to PostgreSQL by who holds them."""
        held = {f"pg_{who}": len(pids) for who, pids in self._backends().items()}
        return held | {"redis": len(self.redis.client_list())}

    def _backends(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {"web": [], "worker": []}
        with self.app.app_context(), db.engine.connect() as connection:
            name = connection.engine.url.database
            for pid, who in connection.execute(_BACKENDS, {"name": name}):
                if who in found:
                    found[who].append(pid)
        return found

    def _child(self, name: str, *arguments: str) -> None:
        given = self.configured
        environ = {
            "HUTONG_ENVIRONMENT": given.environment,
            "HUTONG_ISSUER": given.issuer,
            "HUTONG_VAR_DIR": str(self.directory),
            "HUTONG_KEYS__FILE": str(self.keys),
            "HUTONG_STORE__DATABASE_URL": self.database,
            "HUTONG_STORE__REDIS_URL": self.redis_url,
            "HUTONG_SERVE__PORT": str(self.port),
            "HUTONG_SERVE__TRUSTED_PROXIES": "[127.0.0.1]",
            "HUTONG_SMS__DAY_BUDGET": str(given.sms.day_budget),
            "HUTONG_LOG_FORMAT": "json",
            "PGAPPNAME": name,
        }
        with (self.directory / f"{name}.log").open("ab") as log:
            self.children[name] = Popen(
                [sys.executable, "-m", "idp", *arguments],
                env={**os.environ, **environ},
                stdout=log,
                stderr=log,
            )

    def _ready(self) -> bool:
        url = f"http://127.0.0.1:{self.port}/health/ready"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def prepared(databases: list[str], directory: Path, keys: Path) -> Iterator[list[Node]]:
    """A node for each database, not started yet. Afterwards everything of theirs has stopped."""
    with ExitStack() as stack:
        nodes = []
        for number, database in enumerate(databases):
            own = directory / f"node{number}"
            own.mkdir(parents=True)  # what an earlier run left there would be met again
            started = stack.enter_context(redis_servers.single(own / "redis"))
            node = Node(database, started[0], started[1].process.pid, own, keys)
            with node.app.app_context(), db.engine.connect() as connection:
                node.accounts = ledger.filled(connection)
            stack.callback(node.stop)
            nodes.append(node)
        yield nodes
