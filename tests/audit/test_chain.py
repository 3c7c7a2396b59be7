"""The trail proves itself whole, or names the first link that does not hold."""

import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from idp.audit import chain as chains
from idp.audit import context, log
from idp.audit.context import Context
from idp.audit.errors import AuditBroken
from idp.audit.events import SignedIn
from idp.crypto.keyring import KeyRing
from idp.crypto.sealing import Sealer
from idp.store import rekeying
from idp.store.engines import db, redis
from idp.store.types import sealer
from tests.crypto import node as nodes

TEXTS = (
    *("action", "account", "acting_for", "role", "channel", "region", "terminal"),
    *("client_id", "outcome", "reason", "request_id", "details"),
)


def broken() -> tuple[int | None, str]:
    verdict = log.verify(batch=4)
    assert not verdict.whole
    return verdict.broken.seq, verdict.broken.what


def test_an_untouched_trail_is_whole(trail):
    verdict = log.verify()
    assert (verdict.whole, verdict.checked, verdict.head) == (True, 10, 10)


def test_a_trail_nothing_happened_in_is_whole(node):
    assert log.chain() == 0
    assert log.verify().whole


def test_the_trail_grows_and_stays_whole(trail):
    trail.grow(7)
    verdict = log.verify(batch=5)
    assert (verdict.whole, verdict.checked, verdict.head) == (True, 17, 17)


@pytest.mark.parametrize("column", TEXTS)
def test_an_edited_row_is_named(trail, column):
    trail.execute(f"UPDATE audit_event SET {column} = 'edited' WHERE seq = 4")
    assert broken() == (4, "edited, or not made by this node")


@pytest.mark.parametrize("column", ["mac", "link"])
def test_a_row_with_an_edited_mark_is_named(trail, column):
    trail.execute(f"UPDATE audit_event SET {column} = 'intl.k1.AAAA' WHERE seq = 4")
    assert broken()[0] == 4


def test_an_edited_time_is_named(trail):
    trail.execute(
        "UPDATE audit_event SET at = (SELECT at FROM audit_event WHERE seq=1) WHERE seq=4"
    )
    assert broken() == (4, "edited, or not made by this node")


def test_an_edited_source_address_is_named(node, trail):
    with context.use(Context(address="203.0.113.9")):
        trail.grow(2)
    for other in ("'nonsense'", "NULL", "(SELECT source FROM audit_event WHERE seq = 12)"):
        before = trail.rows()[10].source
        trail.execute(f"UPDATE audit_event SET source = {other} WHERE seq = 11")
        if "SELECT" not in other:
            assert broken() == (11, "edited, or not made by this node")
        trail.execute("UPDATE audit_event SET source = :before WHERE seq = 11", before=before)
    assert log.verify().whole


def test_a_row_deleted_in_the_middle_is_named(trail):
    trail.execute("DELETE FROM audit_event WHERE seq = 4")
    assert broken() == (4, "deleted")


def test_a_row_deleted_and_the_rest_moved_up_is_named(trail):
    trail.execute("DELETE FROM audit_event WHERE seq = 4")
    for seq in range(5, 11):
        trail.execute("UPDATE audit_event SET seq = :to WHERE seq = :seq", seq=seq, to=seq - 1)
    assert broken() == (4, "not in its place")


def test_a_deleted_beginning_is_named(trail):
    trail.execute("DELETE FROM audit_event WHERE seq <= 3")
    assert broken() == (1, "deleted")


def test_a_deleted_tail_is_named(trail):
    trail.execute("DELETE FROM audit_event WHERE seq > 7")
    assert broken() == (8, "deleted")


def test_a_tail_deleted_together_with_the_head_is_named_by_redis(trail):
    old = rolled_back(trail)
    assert broken() == (11, "deleted, with all that followed")
    assert old == 10


def test_a_tail_deleted_together_with_the_head_and_redis_is_named_by_the_log(trail):
    with capture_logs() as lines:
        rolled_back(trail)
    redis.flushall()
    assert log.verify().whole, "nothing inside the node tells"

    logged = [line["head"] for line in lines if line["event"] == "audit head"]

    verdict = log.verify(logged)
    assert (verdict.broken.seq, verdict.head) == (11, 10)


