"""The node itself, installed as an operator would and started by its own command line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from bench import engines, install
from bench.browser import Answer, Browser
from bench.install import ROOT, VAR
from bench.processes import (
    BOTH_CORES,
    OTHER_CORES,
    SERVER_CORES,
    Command,
    Program,
    listens,
    pin,
    running,
    spare_port,
)
from bench.seed import PASSWORD, username_of
from bench.targets import ISSUER, Paths, Target

NAME = "hutong"
PATHS = Paths(
    "/oauth/authorize", "/oauth/token", "/oauth/userinfo", "/oauth/introspect", "/jwks.json"
)
THREADS = 8
"""As many as ``serve`` has by default."""
_PYTHON = sys.executable


@dataclass(frozen=True)
class Node:
    """A node that is set up and does not run yet."""

    directory: Path
    environ: Mapping[str, str]
    secrets: Mapping[str, str]
    gateway_port: int
    people: int


@dataclass(frozen=True)
class Serving:
    """How the web server is started; without ``words`` by the node's own ``serve``."""

    name: str = NAME
    workers: int = 1
    threads: int = THREADS
    words: Sequence[str] = field(default_factory=tuple)
    worker: bool = True
    """Whether the node's worker is started beside it."""

    @property
    def cores(self) -> frozenset[int]:
        return SERVER_CORES if self.workers == 1 else BOTH_CORES


@contextmanager
def set_up(name: str, store: Mapping[str, str], people: int) -> Iterator[Node]:
    """Settings, schema, portals and people; with an empty ``store`` on the embedded engines."""
    directory = VAR / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    environ = {
        "HUTONG_ENVIRONMENT": "testing",  # production would want the gateway behind TLS
        "HUTONG_CONFIG": str(directory / "hutong.toml"),
    }
    node = Node(directory, environ, {}, spare_port(), people)
    (directory / "hutong.toml").write_text(_settings(node, store))
    with ExitStack() as stack:
        if store:
            _call(node, "idp", "db", "upgrade")
        else:  # the first start brings the embedded engines up to date, and lends them to us
            stack.enter_context(_web(node, Serving(name)))
        install.say(f"Opening {people} accounts at {name} …")
        secrets = orjson.loads(_call(node, "bench.seed", str(people)))
    yield replace(node, secrets=secrets)


@contextmanager
def started(node: Node, serving: Serving) -> Iterator[Target]:
    """The web server on its core, the worker beside the engines."""
    log = VAR / "logs" / f"{serving.name}.log"
    back = Command("worker", [_PYTHON, "-m", "idp", "worker"], log, node.environ, ROOT)
    with ExitStack() as stack:
        program, port = stack.enter_context(_web(node, serving))
        companions = ()
        if serving.worker:
            companions = (stack.enter_context(running(back, lambda: True)),)
        yield Target(
            name=serving.name,
            port=port,
            program=program,
            paths=PATHS,
            secrets=node.secrets,
            signs_in=_signs_in,
            companions=companions,
        )


@contextmanager
def _web(node: Node, serving: Serving) -> Iterator[tuple[Program, int]]:
    port = spare_port()
    environ = node.environ | {
        "HUTONG_SERVE__PORT": str(port),
        "HUTONG_SERVE__WORKERS": str(serving.workers),
        "HUTONG_SERVE__THREADS": str(serving.threads),
    }
    if serving.words:  # ``serve`` tells its children by itself where to count
        counts = node.directory / "metrics"
        counts.mkdir(exist_ok=True)
        environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    words = [word.format(port=port) for word in serving.words] or [
        *(_PYTHON, "-m", "idp", "serve", "--no-worker")
    ]
    log = VAR / "logs" / f"{serving.name}.log"
    web = Command(serving.name, words, log, environ, ROOT, serving.cores)
    with running(web, lambda: listens(port)) as program:
        _move_engine_away(program)
        yield program, port


def _move_engine_away(web: Program) -> None:
    """The embedded Valkey is a child of ``serve``; it belongs to the other engines' core."""
    for pid in web.engines():
        pin(pid, OTHER_CORES)


def of_engines(bed: engines.Bed) -> dict[str, str]:
    url = bed.postgres.database("hutong").replace("postgresql://", "postgresql+psycopg://")
    return {"database_url": url, "redis_url": bed.redis.url(0)}


async def _signs_in(browser: Browser, url: str, number: int) -> Answer:
    """By password where the person is asked, and agreeing where the portal is new to them."""
    answer = await browser.visits(url)
    if "/login/" in answer.url:
        await browser.visits(f"{answer.url}&m=password")
        answer = await browser.presses(
            "login-submit", username=username_of(number), password=PASSWORD
        )
    if "/consent/" in answer.url:
        answer = await browser.presses("consent-allow")
    return answer


def _settings(node: Node, store: Mapping[str, str]) -> str:
    lines = [f'{name} = "{value}"' for name, value in store.items()]
    return "\n".join(
        [
            f'issuer = "{ISSUER}"',
            f'var_dir = "{node.directory}"',
            "[store]",
            *lines,
            "[serve]",
            'trusted_proxies = ["127.0.0.0/8"]',
            "[sms]",
            'providers = ["gateway"]',
            "[sms.gateway]",
            f'endpoint = "http://127.0.0.1:{node.gateway_port}/send"',
            'token = "bench-gateway"',
            "",
        ]
    )


def _call(node: Node, module: str, *arguments: str) -> bytes:
    done = subprocess.run(
        [_PYTHON, "-m", module, *arguments],
        # Thousands of rows in one statement may take longer than a page may.
        env=os.environ | dict(node.environ) | {"HUTONG_STORE__DATABASE_TIMEOUT": "PT1M"},
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)}: {done.stderr.decode()[-3000:]}")
    return done.stdout
