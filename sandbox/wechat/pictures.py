"""The pictures of the website login, between the screen that shows one and the phone."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

LIFE = 300.0
"""Seconds a picture may be scanned."""
WAITING, SCANNED, ALLOWED, DENIED, LEFT, EXPIRED = (
    "waiting",
    "scanned",
    "allowed",
    "denied",
    "left",
    "expired",
)
OPEN = frozenset({WAITING, SCANNED})


@dataclass(frozen=True)
class Picture:
    app_id: str
    redirect_uri: str
    told: str
    """The ``state`` that goes back."""
    until: float
    state: str = WAITING
    number: str = ""
    """Whose phone scanned it."""
    code: str = ""


class Pictures:
    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.time
        self._pictures: dict[str, Picture] = {}
        self._lock = threading.Lock()

    def show(self, app_id: str, redirect_uri: str, told: str) -> str:
        shown = secrets.token_urlsafe(12)
        with self._lock:
            self._pictures[shown] = Picture(app_id, redirect_uri, told, self.clock() + LIFE)
        return shown

    def of(self, shown: str) -> Picture | None:
        with self._lock:
            picture = self._pictures.get(shown)
        return self._as_of_now(picture) if picture else None

    def scannable(self, number: str) -> dict[str, Picture]:
        """The newest first: what nobody scanned, or this phone did."""
        with self._lock:
            every = [(name, self._as_of_now(each)) for name, each in self._pictures.items()]
        return {
            name: each
            for name, each in reversed(every)
            if each.state in OPEN and each.number in {"", number}
        }

    def scan(self, shown: str, number: str) -> bool:
        """False: another phone was first, or it is too late."""
        return self._moved(shown, number, SCANNED, "")

    def decide(self, shown: str, number: str, state: str, code: str) -> bool:
        return self._moved(shown, number, state, code)

    def _moved(self, shown: str, number: str, state: str, code: str) -> bool:
        with self._lock:
            found = self._pictures.get(shown)
            if found is None or self._as_of_now(found).state not in OPEN:
                return False
            if found.number not in {"", number}:
                return False
            self._pictures[shown] = replace(found, state=state, number=number, code=code)
            return True

    def _as_of_now(self, picture: Picture) -> Picture:
        over = picture.state in OPEN and self.clock() >= picture.until
        return replace(picture, state=EXPIRED) if over else picture
