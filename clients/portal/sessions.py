"""Who is signed in at this portal, remembered on the server.

The cookie holds a random handle and nothing else. When the provider says that a session
ended, its row goes; the cookie may stay in the browser, it no longer opens anything.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

LIFETIME = 8 * 3600

_TABLES = """
CREATE TABLE IF NOT EXISTS session (
    handle TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    sid TEXT NOT NULL,
    id_token TEXT NOT NULL,
    claims TEXT NOT NULL,
    ends REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS session_sid ON session (sid);
CREATE INDEX IF NOT EXISTS session_subject ON session (subject);
CREATE TABLE IF NOT EXISTS seen (jti TEXT PRIMARY KEY, until REAL NOT NULL);
"""


@dataclass(frozen=True)
class SignedIn:
    """One person in one browser."""

    subject: str
    """``sub``: the only key to a person's records here. Never use the phone for that."""
    sid: str
    """The provider's name for the session; a logout token names it."""
    id_token: str
    """Kept only to be sent back as ``id_token_hint`` at sign-out."""
    claims: dict[str, Any]


class Sessions:
    """Sessions in one SQLite file, shared by all threads and processes of the portal."""

    def __init__(self, path: Path):
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._database() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(_TABLES)

    def start(self, who: SignedIn) -> str:
        """Remember ``who`` and return the handle for the cookie: always a fresh one."""
        handle, now = secrets.token_urlsafe(32), time.time()
        row = (who.subject, who.sid, who.id_token, json.dumps(who.claims), now + LIFETIME)
        with self._database() as database:
            database.execute("DELETE FROM session WHERE ends < ?", (now,))
            database.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", (_key(handle), *row))
        return handle

    def find(self, handle: str) -> SignedIn | None:
        with self._database() as database:
            row = database.execute(
                "SELECT subject, sid, id_token, claims FROM session WHERE handle = ? AND ends > ?",
                (_key(handle), time.time()),
            ).fetchone()
        return SignedIn(row[0], row[1], row[2], json.loads(row[3])) if row else None

    def end(self, handle: str) -> None:
        with self._database() as database:
            database.execute("DELETE FROM session WHERE handle = ?", (_key(handle),))

    def end_told(self, jti: str, until: float, *, sid: str = "", subject: str = "") -> bool:
        """End what a logout token names; False when this token was used before.

        A ``sid`` names one session; a ``sub`` alone means every session of the person.
        """
        with self._database() as database:
            database.execute("DELETE FROM seen WHERE until < ?", (time.time(),))
            fresh = database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (jti, until))
            if fresh.rowcount == 0:
                return False
            if sid:
                database.execute("DELETE FROM session WHERE sid = ?", (sid,))
            else:
                database.execute("DELETE FROM session WHERE subject = ?", (subject,))
        return True

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements are kept together or not at all."""
        with closing(sqlite3.connect(self._path, timeout=5)) as database, database:
            yield database


def _key(handle: str) -> str:
    """Only a digest is stored: whoever reads the file cannot take a session over."""
    return sha256(handle.encode()).hexdigest()
