"""One event as a row: complete, cut to fit, and marked as ours from the moment it happened."""

from collections.abc import Mapping
from datetime import UTC, datetime
from operator import gt, itemgetter
from typing import Any, cast

import orjson

from idp.audit.context import current
from idp.audit.events import Event
from idp.crypto.sealing import Sealed, Sealer
from idp.current import OfTheApp
from idp.store.audit import LIMITS, SOURCE
from idp.store.engines import new_id
from idp.store.types import now

_MAC = "audit.event"
_sealer = cast(Sealer, OfTheApp("sealer"))
_TEXTS = (
    *("id", "action", "account", "acting_for", "role", "channel", "region", "terminal"),
    *("client_id", "outcome", "reason", "request_id"),
)
_MOST = tuple(LIMITS[name] for name in _TEXTS)
_COVERED = (*_TEXTS, "details")
_covered = itemgetter(*_COVERED)
_TAKEN = {**LIMITS, "mac": 64}
FIELDS = (*_COVERED, "at", "source", "mac")


def of(event: Event) -> dict[str, Any]:
    """The row of ``event``, happening now in the current context."""
    context = current()
    texts: dict[str, str] = {  # in the order of _TEXTS
        "id": new_id(),
        "action": event.action,
        "account": event.account,
        "acting_for": event.acting_for or context.acting_for,
        "role": event.role or context.role,
        "channel": context.channel,
        "region": context.region,
        "terminal": context.terminal,
        "client_id": event.client_id,
        "outcome": event.outcome,
        "reason": event.reason,
        "request_id": context.request_id,
    }
    lengths = map(len, texts.values())
    if any(map(gt, lengths, _MOST)) or "\0" in "".join(texts.values()):
        texts = {name: _fitted(name, text) for name, text in texts.items()}
    row: dict[str, Any] = dict(texts)
    row["details"] = orjson.dumps(event.details(), option=orjson.OPT_SORT_KEYS).decode()
    row["at"] = now()
    row["source"] = _sealer.seal(SOURCE, context.address) if context.address else None
    row["mac"] = _sealer.tag(_MAC, _content(row, context.address))
    return row


def packed(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps({**row, "at": _moment(row["at"])})


def unpacked(raw: bytes) -> dict[str, Any]:
    """A row as it was packed; ValueError when it is none."""
    found = orjson.loads(raw)
    if not isinstance(found, dict) or found.keys() != set(FIELDS):
        raise ValueError("not an audit event")
    if not all(isinstance(found[name], str) for name in FIELDS if name != "source"):
        raise ValueError("not an audit event")
    if any(len(found[name]) > limit for name, limit in _TAKEN.items()) or b"\\u0000" in raw:
        raise ValueError("not an audit event")
    at = datetime.fromisoformat(found["at"])
    if at.tzinfo is None:
        raise ValueError("not an audit event")
    source = None if found["source"] is None else Sealed(found["source"])
    return {**found, "at": at, "source": source}


def is_ours(row: Mapping[str, Any]) -> bool:
    """Whether the row says what it said when it was made."""
    address = _sealer.open(SOURCE, row["source"]) if row["source"] else ""
    return _sealer.is_genuine(_MAC, _content(row, address), row["mac"])


def _content(row: Mapping[str, Any], address: str) -> bytes:
    """All that the mark covers; the address in clear, so that re-keying may seal it anew."""
    return orjson.dumps((*_covered(row), _moment(row["at"]), address))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _fitted(name: str, text: str) -> str:
    """What SQL takes: PostgreSQL refuses NUL, and long text would hold up the whole batch."""
    return text.replace("\0", "")[: LIMITS[name]]
