"""Codes: for one app and one person, good once, and not for long."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.wechat.errcodes import Refused

USED_FOR = 300.0
"""Seconds for which a used code is called used (40163); later nobody knows it (40029)."""


@dataclass(frozen=True)
class Grant:
    app_id: str
    number: str
    scope: str
    until: float
    used_at: float = 0.0
    tries: int = 0


class Codes:
    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.time
        self._grants: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def issue(self, app_id: str, number: str, scope: str, life: float) -> str:
        code = secrets.token_hex(16)
        with self._lock:
            self._grants[code] = Grant(app_id, number, scope, self.clock() + life)
        return code

    def tried(self, code: str, app_id: str, scope: tuple[str, ...]) -> Grant:
        """Whose it is, and how often it was tried; not used by that. Raises Refused."""
        with self._lock:
            grant = self._grants.get(code)
            if grant is None or grant.app_id != app_id or grant.scope not in scope:
                raise Refused(40029)
            self._grants[code] = replace(grant, tries=grant.tries + 1)
            return self._grants[code]

    def use(self, code: str) -> None:
        """Raises Refused for a code that was used, or is too old."""
        with self._lock:
            grant, now = self._grants[code], self.clock()
            if grant.used_at:
                raise Refused(40163 if now < grant.used_at + USED_FOR else 40029)
            if now >= grant.until:
                raise Refused(42003)
            self._grants[code] = replace(grant, used_at=now)
