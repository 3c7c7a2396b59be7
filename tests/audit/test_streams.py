"""Events of the hot path reach SQL once, whatever dies on the way."""

import pytest
from redis.exceptions import ConnectionError as RedisGone

from idp.audit import log
from idp.audit.events import CodeIssued, IdentityReleased, LevelLowered, SignedIn
from idp.store import audit, audit_streams
from idp.store.audit import AuditEvent
from idp.store.engines import db, redis


def stream(bucket: str, event: bytes) -> None:
    redis.xadd(f"{{{bucket}}}audit", {"event": event})


def kept() -> list[str]:
    db.session.rollback()
    return [row.account for row in db.session.query(AuditEvent).order_by(AuditEvent.id)]


def test_events_of_every_bucket_reach_sql_and_leave_the_streams(node):
    for n in range(300):
        redis.xadd(f"{{{n % 256:02x}}}audit", log.entry(CodeIssued(account=f"a{n}")))
    assert log.backlog() == 300

    assert log.copy_streams() == 300

    assert log.backlog() == 0
    assert sorted(kept()) == sorted(f"a{n}" for n in range(300))
    assert log.chain() == 300
    assert log.verify().whole


def test_whom_something_was_done_to_is_found_by_them_whichever_way_it_came(node):
    stream("00", log.packed(LevelLowered(target="a1")))
    stream("00", log.packed(SignedIn(account="a1")))
    log.copy_streams()
    log.record(IdentityReleased(account="a2", target="a1"))
    db.session.commit()
    shown = ("identity.lowered", "identity.released", "session.started")

    assert sorted(row.action for row in audit.of_account("a1", shown, 10)) == sorted(shown)
    assert [row.action for row in audit.of_account("a2", shown, 10)] == ["identity.released"]
    assert log.chain() == 3
    assert log.verify().whole


def test_a_long_stream_is_copied_in_batches(node):
    for n in range(25):
        stream("00", log.packed(SignedIn(account=f"a{n}")))
    assert log.copy_streams(batch=10) == 25
    assert len(kept()) == 25


def test_an_event_copied_twice_is_kept_once(node, monkeypatch):
    """The worker is killed after SQL has the event, before the stream forgets it."""
    stream("7f", log.packed(SignedIn(account="a1")))

    def killed(_entries):
        raise KeyboardInterrupt

    monkeypatch.setattr(audit_streams, "forget", killed)
    with pytest.raises(KeyboardInterrupt):
        log.copy_streams()
    monkeypatch.undo()
    log.chain()
    log.copy_streams()
    log.chain()

    assert kept() == ["a1"]
    assert log.backlog() == 0
    assert log.verify().checked == 1


def test_nothing_leaves_the_stream_before_sql_has_it(node, monkeypatch):
    stream("7f", log.packed(SignedIn(account="a1")))

    def down(_rows):
        raise ConnectionError

    monkeypatch.setattr(audit, "add_all", down)
    with pytest.raises(ConnectionError):
        log.copy_streams()
    assert log.backlog() == 1


@pytest.mark.parametrize(
    "junk", [b"", b"not json", b"[]", b'{"id":"x"}', b'"\xff"', b"null", b"{}"], ids=repr
)
def test_an_entry_nobody_can_read_is_set_aside_and_stops_no_other(node, junk):
    stream("00", junk)
    stream("00", log.packed(SignedIn(account="a1")))

    assert log.copy_streams() == 1

    assert log.backlog() == 0
    assert redis.xrange("audit:unreadable")[0][1] == {b"event": junk}


@pytest.mark.parametrize(
    ("said", "forged"),
    [
        (b"session.started", b"session.started" + b"x" * 60),
        (b'"account":"a1"', b'"account":"a\\u00001"'),
        (b'"account":"a1"', b'"account":7'),
        (b"+00:00", b""),
    ],
)
def test_an_entry_sql_would_refuse_is_set_aside(node, said, forged):
    stream("00", log.packed(SignedIn(account="a1")).replace(said, forged))
    assert log.copy_streams() == 0
    assert redis.xlen("audit:unreadable") == 1


def test_an_event_forged_in_redis_never_joins_the_chain(node):
    stream("00", log.packed(SignedIn(account="a1")).replace(b'"a1"', b'"a2"'))
    log.copy_streams()
    assert log.chain() == 0
    assert log.verify().broken.what.startswith("slipped in")


def test_the_chain_goes_on_without_redis(node, monkeypatch):
    def gone(*_args):
        raise RedisGone

    monkeypatch.setattr(node.extensions["redis"], "set", gone)
    log.record(SignedIn(account="a1"))
    db.session.commit()
    assert log.chain() == 1
