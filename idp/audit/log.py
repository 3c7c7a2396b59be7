"""The audit trail: record what happens, copy and chain it, prove it, hand it out, cut it."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from idp.audit import rows
from idp.audit.chain import Broken, Verdict, chain, cut, verify
from idp.audit.events import Event
from idp.audit.streams import backlog, copy_streams
from idp.store import audit, outbox, streams

__all__ = [
    "PASS_ON",
    "Broken",
    "Verdict",
    "backlog",
    "chain",
    "copy_streams",
    "cut",
    "entry",
    "export",
    "packed",
    "record",
    "verify",
]

PASS_ON = "signal"
"""The outbox kind of what those hear who listen to this node."""
_LEFT_OUT = {"source"}


def record(event: Event, session: Any = None) -> None:
    """Write ``event`` with the caller's change, in the caller's transaction."""
    audit.add(rows.of(event), session)
    if event.passed_on is not None:
        _pass_on(event, event.passed_on)


def _pass_on(event: Event, names: tuple[str, ...]) -> None:
    """With the change too, so that whoever listens hears of it, or it has not happened."""
    if not streams.any_():
        return
    details = event.details()
    outbox.add(
        PASS_ON,
        {
            "action": event.action,
            "account": details.get("target") or event.account,
            "at": time.time(),
            **{name: details[name] for name in names},
        },
    )


def entry(event: Event) -> dict[str, bytes]:
    """The fields of ``event`` for an XADD onto its bucket's stream."""
    return {"event": packed(event)}


def packed(event: Event) -> bytes:
    """The one field of ``entry``, for scripts that add it together with their writes."""
    return rows.packed(rows.of(event))


def export(since: datetime | None = None, until: datetime | None = None) -> Iterator[bytes]:
    """Chained events in order, a JSON object a line; source addresses stay behind."""
    head = audit.head()
    start = audit.latest_checkpoint()
    for row in audit.chained(start[0].seq if start else 0, head.seq, 1000):
        if (since and row["at"] < since) or (until and row["at"] >= until):
            continue
        shown = {name: value for name, value in row.items() if name not in _LEFT_OUT}
        shown["details"] = orjson.loads(row["details"])
        yield orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)
