"""What those hear who listen to this node: which event each change is, for whom (SSF, CAEP, RISC).

A change is put in the outbox with its own transaction (``audit.record``, ``sessions.ending``); here
the worker makes of it one event for every receiver that knows the person, by the name it knows
them by.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from idp.audit import events
from idp.signals import sets
from idp.store import accounts, clients, outbox, streams, subordinates
from idp.store.streams import Stream
from idp.store.types import now

PUSH = "signal-push"
_MOST_HELD = 10_000
"""Events of a paused stream that are pushed when it goes on."""
_BY = {
    "account_stopped": "admin",
    "level_lowered": "admin",
    "identity_taken_away": "admin",
    "mandate_revoked": "policy",
    "home_not_trusted": "policy",
    "home_ended": "policy",
    "account_closed": "policy",
}
"""Who ended a session, by the reason it ended for (CAEP §2); all others are the person's own."""

Payload = Mapping[str, Any]


class Said(NamedTuple):
    type: str
    body: dict[str, Any]
    sid: str = ""
    """The one session it is about; "" for all there is of the person."""


def expand(payload: Payload, issuer: str) -> str:
    """Make of a change the events it is, in the current transaction; harmless to repeat."""
    at = datetime.fromtimestamp(payload["at"], UTC)
    action = payload["action"]
    if action == events.SessionEnded.action:
        told = _of_session(payload, issuer, at)
    elif action in _OF_ENTITIES_BY:
        told = _of_entity(payload, issuer, at)
    else:
        told = _of_account(payload, issuer, at)
    return f"for {told}"


def heartbeat(issuer: str, every: timedelta) -> int:
    """Show whoever listens that there is merely nothing to tell; how many were shown."""
    quiet = streams.quiet_since(now() - every)
    for stream in quiet:
        stream.verified_at = now()
        if not streams.waiting(stream, 1):  # who takes nothing is told of no more than that
            verify(stream, issuer)
    return len(quiet)


def verify(stream: Stream, issuer: str, state: str = "") -> None:
    """SSF §8.1.4: an event about the stream itself, in the current transaction."""
    body = {"state": state} if state else {}
    _hold(stream, sets.VERIFICATION, _of_stream(stream), body, now())


def updated(stream: Stream) -> None:
    """SSF §8.1.5: the stream's status is another, by our will."""
    body = {"status": stream.status} | ({"reason": stream.reason} if stream.reason else {})
    _hold(stream, sets.STREAM_UPDATED, _of_stream(stream), body, now())


def catch_up(stream: Stream) -> None:
    """Push what was held while the stream was paused."""
    for event in streams.waiting(stream, _MOST_HELD):
        _push(event.id)


def claims(event: streams.StreamEvent, stream: Stream, issuer: str) -> dict[str, Any]:
    """What is signed; the same however often it is sent."""
    return {
        "iss": issuer,
        "aud": stream.client_id,
        "jti": event.id,
        "iat": int(event.at.timestamp()),
        "toe": event.at.timestamp(),
        "txn": event.txn,
        "sub_id": event.subject,
        "events": {event.type: event.body},
    }


def events_of(stream: Stream, issuer: str) -> list[str]:
    """The types it is sent: those it asked for, of those there are."""
    known = sets.supported(issuer)
    return [type_ for type_ in known if type_ in stream.requested] if stream.requested else known


def _of_account(payload: Payload, issuer: str, at: datetime) -> int:
    account = accounts.by_id(payload["account"])
    if account is None:
        return 0
    said = [*_OF_ACCOUNTS_BY[payload["action"]](payload, account, issuer)]
    return sum(
        _tell(stream, sub, each, issuer, at)
        for stream in streams.of_account(account.id)
        if (sub := _name_of(account.id, stream.client_id))
        for each in said
    )


def _of_session(payload: Payload, issuer: str, at: datetime) -> int:
    stream = streams.of_client(payload["client_id"])
    if stream is None or stream.status == streams.DISABLED:
        return 0
    by = _BY.get(payload["reason"], "user")
    body = {"event_timestamp": int(at.timestamp()), "initiating_entity": by}
    said = Said(sets.SESSION_REVOKED, body, payload["sid"])
    return _tell(stream, payload["sub"], said, issuer, at)


def _of_entity(payload: Payload, issuer: str, at: datetime) -> int:
    """What an entity is worth is said to every node that listens: it is no secret. Who is only
    proposed is nobody yet.
    """
    if payload["status"] == subordinates.WAITING:
        return 0
    type_, body, _ = _OF_ENTITIES_BY[payload["action"]](payload, at)
    subject = {"format": "uri", "uri": payload["entity"]}
    told = 0
    for stream in streams.open_():
        if sets.own(issuer, type_) in events_of(stream, issuer):
            _hold(stream, sets.own(issuer, type_), subject, body, at)
            told += 1
    return told


def _tell(stream: Stream, sub: str, said: Said, issuer: str, at: datetime) -> int:
    if said.type not in events_of(stream, issuer) or streams.is_silenced(stream, sub):
        return 0
    subject = sets.session(issuer, sub, said.sid) if said.sid else sets.user(issuer, sub)
    _hold(stream, said.type, subject, said.body, at)
    return 1


