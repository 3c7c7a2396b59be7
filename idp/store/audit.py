"""The audit trail's tables and their one writer."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from idp.store.engines import Base, db
from idp.store.paging import PageEnd, older
from idp.store.patience import patient
from idp.store.types import Sealed, Tag, UtcDateTime

SOURCE = "audit.source"
"""The purpose that source addresses are sealed for."""
_AIMED = text("target <> ''")
"""What the index by target is of: most events are of nobody but who acts."""
REFUSED = "refused"
"""In place of a link: the row was not made by us and never joins the chain."""


class AuditEvent(Base):
    """One event. Written once; the chain's writer adds ``seq`` and ``link``, nobody else."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "account", "at"),
        Index(None, "at"),
        Index(
            "ix_audit_event_waiting",
            "at",
            "id",
            sqlite_where=text("link IS NULL"),
            postgresql_where=text("link IS NULL"),
        ),
        Index(
            "ix_audit_event_target",
            "target",
            "at",
            sqlite_where=_AIMED,
            postgresql_where=_AIMED,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(64))
    acting_for: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(32))
    region: Mapped[str] = mapped_column(String(12))
    terminal: Mapped[str] = mapped_column(String(64))
    client_id: Mapped[str] = mapped_column(String(255))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(128))
    request_id: Mapped[str] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(Sealed(SOURCE))
    details: Mapped[str] = mapped_column(Text)
    """JSON, byte for byte what ``mac`` was made from."""
    target: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """The account it was done to, as ``details`` say too: what a person is shown is found by it.
    No proof of anything: the chain covers ``details``.
    """
    mac: Mapped[str] = mapped_column(Tag)
    """Made when the event happened: a row nobody else could have made."""
    link: Mapped[str | None] = mapped_column(Tag)
    """Made when the row joined the chain: binds it to its place and to all rows before."""


class AuditHead(Base):
    """One row: where the chain ends. Its lock makes the writer the only one."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    link: Mapped[str] = mapped_column(Tag)
    tag: Mapped[str] = mapped_column(Tag)


class AuditCheckpoint(Base):
    """Where retention cut: the chain goes on from here."""

    __tablename__ = "audit_checkpoint"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    link: Mapped[str] = mapped_column(Tag)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    tag: Mapped[str] = mapped_column(Tag)


EVENT = cast(Any, AuditEvent.__table__)
HEAD = cast(Any, AuditHead.__table__)
CHECKPOINT = cast(Any, AuditCheckpoint.__table__)
LIMITS: dict[str, int] = {
    c.name: c.type.length
    for c in EVENT.columns
    if type(c.type) is String and c.type.length and c.name != "target"
}
"""Letters a text column takes: whoever builds a row cuts to fit."""
# Verifying must see a damaged source, not fail on it: it is read as it lies in the table.
_RAW = [
    type_coerce(c, String).label(c.name) if c.name == "source" else c
    for c in EVENT.columns
    if c.name != "target"
]


@dataclass(frozen=True)
class Place:
    """A place in the chain, signed: the head, or a checkpoint."""

    seq: int = 0
    link: str = ""
    tag: str = ""


class Writer:
    """The chain's one writer, for the length of one transaction."""

    def __init__(self, connection: Connection, head: Place):
        self._connection = connection
        self.head = head

    def waiting(self, limit: int) -> Sequence[Mapping[str, Any]]:
        query = select(*_RAW).where(EVENT.c.link.is_(None))
        query = query.order_by(EVENT.c.at, EVENT.c.id).limit(limit)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def link(self, links: Sequence[tuple[str, int, str]], head: Place) -> None:
        """Give each (id, seq, link) its place and move the head."""
        statement = (
            update(EVENT)
            .where(EVENT.c.id == bindparam("row"), EVENT.c.link.is_(None))
            .values(seq=bindparam("new_seq"), link=bindparam("new_link"))
        )
        rows = [{"row": id_, "new_seq": seq, "new_link": link} for id_, seq, link in links]
        self._connection.execute(statement, rows)
        values = {"seq": head.seq, "link": head.link, "tag": head.tag}
        self._connection.execute(update(HEAD).values(values))

    def refuse(self, ids: Iterable[str]) -> None:
        statement = update(EVENT).where(EVENT.c.id.in_(list(ids))).values(link=REFUSED)
        self._connection.execute(statement)

    def add(self, row: Mapping[str, Any]) -> None:
        self._connection.execute(EVENT.insert().values(_aimed(row)))

    def checkpoint(self, place: Place, at: datetime) -> None:
        values = {"seq": place.seq, "link": place.link, "tag": place.tag, "at": at}
        self._connection.execute(CHECKPOINT.insert().values(values))


