"""The hash chain: each link binds an event to its place and to everything before it.

Links, head and checkpoints are made with a key outside the database. What an intruder in
SQL edits, deletes, moves or slips in shows; what they cut off the end, or roll back as a
whole, shows against the heads in the log and in Redis.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from idp.audit import rows
from idp.audit.errors import AuditBroken
from idp.audit.events import AuditCut
from idp.crypto.errors import CryptoError
from idp.store import audit, audit_streams
from idp.store.audit import Place
from idp.store.types import now, sealer

BATCH = 1000
_WRITTEN = re.compile(r"\d+:[a-z]+\.k\d+\.[\w-]+:[a-z]+\.k\d+\.[\w-]+")
"""How the log writes a head: its place, its link, its tag."""
_LINK, _HEAD, _CHECKPOINT = "audit.link", "audit.head", "audit.checkpoint"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Broken:
    """The first link that does not hold."""

    seq: int | None
    """Its place; None when the row has none."""
    event: str
    """The row's id, empty when the row is gone."""
    what: str


@dataclass(frozen=True)
class Verdict:
    checked: int
    head: int
    """The place of the last event."""
    broken: Broken | None = None

    @property
    def whole(self) -> bool:
        return self.broken is None


def chain(batch: int = BATCH) -> int:
    """Link the events that wait, oldest first, and sign the new head. How many."""
    total = 0
    while audit.is_waiting():
        with audit.writing() as writer:
            waiting = writer.waiting(batch)
            ours = [row for row in waiting if _is_ours(row)]
            if len(ours) < len(waiting):
                strange = [row["id"] for row in waiting if row not in ours]
                log.error("audit rows not made by this node", code="HT-7101", events=strange[:10])
                writer.refuse(strange)
            head = _extend(writer, ours)
        if ours:
            log.info("audit head", head=_written(head))
            audit_streams.remember_head(_written(head))
        total += len(ours)
        if len(waiting) < batch:
            break
    return total


def verify(logged: Iterable[str] = (), batch: int = BATCH) -> Verdict:
    """Prove the trail whole, or name its first broken link.

    ``logged`` are lines of the log, or heads cut out of it; lines without a head do not
    matter. The more heads, the less can be undone.
    """
    remembered = audit_streams.remembered_head()
    lines = [*logged, remembered or ""]
    heads = [found[0] for line in lines if (found := _WRITTEN.search(line))]
    start, head = _start(), audit.head()
    if isinstance(start, Broken):
        return Verdict(0, head.seq, start)
    if forged := _forged_head(head, heads):
        return Verdict(0, head.seq, forged)
    upto = max(head.seq, start.seq)
    checked, broken = _walk(start, upto, {**_known(heads), head.seq: head.link}, batch)
    if broken and broken.event == "" and _cut_meanwhile(start):
        return verify(lines, batch)
    return Verdict(checked, head.seq, broken or _at_the_end(start, head, heads) or _outside())


def cut(retention: timedelta) -> int:
    """Remove what is older than ``retention``, leaving a signed checkpoint. How many.

    What is not whole is not cut: that would remove the proof.
    """
    start, head = _start(), audit.head()
    if isinstance(start, Broken):
        raise AuditBroken
    kept = audit.first_kept(now() - retention)
    last = kept - 1 if kept is not None else head.seq
    if last > start.seq:
        _leave_checkpoint(start, last)
    # The last try may have been stopped after its checkpoint, before its deletions.
    return audit.delete_upto(max(last, start.seq), BATCH)


def _leave_checkpoint(start: Place, last: int) -> None:
    remembered = audit_streams.remembered_head()
    _, broken = _walk(start, last, _known([remembered] if remembered else []), BATCH)
    link = audit.link_at(last)
    if broken or link is None:
        raise AuditBroken
    with audit.writing() as writer:
        writer.checkpoint(_signed(_CHECKPOINT, last, link), now())
        writer.add(rows.of(AuditCut(seq=last, role="system")))
    log.info("audit cut", upto=last)


