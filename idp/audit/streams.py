"""From Redis to SQL: every event at least once delivered, exactly once kept."""

from typing import Any

import structlog

from idp.audit import rows
from idp.store import audit, audit_streams

BATCH = 200
"""Events read from each bucket at a time."""

log = structlog.get_logger(__name__)


def copy_streams(batch: int = BATCH) -> int:
    """Copy what waits in the streams; forget it there only when SQL has it. How many.

    Killed anywhere, the next run copies again: an event's id makes that harmless.
    """
    total = 0
    while waiting := audit_streams.read(batch):
        found = [row for entries in waiting.values() for _, raw in entries for row in _row(raw)]
        if found:
            audit.add_all(found)
        audit_streams.forget({b: [id_ for id_, _ in es] for b, es in waiting.items()})
        total += len(found)
        if max(map(len, waiting.values())) < batch:
            break
    return total


def backlog() -> int:
    """Events waiting to be copied; too many make the node unready."""
    return audit_streams.waiting()


def _row(raw: bytes) -> list[dict[str, Any]]:
    try:
        return [rows.unpacked(raw)]
    except ValueError:
        log.error("audit event unreadable, set aside", code="HT-7101", size=len(raw))
        audit_streams.set_aside(raw)
        return []
