"""Long lists by pages: where one ends, and the condition for the next."""

from datetime import UTC, datetime
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import InstrumentedAttribute


class PageEnd(NamedTuple):
    """Where a page of a list ends: rows of an account are told apart by time and id."""

    at: datetime
    id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for anything that no page of ours has written."""
        moment, _, last = text.partition("~")
        try:
            at = datetime.fromisoformat(moment).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return cls(at, last) if last.isalnum() else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


def older(
    at: InstrumentedAttribute[datetime], id_: InstrumentedAttribute[str], place: PageEnd | None
) -> ColumnElement[bool]:
    """The condition for what comes before ``place``, where the latest are first."""
    if place is None:
        return true()
    same = and_(at == place.at, id_ < place.id)
    return and_(at <= place.at, or_(at < place.at, same))


def newer(
    at: InstrumentedAttribute[datetime],
    id_: InstrumentedAttribute[str],
    place: tuple[datetime, str] | None,
) -> ColumnElement[bool]:
    """The condition for what comes after ``place``, time by time and then id by id."""
    if place is None:
        return true()
    moment, last = place
    return and_(at >= moment, or_(at > moment, and_(at == moment, id_ > last)))