def _extend(writer: audit.Writer, found: Sequence[Mapping[str, Any]]) -> Place:
    seq, link = writer.head.seq, writer.head.link
    links = []
    for row in found:
        seq += 1
        link = sealer().tag(_LINK, _bound(seq, link, row))
        links.append((row["id"], seq, link))
    if not links:
        return writer.head
    head = _signed(_HEAD, seq, link)
    writer.link(links, head)
    return head


def _walk(
    start: Place, upto: int, known: Mapping[int, str], batch: int
) -> tuple[int, Broken | None]:
    """Follow the chain from ``start``; ``known`` are links that witnesses hold."""
    seq, link = start.seq, start.link
    for row in audit.chained(start.seq, upto, batch):
        seq += 1
        if broken := _flaw(row, seq, link):
            return seq - start.seq - 1, broken
        link = row["link"]
        if known.get(seq, link) != link:
            return seq - start.seq - 1, Broken(seq, row["id"], "differs from a head signed earlier")
    if seq < upto:
        return seq - start.seq, Broken(seq + 1, "", "deleted")
    return seq - start.seq, None


def _flaw(row: Mapping[str, Any], seq: int, link: str) -> Broken | None:
    if row["seq"] != seq:
        return Broken(seq, "", "deleted")
    if not _is_ours(row):
        return Broken(seq, row["id"], "edited, or not made by this node")
    if not sealer().is_genuine(_LINK, _bound(seq, link, row), row["link"] or ""):
        return Broken(seq, row["id"], "not in its place")
    return None


def _start() -> Place | Broken:
    """Where the chain begins: at nothing, or at the latest checkpoint."""
    found = audit.latest_checkpoint()
    if found is None:
        return Place()
    place = found[0]
    if _is_signed(_CHECKPOINT, place):
        return place
    return Broken(place.seq, "", "checkpoint not signed by this node")


def _forged_head(head: Place, heads: Sequence[str]) -> Broken | None:
    if head.seq and not _is_signed(_HEAD, head):
        return Broken(head.seq, "", "head not signed by this node")
    for text in heads:
        if _place(text) is None:
            return Broken(None, "", "a witness's head was not signed by this node")
    return None


def _at_the_end(start: Place, head: Place, heads: Sequence[str]) -> Broken | None:
    """Nothing may follow the head, and no witness may have seen more than there is."""
    seen = max((place.seq for place in map(_place, heads) if place), default=0)
    end, last = audit.head_and_last()
    if last > end:
        return Broken(end + 1, "", "slipped in behind the head")
    if seen > max(end, start.seq):
        return Broken(max(end, start.seq) + 1, "", "deleted, with all that followed")
    if head.seq < start.seq:
        return Broken(start.seq, "", "the head is older than the checkpoint")
    return None


def _outside() -> Broken | None:
    for row in audit.outside(BATCH):
        if row["link"] is not None or not _is_ours(row):
            return Broken(None, row["id"], "slipped in: not made by this node")
    return None


def _known(heads: Sequence[str]) -> dict[int, str]:
    return {place.seq: place.link for place in map(_place, heads) if place}


def _cut_meanwhile(start: Place) -> bool:
    found = audit.latest_checkpoint()
    return found is not None and found[0].seq > start.seq


def _is_ours(row: Mapping[str, Any]) -> bool:
    try:
        return rows.is_ours(row)
    except CryptoError:
        return False


def _bound(seq: int, link: str, row: Mapping[str, Any]) -> bytes:
    return f"{seq}|{link}|{row['id']}|{row['mac']}".encode()


def _signed(purpose: str, seq: int, link: str) -> Place:
    return Place(seq, link, sealer().tag(purpose, f"{seq}|{link}".encode()))


def _is_signed(purpose: str, place: Place) -> bool:
    return sealer().is_genuine(purpose, f"{place.seq}|{place.link}".encode(), place.tag)


def _written(place: Place) -> str:
    return f"{place.seq}:{place.link}:{place.tag}"


def _place(text: str) -> Place | None:
    """A head as the log wrote it; None when we did not write it."""
    seq, _, rest = text.partition(":")
    link, _, tag = rest.partition(":")
    place = Place(int(seq), link, tag) if seq.isdecimal() else None
    return place if place and _is_signed(_HEAD, place) else None