def _hold(
    stream: Stream, type_: str, subject: dict[str, Any], body: dict[str, Any], at: datetime
) -> None:
    event = streams.hold(stream, type_, subject, body, at)
    if stream.delivery == streams.PUSH and (
        stream.status == streams.ENABLED or type_ == sets.STREAM_UPDATED
    ):
        _push(event.id)


def _push(event_id: str) -> None:
    outbox.add(PUSH, {"event": event_id})


def _name_of(account_id: str, client_id: str) -> str:
    client = clients.look_up(client_id)
    if client is None or not client.active:
        return ""
    return accounts.known_subject(account_id, clients.sector_of(client)) or ""


def _of_stream(stream: Stream) -> dict[str, Any]:
    return {"format": "opaque", "id": stream.id}


Words = Callable[[Payload, accounts.Account, str], Iterator[Said]]


def _disabled(payload: Payload, _account: accounts.Account, _issuer: str) -> Iterator[Said]:
    """Whether it is active again meanwhile is said by an event of its own."""
    hijacked = payload["action"] == events.AccountFrozen.action
    yield Said(sets.ACCOUNT_DISABLED, {"reason": "hijacking"} if hijacked else {})


def _enabled(_payload: Payload, account: accounts.Account, _issuer: str) -> Iterator[Said]:
    """A stop may be lifted from an account that is frozen besides."""
    if account.active:
        yield Said(sets.ACCOUNT_ENABLED, {})


def _purged(_payload: Payload, _account: accounts.Account, _issuer: str) -> Iterator[Said]:
    yield Said(sets.ACCOUNT_PURGED, {})


def _lower(payload: Payload, account: accounts.Account, issuer: str) -> Iterator[Said]:
    yield _level(payload, account, issuer, "decrease")


def _higher(payload: Payload, account: accounts.Account, issuer: str) -> Iterator[Said]:
    if payload["raised"]:
        yield _level(payload, account, issuer, "increase")


def _level(payload: Payload, account: accounts.Account, issuer: str, direction: str) -> Said:
    body = {
        "event_timestamp": int(payload["at"]),
        "namespace": issuer + sets.LEVELS,
        "current_level": f"ial{account.standing_ial}",
        "change_direction": direction,
    }
    return Said(sets.LEVEL_CHANGE, body)


def _credential(type_: str, change: str) -> Words:
    def words(payload: Payload, _account: accounts.Account, _issuer: str) -> Iterator[Said]:
        body = {
            "event_timestamp": int(payload["at"]),
            "credential_type": type_,
            "change_type": "create" if payload.get("first") else change,
        }
        yield Said(sets.CREDENTIAL_CHANGE, body)

    return words


def _compromised(_payload: Payload, _account: accounts.Account, _issuer: str) -> Iterator[Said]:
    yield Said(sets.CREDENTIAL_COMPROMISE, {"credential_type": "fido2-roaming"})


def _recovered(_payload: Payload, _account: accounts.Account, _issuer: str) -> Iterator[Said]:
    yield Said(sets.RECOVERY_ACTIVATED, {})


_WORDS: Mapping[type[events.Event], Words] = {
    events.AccountStopped: _disabled,
    events.AccountFrozen: _disabled,
    events.ClosingAsked: _disabled,
    events.AccountsMerged: _disabled,
    events.AccountRestored: _enabled,
    events.AccountSecured: _enabled,
    events.ClosingTakenBack: _enabled,
    events.MergeUndone: _enabled,
    events.AccountErased: _purged,
    events.IdentityVerified: _higher,
    events.IdentityReleased: _lower,
    events.LevelLowered: _lower,
    events.PasswordSet: _credential("password", "update"),
    events.PasswordReset: _credential("password", "update"),
    events.PasskeyAdded: _credential("fido2-platform", "create"),
    events.PasskeyRemoved: _credential("fido2-platform", "revoke"),
    events.TotpAdded: _credential("app", "create"),
    events.TotpRemoved: _credential("app", "revoke"),
    events.PhoneChanged: _credential("phone-sms", "update"),
    events.PasskeyCopied: _compromised,
    events.RecoveryCompleted: _recovered,
}
"""By audit event: what it is to whoever relies on this node's word of the person."""


def _status(payload: Payload, at: datetime) -> Said:
    if payload["status"] in _KEYS:
        urgency = _KEYS[payload["status"]]
        body = {"urgency": urgency, "effective_at": int(at.timestamp())}
        return Said(sets.ENTITY_KEYS, body)
    return Said(sets.ENTITY_STATUS, _status_body(payload["status"], (), at))


def _mark(payload: Payload, at: datetime) -> Said:
    return Said(sets.ENTITY_STATUS, _status_body(payload["status"], (payload["mark"],), at))


def _status_body(status: str, marks: Sequence[str], at: datetime) -> dict[str, Any]:
    body = {"status": status, "effective_at": int(at.timestamp())}
    return body | ({"trust_mark_types": list(marks)} if marks else {})


_KEYS = {"keys": "planned", "key_dropped": "compromise"}
_OF_ENTITIES: Mapping[type[events.Event], Callable[[Payload, datetime], Said]] = {
    events.EntityChanged: _status,
    events.TrustMarkChanged: _mark,
}
WORDS = frozenset({*_WORDS, *_OF_ENTITIES})
"""The audit events that others hear of."""
_OF_ACCOUNTS_BY = {kind.action: words for kind, words in _WORDS.items()}
_OF_ENTITIES_BY = {kind.action: words for kind, words in _OF_ENTITIES.items()}
