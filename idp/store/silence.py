"""PostgreSQL that says nothing: the server's own time limit does not help when it hangs.

A statement is ended by the server after ``store.database_timeout``. A server that is stopped,
or a network that swallows packets, never gets to it; so whoever waits gives up a little later.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event

_GRACE = 1.0
"""The server's own limit comes first: its error says more than silence."""
_LOOK_EVERY = 0.1


class AttentiveConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server has been silent for ``silence`` seconds."""

    silence: float | None = None

    def wait(self, gen: Any, interval: float = _LOOK_EVERY, timeout: float | None = None) -> Any:
        return super().wait(self._watch(gen), interval, timeout)

    def rollback(self) -> None:
        """Roll back; on a connection that is gone the server has done so already.

        Sessions roll back when a request is over. Its answer is ready by then, and what it
        changed is committed: a server that dies in that moment must not make it a failure.
        """
        try:
            super().rollback()
        except psycopg.OperationalError:
            self.close()  # whoever takes it from the pool next finds that out

    def _watch(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard = time.monotonic()
                elif self.silence is not None and time.monotonic() - heard > self.silence:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as done:
            return done.value


def end_after(engine: Engine, seconds: float) -> None:
    """Let no connection of ``engine`` wait for a silent server for longer."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, args: Any, options: Any) -> AttentiveConnection:
        made = AttentiveConnection.connect(*args, **options)
        made.silence = seconds + _GRACE
        return made


@contextmanager
def endured(connection: Connection) -> Iterator[None]:
    """Wait for whatever is asked in here, however long it takes."""
    attentive = connection.connection.driver_connection
    if not isinstance(attentive, AttentiveConnection):  # SQLite never falls silent
        yield
        return
    before, attentive.silence = attentive.silence, None
    try:
        yield
    finally:
        attentive.silence = before
