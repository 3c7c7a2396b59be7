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


def look_up(node: Node, phones: list[str]) -> Measured:
    """Each look-up with the audit row it leaves, as ``account find`` does it."""
    wall: list[float] = []
    with node.app.app_context(), context.use(OPERATOR):
        backend = db.session.connection().connection.driver_connection.info.backend_pid
        db.session.rollback()
        before = cost.cpu([backend]), time.process_time()
        for phone in phones:
            began = time.perf_counter()
            found = standing.look_up(phone)
            wall.append(time.perf_counter() - began)
            if found is None:
                raise LookupError("somebody who should be there was not found")
            db.session.expunge_all()
        each = 1000 / len(phones)
        spent = {
            "web": (time.process_time() - before[1]) * each,
            "pg_web": (cost.cpu([backend]) - before[0]) * each,
        }
    return Measured(len(phones), wall, spent)


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
