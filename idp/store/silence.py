"""PostgreSQL that says nothing, or has gone: its own time limit does not help when it hangs.

A statement is ended by the server after ``store.database_timeout``. A server that is stopped,
or a network that swallows packets, never gets to it; so whoever waits gives up a little later.
"""

import select
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError

_GRACE = 1.0
"""The server's own limit comes first: its error says more than silence."""
_LOOK_EVERY = 0.1
_FRESH = 30.0
"""Whoever stands between us and the server may have forgotten a line that was quiet longer."""


class AttentiveConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server has been silent for ``silence`` seconds."""

    silence: float | None = None
    heard: float = 0.0
    """When the server last spoke."""
    lent: bool = False
    """Whether the pool has handed it out before."""

    def is_lost(self) -> bool:
        """Whether the server has gone since it last spoke.

        A server that ends closes the line, which takes a look and no question; only one that
        has been quiet for long, or says something nobody asked for, is asked.
        """
        if self.closed:
            return True
        if time.monotonic() - self.heard < _FRESH and not _has_something_to_say(self.fileno()):
            return False
        try:
            self.execute("SELECT 1")
            self.rollback()
        except psycopg.OperationalError:
            return True
        return self.closed

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
        self.heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    self.heard = time.monotonic()
                elif self.silence is not None and time.monotonic() - self.heard > self.silence:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as done:
            return done.value


def _has_something_to_say(line: int) -> bool:
    looking = select.poll()
    looking.register(line, select.POLLIN)
    return bool(looking.poll(0))


def end_after(engine: Engine, seconds: float) -> None:
    """Let no connection of ``engine`` wait for a silent server for longer, nor ask a lost one."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, args: Any, options: Any) -> AttentiveConnection:
        made = AttentiveConnection.connect(*args, **options)
        made.silence = seconds + _GRACE
        return made

    @event.listens_for(engine, "checkout")
    def _look(connection: AttentiveConnection, _record: Any, _holder: Any) -> None:
        if not connection.is_lost():
            connection.lent = True
        elif connection.lent:
            raise DisconnectionError  # the pool takes a new one
        else:
            raise psycopg.OperationalError("a connection was lost as soon as it was made")


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
