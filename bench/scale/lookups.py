"""Finding one account among all, as the operator's command does."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.scale import cost
from bench.scale.measured import Measured
from bench.scale.nodes import Node
from idp import standing
from idp.audit import context
from idp.commands.account import OPERATOR
from idp.store import silence
from idp.store.engines import db

_FILES = text("""
    SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database
    WHERE datname = current_database()
""")


class Operator:
    """Somebody at a node's command line, as ``account find`` lets them look."""

    def __init__(self, node: Node):
        self._app = node.app
        with node.app.app_context():
            connection: Any = db.session.connection().connection.driver_connection
            self._backend = int(connection.info.backend_pid)
        self.wall: list[float] = []
        self._own = 0.0
        self._before = cost.cpu([self._backend])

    def finds(self, phone: str) -> None:
        """One account, with the audit row that a look-up leaves."""
        with self._app.app_context(), context.use(OPERATOR):
            began, own = time.perf_counter(), time.process_time()
            found = standing.look_up(phone)
            self._own += time.process_time() - own
            self.wall.append(time.perf_counter() - began)
        if found is None:
            raise LookupError("somebody who should be there was not found")

    @property
    def measured(self) -> Measured:
        each = 1000 / len(self.wall)
        backend = cost.cpu([self._backend]) - self._before
        return Measured(
            len(self.wall), self.wall, {"web": self._own * each, "pg_web": backend * each}
        )


def forget_pages(node: Node) -> int:
    """Let the kernel drop what it keeps of the database's files; returns how many there are.

    What PostgreSQL itself holds in its shared buffers stays.
    """
    with node.app.app_context(), db.engine.connect() as connection:
        autocommit: Any = connection.execution_options(isolation_level="AUTOCOMMIT")
        with silence.endured(autocommit):
            autocommit.exec_driver_sql("SET statement_timeout = 0")
            autocommit.exec_driver_sql("CHECKPOINT")
            autocommit.exec_driver_sql("RESET statement_timeout")
        directory = Path(autocommit.scalar(_FILES))
    files = 0
    for path in directory.iterdir():
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)
            files += 1
    return files
