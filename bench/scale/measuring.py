"""The whole measurement, in the order that lets nothing disturb what comes after it."""

import platform
import random
import time
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
_STARTS = 3
_SIGNATURES = 2000


def measure(
    databases: list[str], directory: Path, keys: Path, count: int, seconds: float
) -> dict[str, Any]:
    """Everything, smallest database first; ``seconds`` is how long the load of 64 lasts."""
    with prepared(databases, directory, keys) as nodes:
        nodes.sort(key=lambda node: node.accounts)
        found: dict[str, Any] = {"machine": _machine(nodes[0])}
        found["start_seconds"] = {node.accounts: _starts(node) for node in nodes}
        for node in nodes:
            node.start()
        found["rounds"] = measured.table(rounds.run(nodes, count, rounds.Work()))
        found["cold_look_up"] = {node.accounts: _cold(node) for node in nodes}
        found["load"] = {node.accounts: loads.under_load(node, seconds) for node in nodes[::3]}
        found["tables"] = {node.accounts: sizes.of_tables(node) for node in nodes[-1:]}
        found["session"] = sizes.of_a_session(nodes[0], directory)
        found["event"] = sizes.of_an_event(nodes[0])
        found["idle_cpu_per_second"] = _idle(nodes[-1])
        found["signatures"] = _signatures()
        found["load_average_at_the_end"] = Path("/proc/loadavg").read_text("ascii").split()[:3]
        return found


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
    phones = [people.phone(chance.randrange(node.accounts)) for _ in range(_COLD)]
    wall = sorted(second * 1000 for second in lookups.look_up(node, phones).wall)
    p50, p99 = wall[len(wall) // 2], wall[int(len(wall) * 0.99)]
    return {"p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "worst_ms": round(wall[-1], 2)}


def _idle(node: Node) -> dict[str, float]:
    """What a node costs that nobody uses, in milliseconds of CPU a second."""
    before = node.spent()
    time.sleep(10)
    return {who: round((value - before[who]) * 100, 2) for who, value in node.spent().items()}


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
