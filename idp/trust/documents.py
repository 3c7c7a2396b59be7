"""Asking other entities for what they sign: guarded, kept until it expires, asked for again early.

A document older than the soft life is asked for again; where nobody answers the old one goes on
until its own end, so that a superior may be away for hours and yet take somebody back in minutes.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson
import structlog

from idp.federation import signed
from idp.federation.errors import Unreachable
from idp.outbound import Answer, Outbound, OutboundFailed, OutboundRefused
from idp.store import statements
from idp.store.types import now

STATEMENT = "application/entity-statement+jwt"
_GONE = frozenset({"not_found", "invalid_subject", "invalid_issuer", "invalid_request"})
"""What a superior says of an entity it no longer speaks for."""
_LONGEST = timedelta(days=30)
"""No document is kept longer, whatever it says of itself."""
_MOST_AWAY = 1024
_TOGETHER = 10.0
"""Seconds after which one search asks for nothing more."""
_log = structlog.get_logger("idp.trust")


class Away:
    """Who did not answer lately: where something is kept from before, it does without them."""

    def __init__(self, rest: timedelta):
        self._rest = rest.total_seconds()
        self._until: dict[str, float] = {}

    def __contains__(self, url: str) -> bool:
        return time.monotonic() < self._until.get(_host(url), 0.0)

    def note(self, url: str) -> None:
        if len(self._until) >= _MOST_AWAY:
            self._until.clear()
        self._until[_host(url)] = time.monotonic() + self._rest


def _host(url: str) -> str:
    return urlsplit(url).netloc


class Documents:
    """Answers what stands at an address. One for each search; ``keep`` remembers what it found."""

    def __init__(
        self,
        outbound: Outbound,
        life: timedelta,
        own: Callable[[str], str | None],
        fresh: Collection[str],
        away: Away,
    ):
        """``own`` answers for this node itself; ``fresh``: addresses to be asked in any case."""
        self._outbound = outbound
        self._life = life.total_seconds() * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
        self._own = own
        self._fresh, self._away = fresh, away
        self._fetched: dict[str, str] = {}
        self._until = time.monotonic() + _TOGETHER
        self.stale = False
        """Whether something is older than it should be, for want of an answer."""

    def __call__(self, url: str) -> str:
        """Raises Unreachable."""
        own = self._own(url)
        if own is not None:
            return own
        kept = statements.find(url)
        age = (now() - kept.fetched_at).total_seconds() if kept else 0
        if kept and url not in self._fresh and age < self._life:
            return kept.token
        if kept and url in self._away:
            self.stale = True
            return kept.token
        if time.monotonic() > self._until:
            raise Unreachable("late", url)
        return self._asked(url, kept)

    def _asked(self, url: str, kept: statements.Kept | None) -> str:
        """From there; where nobody answers what is kept goes on. Raises Unreachable."""
        try:
            token = fetch(self._outbound, url)
        except Unreachable as error:
            if error.transient:
                self._away.note(url)
            if kept is None:
                raise
            if not error.transient:
                statements.forget(url)
                raise
            self.stale = True
            _log.warning("stale statement", url=url, reason=error.reason)
            return kept.token
        self._fetched[url] = token
        return token

    def keep(self, used: Iterable[str]) -> None:
        """Remember those of the documents that led somewhere: strangers' fill no table."""
        wanted = set(used)
        latest = time.time() + _LONGEST.total_seconds()
        for url, token in self._fetched.items():
            if token in wanted:
                statements.keep(url, token, min(latest, signed.peek(token)["exp"]))


def fetch(outbound: Outbound, url: str, media_type: str = STATEMENT) -> str:
    """Raises Unreachable."""
    try:
        answer = outbound.foreign_get(url, headers={"Accept": media_type})
    except OutboundRefused as error:
        raise Unreachable("refused", str(error), transient=False) from None
    except OutboundFailed as error:
        raise Unreachable("failed", str(error)) from None
    return read(answer, url, media_type)


def read(answer: Answer, url: str, media_type: str) -> str:
    """The JWT in an answer. Raises Unreachable."""
    if answer.status != HTTPStatus.OK:
        raise Unreachable(f"HTTP {answer.status}", url, transient=not _final(answer))
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise Unreachable("media type", url)
    try:
        return answer.body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise Unreachable("characters", url) from None


def _final(answer: Answer) -> bool:
    """Whether asking again leads nowhere: only an error of the federation says so (§8.9), for
    any other answer may come from a gateway on the way.
    """
    if answer.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}:
        return False
    try:
        said = orjson.loads(answer.body)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("error") in _GONE
