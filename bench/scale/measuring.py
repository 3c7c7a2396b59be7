"""The whole measurement, in the order that lets nothing disturb what comes after it."""

import platform
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import text

from bench.scale import loads, lookups, measured, people, rounds, sizes
from bench.scale.nodes import Node, prepared
from idp.store.engines import db

_COLD = 300
_REST = 10.0
_STARTS = 3
_SIGNATURES = 2000


def measure(
    databases: list[str], directory: Path, keys: Path, count: int, seconds: float
) -> Iterator[tuple[str, Any]]:
    """Yield each thing as soon as it is known; ``seconds`` is how long the load of 64 lasts."""
    with prepared(databases, directory, keys) as nodes:
        nodes.sort(key=lambda node: node.accounts)
        least, most = nodes[0], nodes[-1]
        yield "machine", _machine(least)
        for node in nodes:
            node.start()
        for node in nodes:
            node.rest(_REST)
        yield "idle", {node.accounts: node.idle for node in nodes}
        for series in rounds.run(nodes, count, rounds.Work()):
            yield "rounds", measured.table(series)
        yield "cold_look_up", {node.accounts: _cold(node) for node in nodes}
        yield "session", sizes.of_a_session(least, directory)
        yield "load", {node.accounts: loads.under_load(node, seconds) for node in (least, most)}
        yield "tables", {most.accounts: sizes.of_tables(most)}
        yield "event", sizes.of_an_event(least)
        yield "signatures", _signatures()
        for node in nodes:
            node.stop()
        yield "start_seconds", {node.accounts: _starts(node) for node in (least, most)}
        yield "load_average", Path("/proc/loadavg").read_text("ascii").split()[:3]


def _starts(node: Node) -> list[float]:
    taken = []
    for _ in range(_STARTS):
        taken.append(round(node.start(), 2))
        node.stop()
    return taken


def _cold(node: Node) -> dict[str, float]:
    """The first look-ups after the kernel has forgotten the database's files."""
    lookups.forget_pages(node)
    chance = random.Random(node.accounts)  # noqa: S311
    operator = lookups.Operator(node)
    for _ in range(_COLD):
        operator.finds(people.phone(chance.randrange(node.accounts)))
    wall = sorted(second * 1000 for second in operator.wall)
    p50, p99 = wall[len(wall) // 2], wall[int(len(wall) * 0.99)]
    return {"p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "worst_ms": round(wall[-1], 2)}


def _signatures() -> dict[str, float]:
    """Milliseconds of CPU for one signature, header and payload included."""
    made = {"ES256": ECKey.generate_key("P-256"), "RS256": RSAKey.generate_key(2048)}
    payload = b'{"iss":"https://id.example.gov.cn","sub":"' + b"s" * 200 + b'"}'
    found = {}
    for alg, key in made.items():
        began = time.process_time()
        for _ in range(_SIGNATURES):
            jws.serialize_compact({"alg": alg}, payload, key, algorithms=[alg])
        found[alg] = round((time.process_time() - began) / _SIGNATURES * 1000, 4)
    return found


def _machine(node: Node) -> dict[str, str]:
    with node.app.app_context(), db.engine.connect() as connection:
        postgres = str(connection.scalar(text("SHOW server_version")))
    server: redis.Redis = node.redis
    model = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": f"{len(model)} x {model[0]}",
        "python": platform.python_version(),
        "postgresql": postgres,
        "redis": str(server.info("server")["redis_version"]),
    }
