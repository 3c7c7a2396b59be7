"""What is over is cleared away; what is not stays."""

from datetime import datetime, timedelta

import flask
from sqlalchemy import select

from idp.settings import Retention
from idp.store import accounts, closings, identities, merges, organisations, outbox, tidying
from idp.store.accounts import KnownBrowser, SignIn
from idp.store.cases import Case
from idp.store.engines import db, new_id
from idp.store.reads import DataRead
from idp.store.transfers import Transfer
from idp.store.types import now

LONG_AGO = timedelta(days=1000)


def id_of(moment: datetime) -> str:
    """An id made at ``moment``."""
    return f"{int(moment.timestamp() * 1000):012x}" + new_id()[12:]


def test_old_traces_go_and_new_ones_stay(app: flask.Flask) -> None:
    with app.app_context():
        account = accounts.Account()
        db.session.add(account)
        db.session.flush()
        for age, name in ((LONG_AGO, "old"), (timedelta(0), "new")):
            at = now() - age
            sign_in = SignIn(id=id_of(at), account_id=account.id, at=at, terminal=name)
            db.session.add(sign_in)
            db.session.add(KnownBrowser(account_id=account.id, browser=name, last_at=at))
            message = outbox.OutboxMessage(kind=name, payload={}, state=outbox.DONE, due_at=at)
            db.session.add(message)
            db.session.flush()
            db.session.add(outbox.OutboxTry(message_id=message.id, outcome="ok"))
            paid = {
                "name": name,
                "kind": "enterprise",
                "verifier": "t",
                "paid": name,
                "identity_id": "i",
            }
            db.session.add(Transfer(id=id_of(at), account_id=account.id, code=name, **paid))
        db.session.commit()

        assert tidying.tidy(Retention()) == 4
        assert tidying.tidy(Retention()) == 0

        assert list(db.session.scalars(select(SignIn.terminal))) == ["new"]
        assert list(db.session.scalars(select(KnownBrowser.browser))) == ["new"]
        assert list(db.session.scalars(select(outbox.OutboxMessage.kind))) == ["new"]
        assert list(db.session.scalars(select(Transfer.name))) == ["new"]


def test_a_message_that_still_waits_is_never_cleared_away(app: flask.Flask) -> None:
    with app.app_context():
        message = outbox.add("session-cut", {})
        message.created_at = message.due_at = now() - LONG_AGO
        db.session.commit()

        assert tidying.tidy(Retention()) == 0


def someone() -> accounts.Account:
    account = accounts.Account()
    db.session.add(account)
    db.session.flush()
    return account


def test_what_the_staff_decided_and_read_goes_when_its_time_is_over(app: flask.Flask) -> None:
    with app.app_context():
        account_id = someone().id
        for age, name in ((LONG_AGO * 2, "OLD"), (timedelta(0), "NEW")):
            at = now() - age
            db.session.add(
                Case(id=id_of(at), code=name, kind="k", account_id=account_id, valid_until=at)
            )
            db.session.add(DataRead(account_id=account_id, what="case", at=at, reference=name))
        db.session.commit()

        assert tidying.tidy(Retention()) == 2
        assert list(db.session.scalars(select(Case.code))) == ["NEW"]
        assert list(db.session.scalars(select(DataRead.reference))) == ["NEW"]


def test_an_ended_name_goes_with_its_evidence_and_a_current_one_stays(app: flask.Flask) -> None:
    with app.app_context():
        account = someone()
        for n, ended in enumerate((now() - LONG_AGO * 2, now(), None)):
            number = f"11000019900307{n:04}"
            person = identities.Person("王小明", "resident_id", number, f"resident_id:{number}")
            identity = identities.bind(account, person)
            identities.add_evidence(identity, identities.Proof("register", "test", f"r-{n}", 2))
            if ended:
                identities.release(identity, identities.ENDED, "test")
                identity.ended_at = ended
        db.session.commit()

        assert tidying.tidy(Retention()) == 1
        assert set(db.session.scalars(select(identities.Evidence.reference))) == {"r-1", "r-2"}
        assert identities.of(account.id) is not None


def test_evidence_long_lapsed_goes_and_what_never_lapses_stays(app: flask.Flask) -> None:
    with app.app_context():
        account = someone()
        number = "110000199003070028"
        person = identities.Person("李秀英", "resident_id", number, f"resident_id:{number}")
        identity = identities.bind(account, person)
        for name, until in (("old", now() - LONG_AGO), ("lapsed", now()), ("for-ever", None)):
            identities.add_evidence(identity, identities.Proof("face", "test", name, 3, until))
        db.session.commit()

        assert tidying.tidy(Retention()) == 1
        found = set(db.session.scalars(select(identities.Evidence.reference)))
        assert found == {"lapsed", "for-ever"}


