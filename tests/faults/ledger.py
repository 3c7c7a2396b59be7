"""What happened on the wire: every request of the load, how it ended and how long it took."""

import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from idp.errors import catalogue

BROKEN = 0
"""Instead of a status: the connection was refused, reset or stayed silent."""
ODD = -1
"""Instead of a status: an answer, but not one that leads on."""
BUSY = frozenset({429, 503})
PAGE_CODES = frozenset(error.code for error in catalogue())
OAUTH_ERRORS = frozenset(error.oauth_error for error in catalogue()) | {
    *("invalid_grant", "invalid_client", "invalid_request", "invalid_token"),
    *("temporarily_unavailable", "server_error", "login_required", "consent_required"),
}


@dataclass(frozen=True)
class Note:
    """One request: when it ended, how, after how many seconds; ``fault`` is why it is dishonest."""

    at: float
    who: str
    what: str
    status: int
    seconds: float
    fault: str = ""

    @property
    def trouble(self) -> bool:
        """Whether somebody did not get what there is to get in calm."""
        return self.status in {BROKEN, ODD} or self.status in BUSY or bool(self.fault)


@dataclass
class Ledger:
    """Everything the rig has seen and been promised; many threads write, one reads at rest."""

    notes: list[Note] = field(default_factory=list)
    passes: list[tuple[float, str]] = field(default_factory=list)
    """Complete passes of a kind of visitor, and when each ended."""
    wrongs: list[str] = field(default_factory=list)
    """What must never be: seen while it happened."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, note: Note) -> None:
        with self.lock:
            self.notes.append(note)

    def passed(self, kind: str) -> None:
        with self.lock:
            self.passes.append((time.monotonic(), kind))

    def wrong(self, text: str) -> None:
        with self.lock:
            self.wrongs.append(text)

    def between(self, since: float, until: float) -> list[Note]:
        with self.lock:
            return [note for note in self.notes if since <= note.at < until]

    def passes_between(self, since: float, until: float, kind: str = "") -> int:
        with self.lock:
            return sum(since <= at < until and kind in {"", k} for at, k in self.passes)


def dishonest(path: str, status: int, body: str, content_type: str) -> str:
    """Why a refusal is not an honest one, "" when it is; successes are nobody's business here."""
    if status < HTTPStatus.BAD_REQUEST:
        return ""
    allowed = status == HTTPStatus.SERVICE_UNAVAILABLE or status < HTTPStatus.INTERNAL_SERVER_ERROR
    if not allowed:
        return f"{path} answered a bare {status}: {body[:200]}"
    if "Traceback" in body or ".py" in body:
        return f"{path} showed our code: {body[:200]}"
    if "json" in content_type:
        return _json_fault(path, status, body)
    if not any(code in body for code in PAGE_CODES):
        return f"{path} answered {status} without a code of the catalogue: {body[:200]}"
    return ""


def _json_fault(path: str, status: int, body: str) -> str:
    try:
        found: Any = orjson.loads(body)
    except ValueError:
        return f"{path} answered {status} with broken JSON: {body[:200]}"
    if path.startswith("/health/"):
        return "" if found.get("status") == "unready" else f"{path} answered {body[:200]}"
    if found.get("error") not in OAUTH_ERRORS:
        return f"{path} answered {status} with an unknown error: {body[:200]}"
    return ""
