"""No loop of the worker reads a whole table: at ten million accounts it would never end."""

from collections.abc import Callable
from typing import Any

import flask
import pytest
from sqlalchemy import event, text

from idp.audit import log as audit
from idp.settings import Audit, Retention
from idp.signals import deliveries
from idp.store import tidying
from idp.store.engines import db

LOOPS: dict[str, Callable[[], object]] = {
    "tidying": lambda: tidying.tidy(Retention()),
    "retention": lambda: audit.cut(Audit().retention),
    "chain": audit.chain,
    "deliveries": deliveries.deliver_due,
}
BIG = {
    *("account", "audit_event", "known_browser", "outbox", "outbox_try", "sign_in"),
    *("agreement_acceptance", "connection", "account_closing", "data_read"),
    *("identity", "evidence", "case_file", "mandate", "account_merge"),
}


def asked(loop: Callable[[], object]) -> list[tuple[str, Any]]:
    """What the loop asks of SQL."""
    found: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, given: Any, _x: Any, many: bool) -> None:
        if not many and statement.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE"}:
            found.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        loop()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return found


def scanned(statement: str, given: Any) -> set[str]:
    """The tables the engine would read from end to end, though an index could lead it."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            lines = [row[3].replace(" USING COVERING INDEX", " COVERED") for row in plan]
            return {
                line.split()[1] for line in lines if line.startswith("SCAN") and "USING" not in line
            }
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", given)
        lines = [row[0] for row in plan]
        return {line.split("Seq Scan on ")[1].split()[0] for line in lines if "Seq Scan" in line}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_finds_its_work_by_an_index(inside: flask.Flask, name: str) -> None:
    statements = asked(LOOPS[name])

    assert statements
    for statement, given in statements:
        assert not scanned(statement, given) & BIG, statement
