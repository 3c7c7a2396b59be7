"""Whom this node listens to, and the streams it has there (SSF 1.0 §8.1, as a receiver).

It listens to its own superiors, to every node whose people have accounts here, and to whoever
vouches for those: what any of them says of a person or an entity can change who may be here.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog

from idp.broker import asking
from idp.federation.errors import FederationError, Unreachable
from idp.federation.metadata import endpoint
from idp.hearing import receiving
from idp.hearing.receiving import PATH, NotNow
from idp.keys import CLIENT
from idp.outbound import Answer, OutboundFailed, OutboundRefused
from idp.services import services
from idp.signals.sets import InvalidSet
from idp.store import clients, peer_links, sources
from idp.store.engines import db
from idp.store.sources import Source
from idp.store.streams import DISABLED, ENABLED, POLL, PUSH
from idp.store.types import now

SILENT = 3
"""Heartbeats without a word after which a stream is looked after."""
_LEASE = timedelta(minutes=2)
_LATEST = timedelta(hours=1)
_JSON = "application/json"
_log = structlog.get_logger("idp.hearing")


class NoStream(Exception):
    """Why somebody cannot be listened to for now."""


class Mute(NoStream):
    """Somebody who is no transmitter: that is no trouble of theirs or ours."""


def look_after(*, at_once: bool = False) -> int:
    """Begin to listen where this node should, see to streams that are due, or to all ``at_once``,
    and leave whom it no longer cares for; how many were seen to.
    """
    if not services.trust.on or not services.settings.federation.relying_party:
        return 0
    wanted, known = _wanted(), {each.transmitter for each in sources.all_of()}
    for entity in wanted - known:
        sources.add(entity)
    db.session.commit()
    done = 0
    for source in sources.all_of():
        if source.transmitter not in wanted:
            _leave(source)
        elif sources.claim(source, now() + _LEASE, at_once=at_once):
            _see_to(source)
        else:
            continue
        done += 1
    return done


def fetch() -> int:
    """Fetch what waits at those that do not push (RFC 8936); how many events there were."""
    return sum(_fetch(source) for source in sources.polled())


def _wanted() -> set[str]:
    federation = services.settings.federation
    found = {*federation.superiors, *services.trust.anchors()}
    for issuer in (services.trust.own.entity_id, *peer_links.issuers()):
        try:
            chain = services.trust.chain(issuer)
        except FederationError as error:
            if isinstance(error, Unreachable) and error.transient:
                found.add(issuer)  # it may be back in a moment
            continue  # else not trusted now: nothing it says would be believed
        found |= {str(one.iss) for one in chain.statements}
    return found - {services.trust.own.entity_id}


def _see_to(source: Source) -> None:
    try:
        _renew(source)
        source.tries, source.problem = 0, ""
        source.try_at = now() + SILENT * services.settings.signals.heartbeat
    except Mute:
        source.tries, source.problem, source.try_at = 0, "", now() + _LATEST
    except (NoStream, FederationError, OutboundFailed, OutboundRefused) as error:
        source.tries += 1
        source.problem = f"{type(error).__name__}: {error}"[:255]
        source.try_at = now() + min(_LATEST, timedelta(seconds=15 * 2 ** min(source.tries, 10)))
        _log.warning("no stream", transmitter=source.transmitter, reason=source.problem)
    db.session.commit()


def _renew(source: Source) -> None:
    """A stream that is there and enabled, as this node wants to hear now."""
    there = _There.at(source.transmitter)
    wants_poll = services.settings.signals.delivery == "poll"
    if source.stream_id and bool(source.poll_url) is wants_poll:
        query = urlencode({"stream_id": source.stream_id})
        status, said = there.get(f"{there.url('status_endpoint')}?{query}")
        if status == HTTPStatus.OK and said.get("status") == ENABLED:
            return
        if status == HTTPStatus.OK:
            again = {"stream_id": source.stream_id, "status": ENABLED}
            there.expect(HTTPStatus.OK, there.post(there.url("status_endpoint"), again))
            return
        if status != HTTPStatus.NOT_FOUND:
            raise NoStream(f"status: HTTP {status}")
    _make(source, there)


def _make(source: Source, there: "_There") -> None:
    secret = f"Bearer {secrets.token_urlsafe(32)}"
    delivery = {
        "method": PUSH,
        "endpoint_url": services.settings.issuer + PATH,
        "authorization_header": secret,
    }
    if services.settings.signals.delivery == "poll":
        delivery = {"method": POLL}
    at = there.url("configuration_endpoint")
    status, said = there.post(at, {"delivery": delivery})
    if status == HTTPStatus.CONFLICT:  # it has one for us of which we know nothing more
        _, listed = there.get(at)
        said = there.expect(HTTPStatus.OK, there.put(at, _only(listed), delivery))
    elif status != HTTPStatus.CREATED:
        raise NoStream(f"HTTP {status}")
    given = said.get("delivery")
    url = given.get("endpoint_url", "") if isinstance(given, Mapping) else ""
    source.stream_id = str(said.get("stream_id", ""))[:255]
    source.secret_hash = sha256(secret.encode()).hexdigest()
    source.poll_url = ""
    if delivery["method"] == POLL:
        source.poll_url, source.secret_hash = endpoint(url, services.trust.rules), ""
    source.heard_at = now()


def _only(listed: Any) -> str:
    streams = listed if isinstance(listed, list) else [listed]
    found = streams[0].get("stream_id") if streams and isinstance(streams[0], Mapping) else None
    if not isinstance(found, str):
        raise NoStream("it has a stream for us, and does not show it")
    return found


def _leave(source: Source) -> None:
    """Its word counts for nothing here any more; it is told so where it can be."""
    try:
        there = _There.at(source.transmitter)
        off = {"stream_id": source.stream_id, "status": DISABLED}
        there.post(there.url("status_endpoint"), off)
    except (NoStream, FederationError, OutboundFailed, OutboundRefused) as error:
        _log.info("left without a word", transmitter=source.transmitter, reason=str(error))
    sources.remove(source)
    db.session.commit()


def _fetch(source: Source) -> int:
    """What an event is refused for is said with the next question."""
    acked: list[str] = []
    refused: dict[str, Any] = {}
    try:
        there = _There.at(source.transmitter)
        found = _asked(there, source.poll_url, {})
        for jti, token in found.items():
            try:
                receiving.take(str(token), source)
                acked.append(jti)
            except InvalidSet as error:
                refused[jti] = {"err": error.err, "description": error.description}
        source.heard_at = now()
        db.session.commit()
        if found:
            _asked(there, source.poll_url, {"ack": acked, "setErrs": refused, "maxEvents": 0})
    except (NoStream, NotNow, FederationError, OutboundFailed, OutboundRefused) as error:
        db.session.rollback()
        _log.warning("not fetched", transmitter=source.transmitter, reason=str(error))
    return len(acked) + len(refused)


def _asked(there: "_There", url: str, question: dict[str, Any]) -> Mapping[str, Any]:
    said = there.expect(HTTPStatus.OK, there.post(url, {"returnImmediately": True, **question}))
    found = said.get("sets", {})
    return found if isinstance(found, Mapping) else {}


class _There:
    """A transmitter, as its superiors vouch for it, and our token for it."""

    def __init__(self, metadata: Mapping[str, Any], token: str):
        self._metadata, self._token = metadata, token

    @classmethod
    def at(cls, transmitter: str) -> "_There":
        """Raises NoStream, FederationError, OutboundFailed, OutboundRefused."""
        metadata = receiving.transmitter(services.trust.chain(transmitter))
        if not metadata:
            raise Mute("it tells nobody anything")
        key, own = services.keys.signer(CLIENT), services.settings.issuer
        form = {
            **asking.authentication(own, transmitter, key),
            "grant_type": "client_credentials",
            "scope": clients.MANAGE,
        }
        url = endpoint(metadata.get("token_endpoint"), services.trust.rules)
        status, said = _read(services.outbound.foreign_post(url, form))
        token = said.get("access_token")
        if status != HTTPStatus.OK or not isinstance(token, str):
            raise NoStream(f"token: HTTP {status} {str(said.get('error', ''))[:64]}")
        return cls(metadata, token)

    def url(self, name: str) -> str:
        return endpoint(self._metadata.get(name), services.trust.rules)

    def get(self, url: str) -> tuple[int, Any]:
        return _read(services.outbound.foreign_get(url, headers=self._bearer))

    def post(self, url: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        raw = orjson.dumps(body)
        return _read(
            services.outbound.foreign_post(url, raw, content_type=_JSON, headers=self._bearer)
        )

    def put(self, url: str, stream_id: str, delivery: Mapping[str, Any]) -> tuple[int, Any]:
        raw = orjson.dumps({"stream_id": stream_id, "delivery": delivery})
        return _read(
            services.outbound.foreign_put(url, raw, content_type=_JSON, headers=self._bearer)
        )

    @staticmethod
    def expect(wanted: HTTPStatus, answer: tuple[int, Any]) -> Mapping[str, Any]:
        status, said = answer
        if status != wanted or not isinstance(said, Mapping):
            raise NoStream(f"HTTP {status}")
        return said

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept": _JSON}


def _read(answer: Answer) -> tuple[int, Any]:
    try:
        return answer.status, orjson.loads(answer.body or b"{}")
    except ValueError:
        return answer.status, {}
