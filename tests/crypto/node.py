"""A node with engines, keys and tables, and nothing above them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask

from idp import settings
from idp.crypto import keyring
from idp.crypto.sealing import Sealer
from idp.store import engines
from idp.store.accounts import Account
from idp.store.audit import AuditEvent
from idp.store.engines import db, redis
from idp.store.identities import Identity
from idp.store.numbers import NumberLoss
from idp.store.signing_keys import SigningKey
from tests.engines.pairs import Engines

TABLES = (Account, AuditEvent, Identity, NumberLoss, SigningKey)
"""Importing a table is what puts it into the schema."""


@contextmanager
def running(pair: Engines, directory: Path) -> Iterator[flask.Flask]:
    """An app on empty engines with a key file of its own, inside its app context."""
    app = another_process(pair, directory)
    with app.app_context():
        redis.flushall()
        db.create_all()
        _empty()
        yield app
        db.session.remove()
        _empty()  # the next test's master keys are others
        db.engine.dispose()
        app.extensions["redis"].close()


def _empty() -> None:
    with db.engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())


def another_process(pair: Engines, directory: Path) -> flask.Flask:
    """An app on the same engines and key file, knowing nothing of the first."""
    configured = settings.load(
        environment="testing", keys={"file": directory / "keys.toml"}, **pair.settings
    )
    app = flask.Flask("node")
    app.extensions["sealer"] = Sealer(keyring.for_node(configured))
    engines.init_app(app, configured)
    return app