def test_heads_are_found_in_whole_lines_of_the_log(trail):
    with capture_logs() as lines:
        rolled_back(trail)
    redis.flushall()
    service_log = ["something else", *(orjson.dumps(line).decode() for line in lines), ""]
    assert log.verify(service_log).broken.seq == 11


def test_a_deleted_trail_is_named(trail):
    trail.execute("DELETE FROM audit_event")
    trail.execute("DELETE FROM audit_head")
    assert broken() == (1, "deleted, with all that followed")


def rolled_back(trail) -> int:
    """The intruder keeps an old signed head, and brings it back with the rows of then."""
    with db.engine.connect() as connection:
        head = connection.execute(text("SELECT seq, link, tag FROM audit_head")).one()
    trail.grow(5)
    trail.execute("DELETE FROM audit_event WHERE seq > 10")
    trail.execute("UPDATE audit_head SET seq=:seq, link=:link, tag=:tag", **head._mapping)
    return head.seq


def test_a_rewritten_tail_is_named_by_a_witness(trail):
    """Somebody with an old backup and the node's own software grows another end."""
    with capture_logs() as lines:
        rolled_back(trail)
    trail.grow(8)
    logged = [line["head"] for line in lines if line["event"] == "audit head"]
    verdict = log.verify(logged)
    assert (verdict.broken.seq, verdict.broken.what) == (15, "differs from a head signed earlier")


def test_a_row_slipped_in_behind_the_head_is_named(trail):
    copied(trail, seq=11)
    assert broken() == (11, "slipped in behind the head")


def test_a_row_slipped_in_with_the_head_moved_is_named(trail):
    copied(trail, seq=11)
    trail.execute("UPDATE audit_head SET seq = 11")
    assert broken() == (11, "head not signed by this node")


def test_a_row_slipped_in_between_others_is_named(trail):
    for seq in range(10, 3, -1):
        trail.execute("UPDATE audit_event SET seq = :to WHERE seq = :seq", seq=seq, to=seq + 1)
    copied(trail, seq=4)
    assert broken()[0] == 4


def test_a_row_slipped_in_to_be_chained_never_is(trail):
    copied(trail, seq=None)
    with capture_logs() as lines:
        assert log.chain() == 0
    assert any(line["log_level"] == "error" for line in lines)
    assert log.verify().broken.event == "slipped-in"
    trail.grow(3)
    assert log.verify().head == 13, "the trail goes on"


def copied(trail, seq: int | None) -> None:
    """A row of the intruder's own, made from a real one as well as can be."""
    link = "NULL" if seq is None else "link"
    names = "at, account, acting_for, role, channel, region, terminal, client_id, outcome, "
    names += "reason, request_id, source, details, mac"
    trail.execute(
        f"INSERT INTO audit_event (id, seq, action, link, {names}) "
        f"SELECT 'slipped-in', :seq, 'session.ended', {link}, {names} "
        "FROM audit_event WHERE seq = 3",
        seq=seq,
    )


def test_reordered_rows_are_named(trail):
    for seq, to in ((4, 99), (7, 4), (99, 7)):
        trail.execute("UPDATE audit_event SET seq = :to WHERE seq = :seq", seq=seq, to=to)
    assert broken() == (4, "not in its place")


def test_a_row_taken_out_of_the_chain_is_missed(trail):
    trail.execute("UPDATE audit_event SET seq = NULL, link = NULL WHERE seq = 4")
    log.chain()
    assert broken() == (4, "deleted")


def test_a_forged_witness_is_named(trail):
    verdict = log.verify(["99:intl.k1.AAAA:intl.k1.AAAA"])
    assert "witness" in verdict.broken.what


