"""Column types: times that know their zone, text sealed at rest, and blind indexes.

They find the sealer in ``flask.current_app.extensions["sealer"]``.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

import flask
import orjson
from sqlalchemy import ColumnElement, DateTime, Dialect, String, Text, bindparam, type_coerce
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from idp.crypto import sealing


def now() -> datetime:
    return datetime.now(UTC)


def sealer() -> sealing.Sealer:
    return cast(sealing.Sealer, flask.current_app.extensions["sealer"])


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Times without a zone are refused, so that none is ever guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(TypeDecorator[Any]):
    """Personal data: clear in Python, sealed in the database (``json``: any JSON value).

    A value that is a ``sealing.Sealed`` already is written as it is.
    """

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str, json: bool = False):
        super().__init__()
        self.purpose = purpose
        self.json = json

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None or isinstance(value, sealing.Sealed):
            return value
        text = orjson.dumps(value).decode() if self.json else str(value)
        return sealer().seal(self.purpose, text)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        text = sealer().open(self.purpose, value)
        return orjson.loads(text) if self.json else text

    def compare_values(self, x: Any, y: Any) -> bool:
        """Sealing twice gives two texts: an unchanged value is not written again."""
        return bool(x == y)


class BlindIndex(TypeDecorator[str]):
    """What a sealed value is found by. Written from the clear text, read as ``sealing.Index``.

    The clear text itself is in the ``Sealed`` column of the same table and purpose, which is
    how re-keying makes the index anew.
    """

    impl = String(64)
    cache_ok = True

    def __init__(self, purpose: str):
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or isinstance(value, sealing.Index):
            return value
        return sealer().index(self.purpose, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> sealing.Index | None:
        return None if value is None else sealing.Index(value)

    @staticmethod
    def matches(
        column: InstrumentedAttribute[Any] | ColumnElement[Any], text: str
    ) -> ColumnElement[bool]:
        """The condition that finds ``text``, whichever key its index was made under.

        A plain ``==`` looks under the current key only.
        """
        purpose = cast(BlindIndex, column.type).purpose
        return type_coerce(column, String).in_(sealer().indexes(purpose, text))

    @staticmethod
    def is_one_of(
        column: InstrumentedAttribute[Any] | ColumnElement[Any], count: int
    ) -> ColumnElement[bool]:
        """The same for a statement made once: ``keys`` fills it, ``count`` is how many it has."""
        names = [bindparam(f"index_{number}", type_=String) for number in range(count)]
        return type_coerce(column, String).in_(names)

    @staticmethod
    def keys(
        column: InstrumentedAttribute[Any] | ColumnElement[Any], text: str
    ) -> dict[str, sealing.Index]:
        purpose = cast(BlindIndex, column.type).purpose
        found = sealer().indexes(purpose, text)
        return {f"index_{number}": index for number, index in enumerate(found)}

    @staticmethod
    def lock(column: InstrumentedAttribute[Any], text: str) -> int | None:
        """The number, of 64 bits, that every process gives ``text``; None while there is one key.

        Made from what the text is found by under the oldest key, which all of them have.
        """
        ring = sealer().ring
        if len(ring.kids) == 1:
            return None
        purpose = cast(BlindIndex, column.type).purpose
        digest = sha256(sealer().index(purpose, text, ring.oldest).encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


class Tag(TypeDecorator[str]):
    """A keyed digest (``Sealer.tag``): it keeps its master key in use and is never re-keyed."""

    impl = String(64)
    cache_ok = True
