"""Empty engines for each test, without paying for a new schema each time."""

import flask
from sqlalchemy import Connection, Table, delete, insert, select, text

import idp
from idp import settings
from idp.crypto import keyring
from idp.crypto.sealing import Sealer
from idp.store.engines import db
from idp.store.engines import init_app as engine_setup
from idp.store.servers import connect
from tests.engines.pairs import Engines

Rows = dict[Table, list[dict[str, object]]]


class Fresh:
    """Brings a pair of engines back to how the first start leaves them.

    The first start makes signing keys, and RSA keys take their time; so what it wrote is
    remembered and put back instead of being made again.
    """

    def __init__(self, engines: Engines):
        self._settings = settings.load(environment="testing", **engines.settings)
        self._schema_app = _bare(self._settings)
        self._redis = connect(self._settings)
        self._first_start: Rows = {}
        with self._schema_app.app_context():
            db.create_all()
            first = idp.create_app(self._settings)
            with first.app_context():
                first.extensions["idp"].keys.prepare()
            with db.engine.connect() as connection:
                self._first_start = _read(connection)

    def make(self) -> None:
        self._redis.flushall()
        with self._schema_app.app_context(), db.engine.begin() as connection:
            _empty(connection)
            for table, rows in self._first_start.items():
                connection.execute(insert(table), rows)


def _read(connection: Connection) -> Rows:
    found: Rows = {}
    for table in db.metadata.sorted_tables:
        if rows := connection.execute(select(table)).mappings().all():
            found[table] = [dict(row) for row in rows]
    return found


def _empty(connection: Connection) -> None:
    tables = db.metadata.sorted_tables
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        return
    for table in reversed(tables):
        connection.execute(delete(table))


def _bare(configured: settings.Settings) -> flask.Flask:
    """Enough of an app to read and write tables, sealed columns included."""
    app = flask.Flask("fresh")
    app.extensions["settings"] = configured
    app.extensions["sealer"] = Sealer(keyring.for_node(configured))
    engine_setup(app, configured)
    return app
