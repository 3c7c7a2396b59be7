"""The migrations say what the models say."""

from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from sqlalchemy import create_engine, text

import idp
from idp import settings
from idp.store import migrations
from idp.store.engines import db
from tests.engines.pairs import Engines


@pytest.fixture
def migrated(engines: Engines, tmp_path: Path) -> Iterator[flask.Flask]:
    """An app on a database of its own, brought up by the migrations alone."""
    url = _another_database(engines, tmp_path)
    changes = {**engines.settings, "store": {"database_url": url, "redis_url": engines.redis_url}}
    app = idp.create_app(settings.load(environment="testing", **changes))
    with app.app_context():
        migrations.upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_models_and_migrations_agree(migrated: flask.Flask) -> None:
    assert migrations.differences() == []


def test_an_upgraded_database_has_nothing_pending(migrated: flask.Flask) -> None:
    assert migrations.pending() == []
    migrations.upgrade()
    assert migrations.current()


def test_every_migration_says_what_it_does() -> None:
    for path in (migrations.DIRECTORY / "versions").glob("*.py"):
        date, _, what = path.stem.partition("_")
        assert date.isdigit(), f"{path.name} does not start with its date"
        assert len(date) == len("20260101"), path.name
        assert what, f"{path.name} does not say what it does"


def test_every_foreign_key_has_an_index() -> None:
    for table in db.metadata.sorted_tables:
        led = {index.columns[0].name for index in table.indexes if index.columns}
        led |= {next(iter(table.primary_key.columns)).name}
        led |= {u.columns[0].name for u in table.constraints if hasattr(u, "columns") and u.columns
                and type(u).__name__ == "UniqueConstraint"}  # fmt: skip
        for key in table.foreign_keys:
            assert key.parent.name in led, f"{table.name}.{key.parent.name} has no index"


def _another_database(engines: Engines, directory: Path) -> str:
    if engines.name == "embedded":
        return f"sqlite:///{directory}/migrated.db"
    name = "migrated"
    server = create_engine(engines.database_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()
    return engines.database_url.replace("/postgres?", f"/{name}?")
