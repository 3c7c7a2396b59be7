"""Closing an account: at once suspended, for fifteen days to be had back, then erased."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import flask
import pytest
import time_machine
from sqlalchemy import Column, func, select

from idp import closing, stops
from idp.closing import NotClosing
from idp.signals import deliveries
from idp.staff import Act
from idp.store import accounts, closings, connections, merges, numbers, outbox
from idp.store import identities as people
from idp.store.accounts import AgreementAcceptance, KnownBrowser, SignIn
from idp.store.audit import AuditEvent
from idp.store.cases import Case
from idp.store.engines import Base, db
from idp.store.identities import Evidence, Identity
from idp.store.notices import Notice
from idp.store.types import Sealed
from tests import forms
from tests.actors import Citizen
from tests.oidc.actors import NAME, NUMBER, Portal, registered, with_account
from tests.rights.conftest import GOOD

Citizens = Callable[..., Citizen]
Named = Callable[..., str]
WAIT = timedelta(days=15)
BY = Act("4401-0001", "court order")


def closes(citizen: Citizen) -> Citizen:
    return citizen.visits("/account/close").submits("close-submit", agree="yes")


def deliver(app: flask.Flask) -> None:
    with app.app_context():
        while deliveries.deliver_due():
            pass


def told(app: flask.Flask) -> list[str]:
    """The notices promised so far."""
    with app.app_context():
        notices = select(outbox.OutboxMessage.payload).filter_by(kind="notice")
        found = db.session.scalars(notices.order_by(outbox.OutboxMessage.id))
        return [payload["template"] for payload in found]


def status(app: flask.Flask, account_id: str) -> str:
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        return account.status


@pytest.fixture
def portal(app: flask.Flask) -> Portal:
    return registered(
        app,
        "tax",
        legal_basis="statutory",
        statute="《税收征收管理法》",
        backchannel_logout_uri="https://tax.test/logout",
    )


class TestAsking:
    def test_says_first_what_will_happen(self, wang: Citizen) -> None:
        wang.visits("/account/close")

        assert (wang.status, "15 天冷静期" in wang.text) == (200, True)

    def test_needs_the_tick(self, wang: Citizen, named: Named, app: flask.Flask) -> None:
        account_id = named(wang)
        wang.visits("/account/close").submits("close-submit")

        assert (wang.status, "HT-4306" in wang.text) == (400, True)
        assert status(app, account_id) == "active"

    def test_needs_a_sign_in_of_the_last_minutes(self, wang: Citizen) -> None:
        with time_machine.travel(timedelta(minutes=11)):
            wang.visits("/account/close")

        assert wang.at == "/login/"

    def test_needs_our_token(self, wang: Citizen, named: Named, app: flask.Flask) -> None:
        account_id = named(wang)
        wang.browser.post("/account/close", data={"agree": "yes"})

        assert status(app, account_id) == "active"

    def test_suspends_the_account_everywhere_at_once(
        self, wang: Citizen, citizens: Citizens, id_of: Callable[[Citizen], str], app: flask.Flask
    ) -> None:
        other = citizens(wang.number).signs_in_by_code()
        account_id = id_of(wang)
        closes(wang)

        assert (wang.status, "已申请注销" in wang.text) == (200, True)
        assert status(app, account_id) == "closing"
        assert wang.visits("/account/").at == "/login/"
        assert other.visits("/account/").at == "/login/"
        assert any("已申请注销账号" in text for text in wang.phone.texts())

    def test_ends_tokens_and_offline_access_and_tells_portals(
        self, app: flask.Flask, portal: Portal
    ) -> None:
        li = with_account(app, "li_na", "+8613800000009")
        tokens = portal.tokens_for(li, scope="openid offline_access")
        li.opens("/account/close").presses("close-submit", agree="yes")

        assert portal.userinfo(tokens["access_token"]).status_code == 401
        assert portal.refreshes(tokens["refresh_token"]).status_code == 400
        with app.app_context():
            kinds = set(db.session.scalars(select(outbox.OutboxMessage.kind)))
        assert "backchannel-logout" in kinds

    def test_twice_asks_once(self, wang: Citizen, named: Named, app: flask.Flask) -> None:
        """Two tabs: the second finds nobody signed in."""
        account_id = named(wang)
        form = wang.visits("/account/close").page
        closes(wang)
        wang.page = form
        wang.submits("close-submit", agree="yes")

        assert wang.at == "/login/"
        with app.app_context():
            asked = select(func.count()).select_from(AuditEvent)
            asked = asked.where(AuditEvent.action == "account.closing_asked")
            assert db.session.scalar(asked.where(AuditEvent.account == account_id)) == 1


def test_who_does_not_agree_to_a_new_version_can_have_the_account_closed(
    wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
) -> None:
    """Nobody must agree to be rid of us (PIPL art. 15)."""
    account_id = named(wang)
    before = app.extensions["settings"]
    newer = before.agreements.model_copy(update={"terms": "2027-01"})
    app.extensions["settings"] = before.model_copy(update={"agreements": newer})
    other = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
    other.visits(forms.link(other.text, "agreement-close"))
    other.submits("close-submit")
    assert (other.status, "HT-4306" in other.text) == (400, True)

    other.submits("close-submit", agree="yes")

    assert (other.status, "已申请注销" in other.text) == (200, True)
    assert status(app, account_id) == "closing"
    assert wang.visits("/account/").at == "/login/"


def test_a_stranger_at_that_page_closes_nothing(
    wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
) -> None:
    account_id = named(wang)
    stranger = citizens("13800000077").visits("/login/")
    here = stranger.at_url("").replace("/login/?", "/login/agreement/close?")
    stranger.posts(here, agree="yes")

    assert (stranger.status, "HT-2023" in stranger.text) == (409, True)
    assert status(app, account_id) == "active"


class TestTakingBack:
    def test_is_offered_to_who_signs_in(self, wang: Citizen, citizens: Citizens) -> None:
        closes(wang)
        back = citizens(wang.number).signs_in_by_code()
        assert (back.at, back.status) == ("/login/closing", 200)

        back.submits("closing-take-back")

        assert (back.at, back.status) == ("/account/", 200)
        assert any("注销申请已撤销" in text for text in back.phone.texts())

    def test_works_by_password_too(self, wang: Citizen, citizens: Citizens) -> None:
        closes(wang)
        back = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)

        assert back.submits("closing-take-back").at == "/account/"

    def test_declined_leaves_everything_as_it_was(
        self, wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        closes(wang)
        citizens(wang.number).signs_in_by_code().submits("closing-keep")

        assert status(app, account_id) == "closing"

    def test_is_for_who_proved_to_be_the_holder_only(
        self, wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        closes(wang)
        stranger = citizens("13800000077").visits("/login/")
        stranger.posts(stranger.at_url("").replace("/login/?", "/login/closing?"))

        assert (stranger.status, "HT-2023" in stranger.text) == (409, True)
        assert status(app, account_id) == "closing"

    def test_after_it_nothing_is_erased(
        self, wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        closes(wang)
        citizens(wang.number).signs_in_by_code().submits("closing-take-back")
        with time_machine.travel(WAIT + timedelta(days=1)):
            deliver(app)

        assert status(app, account_id) == "active"
        with app.app_context():
            assert people.of(account_id) is not None

    def test_the_second_request_waits_its_own_time(
        self, wang: Citizen, citizens: Citizens, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        closes(wang)
        with time_machine.travel(timedelta(days=10)):
            back = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
            closes(back.submits("closing-take-back"))
        with time_machine.travel(timedelta(days=16)):
            deliver(app)
            assert status(app, account_id) == "closing"
        with time_machine.travel(timedelta(days=26)):
            deliver(app)
            assert status(app, account_id) == "closed"

    def test_recovery_says_how(self, wang: Citizen, citizens: Citizens) -> None:
        closes(wang)
        forgetful = citizens(wang.number).visits("/recover/")
        forgetful.submits("send-code", phone=wang.number)
        forgetful.submits("code-submit", sms_code=forgetful.phone.code())

        assert "HT-4304" in forgetful.text


class TestErasing:
    @pytest.fixture
    def closed(
        self, wang: Citizen, named: Named, app: flask.Flask, portal: Portal
    ) -> tuple[Citizen, str]:
        """A named person whom a portal knew, after the cooling-off time."""
        account_id = named(wang)
        with app.app_context():
            accounts.subject(account_id, "tax.test")
            connections.add(
                account_id, "tax", legal_basis="statutory", statute="x", granted=["phone_number"]
            )
            db.session.add(
                Case(
                    code="AAAA-2222",
                    kind="realname",
                    account_id=account_id,
                    stated={"name": NAME},
                    valid_until=closings.now() + WAIT,
                )
            )
            db.session.commit()
        closes(wang)
        with time_machine.travel(WAIT + timedelta(minutes=1)):
            deliver(app)
        return wang, account_id

    def test_leaves_a_row_that_names_nobody(
        self, app: flask.Flask, closed: tuple[Citizen, str]
    ) -> None:
        with app.app_context():
            account = accounts.by_id(closed[1])
            assert account is not None
            assert account.status == "closed"
            empty = (account.phone, account.phone_index, account.username, account.username_key)
            assert empty == (None,) * 4
            assert (account.password_hash, account.profile, account.ial) == (None, {}, 1)
            for table in (SignIn, KnownBrowser, Identity, Evidence, Case):
                assert db.session.scalar(select(func.count()).select_from(table)) == 0, table

    def test_keeps_no_sealed_value_that_names_its_person(
        self, app: flask.Flask, closed: tuple[Citizen, str]
    ) -> None:
        """Every sealed column there is, but of messages that are still to be sent."""
        marks = {NAME, NUMBER, f"+86{closed[0].number}", "wang_xm"}
        with app.app_context():
            for column in sealed_columns():
                for value in db.session.scalars(select(column)):
                    assert not any(mark in str(value) for mark in marks), column

    def test_leaves_no_notice_written_at_the_same_moment(
        self,
        wang: Citizen,
        id_of: Callable[[Citizen], str],
        app: flask.Flask,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A worker that was away for long has the reminder and the end due together."""
        account_id = id_of(wang)
        closes(wang)
        tell = closing._tell
        erasing: list[threading.Thread] = []

        def erases() -> None:
            with app.app_context():
                closing.erase_if_due(account_id)

        def slowly(account: accounts.Account, about: str) -> None:
            if about == "closing_soon":
                erasing.append(threading.Thread(target=erases))
                erasing[0].start()
                erasing[0].join(0.5)
            tell(account, about)

        monkeypatch.setattr(closing, "_tell", slowly)
        with time_machine.travel(WAIT + timedelta(minutes=1)), app.app_context():
            closing.remind(account_id)
            db.session.remove()
            erasing[0].join(10)
            assert db.session.scalar(select(func.count()).select_from(Notice)) == 0

    def test_keeps_what_law_has_kept(
        self, app: flask.Flask, closed: tuple[Citizen, str], portal: Portal
    ) -> None:
        with app.app_context():
            agreed = select(AgreementAcceptance.agreement).filter_by(account_id=closed[1])
            assert set(db.session.scalars(agreed)) == {"terms", "privacy"}
            told = connections.find(closed[1], "tax")
            assert told is not None
            assert (told.live, told.granted) == (False, ["phone_number"])
            assert accounts.subject(closed[1], "tax.test")

    def test_tells_the_person_the_day_before_and_at_the_end(
        self, wang: Citizen, app: flask.Flask
    ) -> None:
        closes(wang)
        with time_machine.travel(WAIT - timedelta(hours=23)):
            deliver(app)
            assert told(app) == ["closing_asked", "closing_soon"]
        with time_machine.travel(WAIT + timedelta(minutes=1)):
            deliver(app)
            assert told(app) == ["closing_asked", "closing_soon", "account_erased"]

    def test_frees_the_number_the_name_and_the_document(
        self,
        app: flask.Flask,
        closed: tuple[Citizen, str],
        citizens: Citizens,
        named: Named,
    ) -> None:
        again = citizens(closed[0].number).signs_up(username="wang_xm")
        new_id = named(again)

        assert new_id != closed[1]
        with app.app_context():
            old, new = (accounts.subject(each, "tax.test") for each in (closed[1], new_id))
            assert old != new

    def test_does_not_come_before_its_time(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        closes(wang)
        with time_machine.travel(WAIT - timedelta(minutes=1)):
            deliver(app)

        assert status(app, account_id) == "closing"

    def test_is_never_undone_by_an_operator(
        self, app: flask.Flask, closed: tuple[Citizen, str]
    ) -> None:
        with app.app_context():
            with pytest.raises(stops.Over):
                stops.stop(closed[1], stops.OTHER, BY)
            with pytest.raises(stops.NotStopped):
                stops.lift(closed[1], BY)

    def test_waits_while_the_account_is_stopped_and_comes_when_that_is_lifted(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        closes(wang)
        with app.app_context():
            stops.stop(account_id, stops.OTHER, BY)
        with time_machine.travel(WAIT + timedelta(minutes=1)):
            deliver(app)
            assert status(app, account_id) == "stopped"
            with app.app_context():
                stops.lift(account_id, BY)
            deliver(app)

        assert status(app, account_id) == "closed"

    def test_goes_on_where_a_crash_has_left_it(
        self, wang: Citizen, named: Named, app: flask.Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account_id = named(wang)
        closes(wang)
        with time_machine.travel(WAIT + timedelta(minutes=1)), app.app_context():
            with monkeypatch.context() as dying:
                dying.setattr(closings, "erase_person", _dies)
                with pytest.raises(MemoryError):
                    closing.erase_if_due(account_id)
            db.session.rollback()
            account = accounts.by_id(account_id)
            assert account is not None
            with pytest.raises(NotClosing):
                closing.take_back(account)

            assert closing.erase_if_due(account_id)
            assert not closing.erase_if_due(account_id), "there is nothing left to do"
            db.session.expire_all()
            assert (account.status, account.phone) == ("closed", None)
        assert told(app).count("account_erased") == 1

    def test_comes_for_an_account_that_closed_because_its_number_went(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        with app.app_context():
            account = accounts.by_id(account_id)
            assert account is not None
            account.username = account.username_key = None
            numbers.release(account, timedelta(days=30))
            db.session.commit()
            with time_machine.travel(timedelta(days=31)):
                assert closing.close_if_due(account_id)
                assert closing.erase_if_due(account_id)
                assert people.of(account_id) is None
                assert people.past_of(account_id) == []

    def test_still_comes_after_a_stop_that_was_lifted(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        account_id = named(wang)
        with app.app_context():
            account = accounts.by_id(account_id)
            assert account is not None
            account.username = account.username_key = None
            numbers.release(account, timedelta(days=30))
            db.session.commit()
            stops.stop(account_id, stops.OTHER, BY)
            with time_machine.travel(timedelta(days=31)):
                assert not closing.close_if_due(account_id)
                stops.lift(account_id, BY)
                promised = select(outbox.OutboxMessage).filter_by(kind=numbers.CLOSE)
                assert len(list(db.session.scalars(promised))) == 2
                assert closing.close_if_due(account_id)

    def test_or_taking_back_wins_never_both(
        self, wang: Citizen, named: Named, app: flask.Flask
    ) -> None:
        """In the moment the time is over: whoever comes first decides."""
        account_id = named(wang)
        closes(wang)
        with time_machine.travel(WAIT + timedelta(seconds=1)), app.app_context():
            account = accounts.by_id(account_id)
            assert account is not None
            closing.take_back(account)

            assert not closing.erase_if_due(account_id)
            assert people.of(account_id) is not None

    @pytest.mark.parametrize("round_", range(5))
    def test_races_with_taking_back_and_one_of_them_happens_whole(
        self, wang: Citizen, named: Named, app: flask.Flask, round_: int
    ) -> None:
        account_id, gate = named(wang), threading.Barrier(4)
        closes(wang)

        def erase() -> bool:
            with app.app_context():
                gate.wait()
                return closing.erase_if_due(account_id)

        def take_back() -> bool:
            with app.app_context():
                account = accounts.by_id(account_id)
                assert account is not None
                gate.wait()
                with suppress(NotClosing):
                    closing.take_back(account)
                    return True
                return False

        with (
            time_machine.travel(WAIT + timedelta(seconds=1)),
            ThreadPoolExecutor(4) as pool,
        ):
            acts = [pool.submit(act) for act in (erase, take_back, erase, take_back)]
            erased, back = (
                [acts[n].result() for n in which].count(True) for which in ((0, 2), (1, 3))
            )

        with app.app_context():
            account = accounts.by_id(account_id)
            assert account is not None
            assert (back == 1) is not (erased >= 1)
            whole = account.phone is not None and people.of(account_id) is not None
            assert (account.status, whole) == (("active", True) if back else ("closed", False))

    def test_takes_along_what_was_merged_into_it(self, app: flask.Flask) -> None:
        kept = with_account(app, "kept", "+8613800000011")
        gone = with_account(app, "gone", "+8613800000012", profile={"nickname": "小明"})
        with app.app_context():
            one, other = (accounts.by_id(each.account_id) for each in (kept, gone))
            assert one is not None
            assert other is not None
            merges.merge(one, other, set(), timedelta(days=7))
            db.session.commit()
        with time_machine.travel(timedelta(days=8)):
            kept.opens("/account/close").signs_in()
            kept.presses("close-submit", agree="yes")
        with time_machine.travel(timedelta(days=24)):
            deliver(app)

        with app.app_context():
            account = accounts.by_id(gone.account_id)
            assert account is not None
            assert (account.profile, account.password_hash) == ({}, None)
            assert db.session.scalars(select(merges.Merge)).all() == []


class TestRefused:
    def test_while_a_merge_may_be_undone(self, app: flask.Flask) -> None:
        kept, gone = (
            with_account(app, name, f"+861380000001{n}") for n, name in enumerate(("kept", "gone"))
        )
        with app.app_context():
            one, other = (accounts.by_id(each.account_id) for each in (kept, gone))
            assert one is not None
            assert other is not None
            merges.merge(one, other, set(), timedelta(days=7))
            db.session.commit()
        kept.opens("/account/close").signs_in()

        assert "HT-4302" in kept.page.text
        assert "close-submit" not in kept.page.text


def _dies(_account_id: str) -> None:
    raise MemoryError


def sealed_columns() -> list[Column[object]]:
    tables = Base.metadata.sorted_tables
    return [c for t in tables for c in t.columns if type(c.type) is Sealed and t.name != "outbox"]


ERASED = {"known_browser", "sign_in", "identity", "evidence", "case_file", "number_loss"} | {
    "data_read",
    "account_stop",
    "transfer",
    "guardianship",
    "totp",
    "recovery_codes",
    "passkey",
    "linked_account",
    "peer_link",
    "person_handle",
    "told_handle",
    "recovery",
    "notice",
}
KEPT = {"agreement_acceptance", "connection", "subject", "mandate", "account_closing"}
MERGES = {"account_merge"}


def test_no_table_that_holds_something_of_people_is_forgotten() -> None:
    """A new table that points at accounts: decide what becomes of it when one is closed."""
    pointing = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column.table.name in {"account", "identity"} for key in table.foreign_keys)
    }

    assert pointing == ERASED | KEPT | MERGES


def test_a_person_of_another_account_is_left_alone(
    app: flask.Flask, wang: Citizen, citizens: Citizens, named: Named
) -> None:
    named(wang)
    li = citizens().signs_up(username="li_na")
    li_id = named(li, name="李秀英", number="110000199003070028")
    closes(wang)
    with time_machine.travel(WAIT + timedelta(minutes=1)):
        deliver(app)

    assert status(app, li_id) == "active"
    with app.app_context():
        assert people.of(li_id) is not None
        assert accounts.sign_ins(li_id)
