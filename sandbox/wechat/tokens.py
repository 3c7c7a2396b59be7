"""Access tokens: of people, and of apps."""

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.wechat.errcodes import Refused

LIFE = 7200.0
EARLY = 300.0
"""An app's stable token is renewed in its last five minutes, and both are good then."""
REFRESH_LIFE = 30 * 86400.0
FORCED_A_DAY = 20


@dataclass(frozen=True)
class Granted:
    """A person's token for one app."""

    access_token: str
    refresh_token: str
    app_id: str
    number: str
    openid: str
    scope: str
    until: float
    refresh_until: float


class UserTokens:
    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.time
        self._granted: dict[str, Granted] = {}
        self._lock = threading.Lock()

    def issue(self, app_id: str, number: str, openid: str, scope: str) -> Granted:
        now = self.clock()
        made = Granted(
            _token(), _token(), app_id, number, openid, scope, now + LIFE, now + REFRESH_LIFE
        )
        with self._lock:
            self._granted[made.refresh_token] = made
        return made

    def refreshed(self, refresh_token: str, app_id: str) -> Granted:
        """The same access token while it is good, its life begun anew; else another one."""
        with self._lock:
            found, now = self._granted.get(refresh_token), self.clock()
            if found is None or found.app_id != app_id:
                raise Refused(40030)
            if now >= found.refresh_until:
                raise Refused(42002)
            token = found.access_token if now < found.until else _token()
            again = replace(found, access_token=token, until=now + LIFE)
            self._granted[refresh_token] = again
            return again

    def opened(self, access_token: str, openid: str) -> Granted:
        if not access_token:
            raise Refused(41001)
        if not openid:
            raise Refused(41009)
        with self._lock:
            every = list(self._granted.values())
        found = next((each for each in every if each.access_token == access_token), None)
        if found is None:
            raise Refused(40014)
        if self.clock() >= found.until:
            raise Refused(42001)
        if found.openid != openid:
            raise Refused(40003)
        return found


@dataclass(frozen=True)
class Issued:
    token: str
    until: float


class AppTokens:
    """``/cgi-bin/token`` and ``/cgi-bin/stable_token`` know nothing of each other's."""

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.time
        self.issued = 0
        self._plain: dict[str, Issued] = {}
        self._stable: dict[str, list[Issued]] = {}
        self._forced: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def plain(self, app_id: str) -> Issued:
        """A new one; the one before is void."""
        with self._lock:
            self._plain[app_id] = self._new()
            return self._plain[app_id]

    def stable(self, app_id: str, *, force: bool) -> Issued:
        with self._lock:
            now = self.clock()
            good = [each for each in self._stable.get(app_id, []) if now < each.until]
            if force:
                self._count_forced(app_id, now)
                good = []
            if not good or now >= good[-1].until - EARLY:
                good.append(self._new())
            self._stable[app_id] = good
            return good[-1]

    def void(self, app_id: str) -> None:
        """As when somebody resets them in the console: each token is unknown at once."""
        with self._lock:
            self._stable.pop(app_id, None)
            self._plain.pop(app_id, None)

    def app_of(self, token: str) -> str:
        """Raises Refused."""
        if not token:
            raise Refused(41001)
        with self._lock:
            held = [(app, each) for app, many in self._stable.items() for each in many]
            held += list(self._plain.items())
            found = next(((app, each) for app, each in held if each.token == token), None)
            if found is None:
                raise Refused(40001)
            if self.clock() >= found[1].until:
                raise Refused(42001)
            return found[0]

    def seconds(self, issued: Issued) -> int:
        return int(issued.until - self.clock() + 0.5)

    def _count_forced(self, app_id: str, now: float) -> None:
        times = [at for at in self._forced[app_id] if at > now - 86400]
        if len(times) >= FORCED_A_DAY:
            raise Refused(45009)
        self._forced[app_id] = [*times, now]

    def _new(self) -> Issued:
        self.issued += 1
        return Issued(_token(), self.clock() + LIFE)


def _token() -> str:
    return f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(60)}"
