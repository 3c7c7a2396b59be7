"""How many bytes things take: accounts and events in PostgreSQL, sessions in Redis."""

import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import text

from bench.scale import people
from bench.scale.nodes import Node
from bench.scale.walks import Visit
from idp.audit import context, events, rows
from idp.audit import log as audit
from idp.store import audit as audit_store
from idp.store.engines import db
from tests.engines import redis_servers

COPIES = 100_000
EVENTS = 50_000
_TAG = re.compile(r"\{([^}]*)\}")
_WORD = re.compile(r"[a-z]{1,12}")
_SIZES = text("""
    SELECT c.relname, c.reltuples::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.reltuples > 0
    ORDER BY pg_total_relation_size(c.oid) DESC
""")


def of_tables(node: Node) -> list[dict[str, Any]]:
    """Each table with its rows, and its bytes and its indexes' by account."""
    with node.app.app_context(), db.engine.connect() as connection:
        found = connection.execute(_SIZES).all()
    return [
        {
            "table": name,
            "rows": rows_,
            "table_bytes": size,
            "index_bytes": index,
            "per_account": round((size + index) / node.accounts, 1),
        }
        for name, rows_, size, index in found
    ]


def of_a_session(node: Node, directory: Path) -> dict[str, Any]:
    """What a sign-in and one portal leave in Redis, and what a hundred thousand of them take."""
    keys = _keys_of_a_sign_in(node)
    alone = {kind: node.redis.memory_usage(key, samples=0) for kind, key in keys.items()}
    with redis_servers.single(directory / "copies") as (url, _):
        copies = redis.Redis.from_url(url)
        grown = {kind: _grown_by_copies(node.redis, copies, key) for kind, key in keys.items()}
        copies.close()
    lives = {kind: round(node.redis.pttl(key) / 1000) for kind, key in keys.items()}
    return {"memory_usage": alone, "grown_by_each_of_100000": grown, "lives_seconds": lives}


def of_an_event(node: Node) -> dict[str, Any]:
    """An audit event's bytes in SQL, and how many a second can be copied and chained."""
    with node.app.app_context(), context.use(context.Context(address="203.0.113.7")):
        made = [
            rows.of(events.SignedIn(account=secrets.token_hex(16), methods=("sms",), acr="1"))
            for _ in range(EVENTS)
        ]
        before, began = _audit_bytes(), time.process_time()
        for first in range(0, EVENTS, 200):
            audit_store.add_all(made[first : first + 200])
        copied, began_chain = time.process_time(), time.perf_counter()
        audit.chain()
        seconds = time.perf_counter() - began_chain
        return {
            "bytes": round((_audit_bytes() - before) / EVENTS),
            "redis_bytes": len(rows.packed(made[0])),
            "copy_cpu_ms": round((copied - began) / EVENTS * 1000, 4),
            "chain_cpu_ms": round((time.process_time() - copied) / EVENTS * 1000, 4),
            "chained_per_second": round(EVENTS / seconds),
        }


def _keys_of_a_sign_in(node: Node) -> dict[str, bytes]:
    """One of each kind of key that a sign-in by message and a visit to a portal leave."""
    visit = Visit.begin(people.person(node.accounts - 7), node.port)
    before = set(node.redis.scan_iter(count=1000))
    visit.signs_in_by_sms(node.phones)
    visit.opens_portal(node.portal)
    visit.portal_refreshes(node.portal)
    new = set(node.redis.scan_iter(count=1000)) - before
    found = {}
    for key in sorted(new):
        kind = _kind(key.decode())
        if node.redis.type(key) != b"stream" and kind not in {"epoch", "audit"}:
            found[kind] = key
    visit.browser.close()
    return found


def _kind(key: str) -> str:
    """What a key is for: its words, without tags, digests and ids."""
    untagged = _TAG.sub(lambda found: "sms" if found[1] == "sms" else "", key)
    return ":".join(word for word in untagged.split(":") if _WORD.fullmatch(word))


def _grown_by_copies(source: redis.Redis, to: redis.Redis, key: bytes) -> float:
    """``used_memory`` for each more, keys and expiries of the same shape included."""
    value, lifetime = source.dump(key), max(1, source.pttl(key))
    to.flushall()
    before = to.info("memory")["used_memory"]
    for names in _batches(key):
        with to.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.restore(name, lifetime, value)
            pipe.execute()
    return round((to.info("memory")["used_memory"] - before) / COPIES, 1)


def _batches(key: bytes) -> Iterator[list[bytes]]:
    """Names as long as ``key``, all different."""
    for first in range(0, COPIES, 1000):
        yield [f"{n:0{len(key)}}".encode() for n in range(first, first + 1000)]


def _audit_bytes() -> int:
    with db.engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_total_relation_size('audit_event')")) or 0)
