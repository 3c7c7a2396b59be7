"""The messages every fake phone has received, newest first, in memory."""

import re
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

BEIJING = timezone(timedelta(hours=8))
KEPT_PER_PHONE = 100
PHONES = 10_000
_CODE = re.compile(r"(?<![0-9A-Za-z:/.-])\d{4,6}(?![0-9A-Za-z-])")
_NUMBER = re.compile(r"(?:\+?86|0086)?(1\d{10})")


@dataclass(frozen=True)
class Text:
    id: int
    number: str
    sender: str
    text: str
    code: str
    via: str
    at: str


class Inbox:
    def __init__(self) -> None:
        self._texts: dict[str, deque[Text]] = {}
        self._ids = count(1)
        self._lock = threading.Lock()

    def receive(self, number: str, sender: str, text: str, via: str) -> Text:
        found = _CODE.search(text)
        now = datetime.now(BEIJING).isoformat(timespec="seconds")
        with self._lock:
            message = Text(
                next(self._ids), number, sender, text, found[0] if found else "", via, now
            )
            if number not in self._texts and len(self._texts) >= PHONES:
                del self._texts[next(iter(self._texts))]
            self._texts.setdefault(number, deque(maxlen=KEPT_PER_PHONE)).appendleft(message)
        return message

    def of(self, number: str) -> list[Text]:
        with self._lock:
            return list(self._texts.get(number, ()))

    def latest(self) -> list[Text]:
        """The newest message of each phone, newest phone first."""
        with self._lock:
            return sorted((texts[0] for texts in self._texts.values()), key=lambda t: -t.id)

    def clear(self, number: str) -> None:
        with self._lock:
            self._texts.pop(number, None)


def plain(number: str) -> str | None:
    """Eleven digits, or None when that is not what ``number`` holds."""
    found = _NUMBER.fullmatch(number.strip())
    return found[1] if found else None


def as_json(text: Text) -> dict[str, Any]:
    return asdict(text)
