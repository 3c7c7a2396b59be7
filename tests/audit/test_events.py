"""The catalogue: every event says what it must, and nothing about a person in clear."""

import dataclasses
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from idp.audit import context, log, rows
from idp.audit.context import Context
from idp.audit.events import EVENTS, AccountOpened, AgreementAccepted, CodeSent, Event, SignedIn
from idp.crypto.sealing import Index
from idp.store import audit
from idp.store.engines import db
from idp.store.types import sealer


def example(kind: type[Event]) -> Event:
    needed = {f.name: "x" for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING}
    return kind(**needed)


def test_every_event_is_in_the_catalogue_once():
    actions = [kind.action for kind in EVENTS]
    assert set(EVENTS) == set(Event.__subclasses__())
    assert len(set(actions)) == len(actions)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_an_event_fits_its_row_and_survives_the_stream(node, kind):
    row = rows.of(example(kind))
    assert rows.unpacked(rows.packed(row)) == row
    assert rows.is_ours(row)
    log.record(example(kind))
    db.session.commit()
    assert log.chain() == 1


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_an_event_cannot_be_changed_after_it_happened(kind):
    with pytest.raises(dataclasses.FrozenInstanceError):
        example(kind).account = "somebody else"


def test_a_phone_enters_an_event_only_as_a_blind_index(node):
    with pytest.raises(TypeError, match="blind index"):
        CodeSent(phone="+8613800000000", purpose="login")
    assert isinstance(CodeSent(phone=sealer().index("phone", "+8613800000000")).phone, Index)


def test_an_event_says_who_when_where_and_through_whom(node):
    here = Context(
        request_id="r-1",
        channel="hall",
        terminal="Chrome",
        region="330100",
        address="203.0.113.9",
        acting_for="citizen-2",
        role="clerk",
    )
    with context.use(here):
        log.record(SignedIn(account="a1", client_id="shebao", methods=("sms",), acr="ial1.aal1"))
    db.session.commit()

    row = db.session.query(audit.AuditEvent).one()

    assert (row.account, row.acting_for, row.role) == ("a1", "citizen-2", "clerk")
    assert (row.channel, row.terminal, row.region) == ("hall", "Chrome", "330100")
    assert (row.client_id, row.action, row.outcome) == ("shebao", "session.started", "ok")
    assert (row.request_id, row.source) == ("r-1", "203.0.113.9")
    assert abs(row.at - datetime.now(UTC)) < timedelta(seconds=10)
    assert orjson.loads(row.details)["methods"] == ["sms"]
    assert context.current() == Context()


def test_the_source_address_is_sealed(node):
    with context.use(Context(address="203.0.113.9")):
        packed = log.packed(SignedIn(account="a1"))
    assert b"203.0.113" not in packed


def test_what_is_too_long_or_unstorable_is_cut_not_refused(node):
    with context.use(Context(terminal="x" * 1000, request_id="a\0b", address="::1")):
        log.record(AccountOpened(account="a1", reason="y" * 1000))
    db.session.commit()
    log.chain()

    row = db.session.query(audit.AuditEvent).one()

    assert (len(row.terminal), len(row.reason), row.request_id) == (64, 128, "ab")
    assert log.verify().whole


def test_an_event_is_written_with_its_cause_or_not_at_all(node):
    log.record(AccountOpened(account="a1"))
    db.session.rollback()
    assert db.session.query(audit.AuditEvent).count() == 0


def test_an_event_keeps_details_of_its_own_only():
    event = AgreementAccepted(account="a1", agreement="服务协议", version="1")
    assert event.details() == {"agreement": "服务协议", "version": "1"}