@contextmanager
def writing() -> Iterator[Writer]:
    """Hold the chain. Others wait for the head's row (SQLite: for its one writer's lock)."""
    with db.engine.begin() as connection:
        nothing = _insert(connection, HEAD).values(id=1, seq=0, link="", tag="")
        connection.execute(nothing.on_conflict_do_nothing())
        row = connection.execute(select(HEAD).with_for_update()).one()
        yield Writer(connection, Place(row.seq, row.link, row.tag))


_ADD = EVENT.insert()
_TARGET = re.compile(r'"target":"([0-9A-Za-z_-]{1,64})"')
"""Where ``details`` say it."""


def add(values: Mapping[str, Any], session: Any = None) -> None:
    """Add an event to the caller's transaction."""
    (session or db.session).execute(_ADD, _aimed(values))


def add_all(rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events in a transaction of their own; those already there stay as they are."""
    with db.engine.begin() as connection:
        statement = _insert(connection, EVENT).on_conflict_do_nothing()
        connection.execute(statement, [_aimed(row) for row in rows])


def is_waiting() -> bool:
    """Whether any event has no place yet; asked first, so that an idle writer locks nothing."""
    with db.engine.connect() as connection:
        query = select(EVENT.c.id).where(EVENT.c.link.is_(None)).limit(1)
        return connection.execute(query).first() is not None


def head() -> Place:
    with db.engine.connect() as connection:
        row = connection.execute(select(HEAD)).first()
    return Place(row.seq, row.link, row.tag) if row else Place()


def head_and_last() -> tuple[int, int]:
    """The head's place and the last row's, seen at one moment."""
    last = select(func.max(EVENT.c.seq)).scalar_subquery()
    with db.engine.connect() as connection:
        row = connection.execute(select(select(HEAD.c.seq).scalar_subquery(), last)).one()
    return row[0] or 0, row[1] or 0


def latest_checkpoint() -> tuple[Place, datetime] | None:
    with db.engine.connect() as connection:
        row = connection.execute(select(CHECKPOINT).order_by(CHECKPOINT.c.seq.desc())).first()
    return (Place(row.seq, row.link, row.tag), row.at) if row else None


def chained(after: int, upto: int, batch: int) -> Iterator[Mapping[str, Any]]:
    """Rows by place, their sealed source as it lies in the table; read a batch at a time."""
    while True:
        here = EVENT.c.seq.between(after + 1, upto)
        query = select(*_RAW).where(here).order_by(EVENT.c.seq).limit(batch)
        with db.engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        yield from rows
        after = rows[-1]["seq"]


def of_account(
    account_id: str, actions: Sequence[str], limit: int, before: PageEnd | None = None
) -> Sequence[AuditEvent]:
    """The latest of some kinds of events of one person, for the person to see: what they did, and
    what was done to them.
    """
    found: dict[str, AuditEvent] = {}
    for theirs in (by(account_id), done_to(account_id)):
        query = select(AuditEvent).where(theirs, AuditEvent.action.in_(actions))
        query = query.where(older(AuditEvent.at, AuditEvent.id, before))
        query = query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)
        found |= {row.id: row for row in db.session.scalars(query)}
    return sorted(found.values(), key=lambda row: (row.at, row.id), reverse=True)[:limit]


def by(account_id: str) -> ColumnElement[bool]:
    """The condition for what somebody did."""
    return AuditEvent.account == account_id


def done_to(account_id: str) -> ColumnElement[bool]:
    """The condition for what somebody else, or a command, did to an account; by the index."""
    others = AuditEvent.account != account_id
    return and_(AuditEvent.target == account_id, _AIMED, others)


def outside(batch: int) -> Sequence[Mapping[str, Any]]:
    """Rows with no place: waiting, refused, or slipped in."""
    query = select(*_RAW).where(EVENT.c.seq.is_(None)).order_by(EVENT.c.id).limit(batch)
    with db.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def first_kept(since: datetime) -> int | None:
    """The place of the first row that happened at ``since`` or later."""
    with patient() as connection:
        query = select(EVENT.c.seq).where(EVENT.c.at >= since, EVENT.c.seq.is_not(None))
        return connection.scalar(query.order_by(EVENT.c.seq).limit(1))


def link_at(seq: int) -> str | None:
    with db.engine.connect() as connection:
        return connection.scalar(select(EVENT.c.link).where(EVENT.c.seq == seq))


def delete_upto(seq: int, batch: int) -> int:
    """Delete rows a batch at a time, so that no lock lasts."""
    total = 0
    some = select(EVENT.c.id).where(EVENT.c.seq <= seq).limit(batch).scalar_subquery()
    while True:
        with db.engine.begin() as connection:
            count = connection.execute(delete(EVENT).where(EVENT.c.id.in_(some))).rowcount
        total += count
        if count < batch:
            return total


def _aimed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as the table takes it, whatever its details are: the chain tells what is not ours."""
    found = _TARGET.search(row["details"])
    return {**row, "target": found[1] if found else ""}


def _insert(connection: Connection, table: Any) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