def test_evidence_that_was_voided_goes_though_it_had_no_term(app: flask.Flask) -> None:
    with app.app_context():
        account = someone()
        number = "110000199003070028"
        person = identities.Person("李秀英", "resident_id", number, f"resident_id:{number}")
        identity = identities.bind(account, person)
        for name, void in (("old", now() - LONG_AGO), ("late", now()), ("counts", None)):
            identities.add_evidence(identity, identities.Proof("face", "test", name, 3, None))
            found = db.session.scalars(select(identities.Evidence).filter_by(reference=name)).one()
            found.void_since = void
        db.session.commit()

        assert tidying.tidy(Retention()) == 1
        found = set(db.session.scalars(select(identities.Evidence.reference)))
        assert found == {"late", "counts"}


def test_offers_nobody_answered_and_mandates_that_ran_out_go(app: flask.Flask) -> None:
    with app.app_context():
        company = organisations.add("91110000MA00000077", "甲有限公司", "enterprise", "t", "t")
        names = {}
        for name, state, offered, ends in (
            ("offer of old", organisations.OFFERED, LONG_AGO * 2, None),
            ("offer of today", organisations.OFFERED, timedelta(0), None),
            ("ran out long ago", organisations.ACCEPTED, LONG_AGO * 2, LONG_AGO * 2),
            ("ran out yesterday", organisations.ACCEPTED, LONG_AGO * 2, timedelta(days=1)),
            ("of old, without end", organisations.ACCEPTED, LONG_AGO * 2, None),
        ):
            made = organisations.add_mandate(
                organisation_id=company.id,
                state=state,
                agent_name="王建国",
                offered_at=now() - offered,
                ends_at=now() - ends if ends is not None else None,
            )
            names[made.id] = name
        db.session.commit()

        assert tidying.tidy(Retention()) == 2
        kept = {names[each] for each in db.session.scalars(select(organisations.Mandate.id))}
        assert kept == {"offer of today", "ran out yesterday", "of old, without end"}


def test_what_merged_accounts_were_called_is_forgotten_when_nothing_can_be_undone(
    app: flask.Flask,
) -> None:
    with app.app_context():
        moved = {"phone": "+8613800000001", "username": "wangxm", "clients": ["tax"]}
        for over in (timedelta(hours=2), timedelta(minutes=-1)):
            merge = merges.Merge(kept_id=someone().id, gone_id=someone().id, moved=moved)
            merge.undo_until = now() - over
            db.session.add(merge)
        db.session.commit()

        assert tidying.tidy(Retention()) == 1
        assert tidying.tidy(Retention()) == 0
        found = db.session.scalars(select(merges.Merge).order_by(merges.Merge.undo_until))
        assert [each.moved for each in found] == [{"clients": ["tax"]}, moved]


def test_ended_mandates_go_those_granted_under_them_first(app: flask.Flask) -> None:
    with app.app_context():
        company = organisations.add("91110000MA00000077", "甲有限公司", "enterprise", "t", "t")
        above: str | None = None
        for state in (organisations.REVOKED, organisations.REVOKED, organisations.DECLINED):
            mandate = organisations.add_mandate(
                organisation_id=company.id,
                state=state,
                agent_name="王建国",
                granted_by=above,
                settled_at=now() - LONG_AGO * 2,
                revoked_at=now() - LONG_AGO * 2 if state == organisations.REVOKED else None,
            )
            above = mandate.id
        living = organisations.add_mandate(
            organisation_id=company.id, state=organisations.ACCEPTED, agent_name="李秀英"
        )
        db.session.commit()

        while tidying.tidy(Retention()):
            pass
        assert list(db.session.scalars(select(organisations.Mandate.id))) == [living.id]


def test_what_law_has_kept_of_an_erased_account_goes_and_its_subs_stay(app: flask.Flask) -> None:
    with app.app_context():
        for name, erased in (("old", now() - LONG_AGO * 2), ("new", now()), ("open", None)):
            account_id = someone().id
            accounts.accept(account_id, name, "1", "d")
            accounts.subject(account_id, f"{name}.test")
            db.session.add(
                closings.Closing(account_id=account_id, closes_at=now(), erased_at=erased)
            )
        db.session.commit()

        assert tidying.tidy(Retention()) == 1
        kept = set(db.session.scalars(select(accounts.AgreementAcceptance.agreement)))
        assert kept == {"new", "open"}
        sectors = set(db.session.scalars(select(accounts.Subject.sector)))
        assert sectors == {"old.test", "new.test", "open.test"}