@hypothesis(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_an_intruder_changes_shows(node, trail, data):
    seq = data.draw(st.integers(1, 10))
    column = data.draw(st.sampled_from([*TEXTS, "id", "mac", "link", "seq"]))
    value = data.draw(
        st.integers(20, 99) if column == "seq" else st.from_regex(r"[a-z]{1,12}", fullmatch=True)
    )
    before = getattr(trail.rows()[seq - 1], column)
    change = f"UPDATE audit_event SET {column} = :value WHERE seq = :seq"

    trail.execute(change, seq=seq, value=value)

    assert broken()[0] == seq
    trail.execute(change, seq=value if column == "seq" else seq, value=before)
    assert log.verify().whole


def test_several_writers_make_one_chain(engines, tmp_path):
    with nodes.running(engines, tmp_path):
        others = [nodes.another_process(engines, tmp_path) for _ in range(3)]
        threads = [threading.Thread(target=write_and_chain, args=(app,)) for app in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        verdict = log.verify()
    assert (verdict.whole, verdict.checked) == (True, 60)


def write_and_chain(app) -> None:
    with app.app_context():
        for n in range(20):
            log.record(SignedIn(account=f"a{n}"))
            db.session.commit()
            log.chain(batch=7)
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis"].close()


def test_export_gives_every_event_in_order_without_addresses(node, trail):
    with context.use(Context(address="203.0.113.9")):
        trail.grow(1)
    lines = [orjson.loads(line) for line in log.export()]
    assert [line["seq"] for line in lines] == list(range(1, 12))
    assert lines[0]["details"]["session"] == "s0"
    assert all("source" not in line for line in lines)
    assert list(log.export(since=lines_time(lines[-1]) + timedelta(days=1))) == []
    assert list(log.export(until=lines_time(lines[0]) - timedelta(days=1))) == []


def lines_time(line) -> datetime:
    return datetime.fromisoformat(line["at"])


@pytest.fixture
def old_trail(node, trail, time_machine):
    """Ten events long ago, five now."""
    time_machine.move_to(datetime.now(UTC) + timedelta(days=500))
    trail.grow(5)
    return trail


def test_retention_cuts_the_oldest_behind_a_signed_checkpoint(old_trail):
    assert log.cut(timedelta(days=400)) == 10
    log.chain()

    assert [row.seq for row in old_trail.rows()] == list(range(11, 17))
    assert log.verify().whole
    assert old_trail.rows()[-1].action == "audit.cut"


def test_cutting_again_removes_nothing_more(old_trail):
    log.cut(timedelta(days=400))
    assert log.cut(timedelta(days=400)) == 0
    assert log.verify().whole


def test_a_cut_stopped_before_it_deleted_is_finished_by_the_next(old_trail, monkeypatch):
    def killed(_seq, _batch):
        raise KeyboardInterrupt

    monkeypatch.setattr(chains.audit, "delete_upto", killed)
    with pytest.raises(KeyboardInterrupt):
        log.cut(timedelta(days=400))
    monkeypatch.undo()
    assert log.verify().whole
    assert log.cut(timedelta(days=400)) == 10
    assert log.verify().whole


def test_everything_may_be_too_old(trail, time_machine):
    time_machine.move_to(datetime.now(UTC) + timedelta(days=500))
    assert log.cut(timedelta(days=400)) == 10
    assert log.verify().whole
    trail.grow(2)
    verdict = log.verify()
    assert (verdict.whole, verdict.head) == (True, 13)


def test_a_broken_trail_is_not_cut(old_trail):
    old_trail.execute("DELETE FROM audit_event WHERE seq = 2")
    with pytest.raises(AuditBroken):
        log.cut(timedelta(days=400))
    assert len(old_trail.rows()) == 14


def test_more_deleted_than_the_checkpoint_says_is_named(old_trail):
    log.cut(timedelta(days=400))
    log.chain()
    old_trail.execute("DELETE FROM audit_event WHERE seq = 11")
    assert broken() == (11, "deleted")


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE audit_checkpoint SET seq = 12",
        "DELETE FROM audit_checkpoint",
        "INSERT INTO audit_checkpoint (seq, link, at, tag) "
        "SELECT 12, link, at, tag FROM audit_checkpoint",
    ],
)
def test_a_forged_or_missing_checkpoint_is_named(old_trail, forgery):
    log.cut(timedelta(days=400))
    log.chain()
    old_trail.execute(forgery)
    assert not log.verify().whole


def test_the_trail_stays_whole_through_rekeying(node, trail):
    with context.use(Context(address="203.0.113.9")):
        trail.grow(3)
    ring = sealer().ring
    ring.activate(ring.add())
    trail.grow(3)
    list(rekeying.rekey())

    assert (rekeying.remaining(), log.verify().whole) == (0, True)
    assert rekeying.users(["k1"])["k1"] == 13, "the tags of old events still need the old key"


def test_another_nodes_keys_prove_nothing(node, trail):
    with tempfile.TemporaryDirectory() as directory:
        node.extensions["sealer"] = Sealer(KeyRing.create(Path(directory) / "k.toml", "testing"))
        assert not log.verify().whole
