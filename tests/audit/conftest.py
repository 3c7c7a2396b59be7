"""A bare node with an audit trail, and an intruder who can do anything in SQL."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from sqlalchemy import text

from idp.audit import log
from idp.audit.events import SignedIn
from idp.store.engines import db
from tests.crypto import node as nodes
from tests.engines.pairs import Engines


@pytest.fixture
def node(engines: Engines, tmp_path: Path) -> Iterator[flask.Flask]:
    with nodes.running(engines, tmp_path) as app:
        yield app


class Trail:
    """Ten events, chained; ``execute`` is the intruder's door."""

    def grow(self, count: int) -> None:
        for n in range(count):
            log.record(SignedIn(account=f"account-{n}", methods=("sms",), session=f"s{n}"))
        db.session.commit()
        log.chain()

    def execute(self, statement: str, **values: Any) -> None:
        with db.engine.begin() as connection:
            connection.execute(text(statement), values)

    def rows(self) -> list[Any]:
        with db.engine.connect() as connection:
            return list(connection.execute(text("SELECT * FROM audit_event ORDER BY seq")))


@pytest.fixture
def trail(node: flask.Flask) -> Trail:
    trail = Trail()
    trail.grow(10)
    return trail
