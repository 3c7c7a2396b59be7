"""Two accounts of one person: what each portal knows them by, and the way back."""

import re
from collections.abc import Callable
from datetime import timedelta

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import cases, merging, staff, stops
from idp.signals import deliveries
from idp.store import accounts, connections, merges, numbers
from idp.store import cases as stored
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.types import now
from tests import forms
from tests.actors import Phone
from tests.oidc.actors import Person, Portal, registered
from tests.realname.test_hall import OFFICER, takes_slip
from tests.realname.test_proving import FACE, REGISTER, level, proves

BY = staff.Act(OFFICER, "holder came to the hall")


@pytest.fixture
def shebao(app: flask.Flask) -> Portal:
    return registered(app, "shebao")


def sub_at(portal: Portal, person: Person) -> str:
    tokens = portal.tokens_for(person, scope="openid")
    return str(portal.reads(tokens["id_token"])["sub"])


STAY = re.compile(r'name="(stay_[0-9a-f]+)"')


@pytest.fixture
def twice(registers: flask.Flask, wang: Person, li: Person) -> Person:
    """One person with two accounts, each shown a face for; at the page of conflicts."""
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    proves(li.opens("/account/").signs_in(), registers, FACE)
    assert li.page.request.path == "/realname/conflict"
    return li


def merges_now(person: Person, stay: str = "") -> Person:
    return presses_merge(person.follows("conflict-merge"), stay)


def presses_merge(person: Person, stay: str = "") -> Person:
    """``stay``: whose ``sub`` goes on at the one portal that knows both."""
    chosen = dict.fromkeys(STAY.findall(person.page.text), stay) if stay else {}
    return person.presses("merge-submit", **chosen)


def test_what_one_account_had_alone_comes_along(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person, shebao: Portal
) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    known_as = sub_at(shebao, wang)
    proves(li.opens("/account/").signs_in(), registers, FACE)
    merges_now(li)
    assert level(app, li) == 3
    with app.app_context():
        assert accounts.subject(li.account_id, "shebao.test") == known_as
        assert connections.find(li.account_id, "shebao") is not None
    assert sub_at(shebao, li) == known_as


def test_the_person_stays_signed_in_whatever_the_worker_repeats(
    app: flask.Flask, twice: Person
) -> None:
    merges_now(twice)
    with app.app_context(), time_machine.travel(timedelta(seconds=30)):
        while deliveries.deliver_due():
            """The worker makes sure of every end that was promised."""
    twice.opens("/account/")
    assert twice.page.request.path == "/account/"


def test_an_account_frozen_since_its_number_went_merges_by_two_faces(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person
) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    with app.app_context():
        account = accounts.by_id(wang.account_id)
        assert account is not None
        account.username = account.username_key = None
        numbers.release(account, timedelta(days=30))
        db.session.commit()
    proves(li.opens("/account/").signs_in(), registers, FACE)
    merges_now(li)
    assert level(app, li) == 3


def test_staff_undo_a_merge_before_they_stop_the_account_and_after(
    app: flask.Flask, twice: Person, wang: Person
) -> None:
    merges_now(twice)
    with app.app_context():
        with pytest.raises(stops.UndoFirst):
            stops.stop(twice.account_id, stops.WRONG_PERSON, BY)
        stops.stop(twice.account_id, stops.OTHER, BY)
        (merge,) = merges.of(twice.account_id)
        merging.undo_for(merge.id, BY)
        account = accounts.by_id(wang.account_id)
        assert account is not None
        assert account.active


@pytest.mark.parametrize(("chosen", "theirs"), [("mine", False), ("other", True)])
def test_where_a_portal_knows_both_the_person_chooses(
    registers: flask.Flask, wang: Person, li: Person, shebao: Portal, chosen: str, theirs: bool
) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    gone, kept = sub_at(shebao, wang), sub_at(shebao, li)
    proves(li, registers, FACE)
    merges_now(li, chosen)
    assert sub_at(shebao, li) == (gone if theirs else kept)


def test_the_other_account_never_signs_in_again(
    app: flask.Flask, twice: Person, wang: Person
) -> None:
    merges_now(twice)
    wang.opens("/account/")
    assert wang.page.request.path == "/login/", "its sessions have ended"
    wang.opens("/account/").signs_in()
    assert wang.page.request.path != "/account/"
    with app.app_context():
        gone = accounts.by_id(wang.account_id)
        assert gone is not None
        assert (gone.status, gone.phone, gone.username_key) == (merges.MERGED, None, None)


def test_within_a_week_all_of_it_can_be_undone(
    app: flask.Flask, registers: flask.Flask, wang: Person, li: Person, shebao: Portal
) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    gone, kept = sub_at(shebao, wang), sub_at(shebao, li)
    proves(li, registers, FACE)
    merges_now(li, "other")
    with time_machine.travel(timedelta(days=6)):
        li.opens("/account/").signs_in()
        li.opens("/account/merges").presses("undo-merge-1")
        for person, sub in ((wang, gone), (li, kept)):
            person.browser = app.test_client()
            assert sub_at(shebao, person) == sub
        assert (level(app, wang), level(app, li)) == (3, 1)
        with app.app_context():
            assert accounts.by_phone("+8613800000001").id == wang.account_id  # type: ignore[union-attr]


class TestOpenCases:
    """What somebody waits for goes along to the account that stays: the other has no way in."""

    def test_they_go_along_and_come_back_when_it_is_undone(
        self, app: flask.Flask, twice: Person, wang: Person
    ) -> None:
        appeal = opens(app, wang, cases.APPEAL)
        merges_now(twice)
        assert asked_by(app, appeal) == twice.account_id
        with app.app_context():
            query = select(AuditEvent.details).filter_by(action="account.merged")
            assert appeal in str(db.session.scalars(query).one())
        twice.opens("/account/merges").presses("undo-merge-1")
        assert asked_by(app, appeal) == wang.account_id
        assert opens(app, wang, cases.APPEAL) == appeal, "still the open one"
        assert opens(app, twice, cases.APPEAL) != appeal

    def test_granted_after_the_merge_it_is_the_kept_account_s(
        self, app: flask.Flask, twice: Person, wang: Person
    ) -> None:
        appeal = opens(app, wang, cases.APPEAL)
        merges_now(twice)
        with app.app_context():
            cases.decide(appeal, OFFICER, cases.CONFIRMED, "seen in person")
        assert level(app, twice) == 1, "the name is not theirs, as they said"

    def test_where_the_kept_account_waits_for_the_same_its_own_goes_on(
        self, app: flask.Flask, twice: Person, wang: Person
    ) -> None:
        theirs, own = opens(app, wang, cases.APPEAL), opens(app, twice, cases.APPEAL)
        merges_now(twice)
        assert asked_by(app, theirs) == wang.account_id
        assert asked_by(app, own) == twice.account_id

    def test_one_that_nobody_decided_in_time_is_not_in_the_way(
        self, app: flask.Flask, twice: Person, wang: Person
    ) -> None:
        theirs, own = opens(app, wang, cases.APPEAL), opens(app, twice, cases.APPEAL)
        with app.app_context():
            stored.by_code(own).valid_until = now()  # type: ignore[union-attr]
            db.session.commit()
        merges_now(twice)
        assert asked_by(app, theirs) == wang.account_id


def opens(app: flask.Flask, person: Person, kind: str) -> str:
    """The code of a case: that the name is not theirs."""
    with app.app_context():
        identity = store.of(person.account_id)
        whose = {"identity": identity.id} if identity is not None else {}
        said = {"topic": cases.NOT_ME, "reason": "不是我的", **whose}
        return cases.open_(person.account_id, kind, said).code


def asked_by(app: flask.Flask, code: str) -> str:
    with app.app_context():
        found = stored.by_code(code)
        assert found is not None
        return found.account_id


def test_after_a_week_it_cannot(app: flask.Flask, twice: Person) -> None:
    merges_now(twice)
    with time_machine.travel(timedelta(days=7, minutes=1)):
        twice.opens("/account/").signs_in()
        twice.opens("/account/merges")
        assert "撤销期已过" in twice.page.text
        assert "undo-merge" not in twice.page.text


def test_a_number_somebody_else_has_taken_meanwhile_stays_theirs(
    app: flask.Flask, twice: Person, wang: Person, people: Callable[..., Person]
) -> None:
    merges_now(twice)
    people("zhao", "+8613800000001")
    twice.opens("/account/merges").presses("undo-merge-1")
    assert "手机号码：合并期间已由他人使用" in twice.page.text
    twice.opens("/account/").signs_in().opens("/account/merges")
    assert "手机号码：合并期间已由他人使用" in twice.page.text, "and it stays said"
    with app.app_context():
        account = accounts.by_id(wang.account_id)
        assert account is not None
        assert (account.status, account.phone, account.username) == ("active", None, "wangxm")


def test_a_mere_match_merges_nothing(registers: flask.Flask, wang: Person, li: Person) -> None:
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    proves(li.opens("/account/").signs_in(), registers, REGISTER)
    assert "conflict-merge" not in li.page.text
    at = li.page.request.full_path
    li.opens(at.replace("/conflict", "/merge"))
    assert li.page.request.path == "/realname/conflict"


def test_a_face_merges_nothing_that_a_mere_match_has_named(
    registers: flask.Flask, wang: Person, li: Person
) -> None:
    """Whoever only knew the number may have named that account: it is displaced, not opened."""
    proves(wang.opens("/account/").signs_in(), registers, REGISTER)
    proves(li.opens("/account/").signs_in(), registers, REGISTER)
    assert "conflict-merge" not in li.page.text


def test_nothing_is_merged_twice_by_two_tabs(app: flask.Flask, twice: Person) -> None:
    form = twice.follows("conflict-merge").page
    twice.presses("merge-submit")
    twice.page = form
    twice.presses("merge-submit")
    with app.app_context():
        assert len(db.session.scalars(db.select(merges.Merge)).all()) == 1
        assert store.of(twice.account_id) is not None


class TestUndoing:
    def test_both_numbers_are_told(self, twice: Person, phones: Callable[[str], Phone]) -> None:
        merges_now(twice)
        twice.opens("/account/merges").presses("undo-merge-1")
        told = [phones("13800000001"), phones("13800000002")]
        assert all(any("合并已撤销" in text for text in phone.texts()) for phone in told)

    def test_a_sign_in_of_long_ago_undoes_nothing(self, app: flask.Flask, twice: Person) -> None:
        merges_now(twice)
        with time_machine.travel(timedelta(minutes=11)):
            twice.opens("/account/merges").presses("undo-merge-1")
            assert twice.page.request.path == "/login/"
            twice.signs_in()
            assert twice.page.request.path == "/account/merges"
            twice.presses("undo-merge-1")
            assert "合并已撤销" in twice.page.text

    def test_it_is_undone_once(self, app: flask.Flask, twice: Person) -> None:
        merges_now(twice)
        form = twice.opens("/account/merges").page
        twice.presses("undo-merge-1")
        twice.opens("/account/").signs_in()
        twice.page = form
        twice.presses("undo-merge-1")
        assert "HT-4117" in twice.page.text

    def test_nobody_undoes_another_s(
        self, app: flask.Flask, twice: Person, people: Callable[..., Person]
    ) -> None:
        merges_now(twice)
        with app.app_context():
            (made,) = db.session.scalars(db.select(merges.Merge))
            made_id = made.id
        zhao = people("zhao", "+8613800000003").opens("/account/").signs_in()
        zhao.page = twice.opens("/account/merges").page
        zhao.presses("undo-merge-1", merge=made_id, csrf_token=_token(zhao))
        assert "HT-4117" in zhao.page.text

    def test_a_face_shown_after_the_merge_is_not_left_with_the_other(
        self, app: flask.Flask, registers: flask.Flask, twice: Person, wang: Person
    ) -> None:
        """What this account has shown counts for the other no more."""
        merges_now(twice)
        twice.opens("/account/merges").presses("undo-merge-1")
        with app.app_context():
            identity = store.of(wang.account_id)
            assert identity is not None
            assert [each.counts for each in store.evidence_of(identity)] == [False, True]

    def test_a_document_that_went_elsewhere_meanwhile_is_said(
        self, app: flask.Flask, twice: Person, people: Callable[..., Person]
    ) -> None:
        merges_now(twice)
        zhao = people("zhao", "+8613800000003").opens("/account/").signs_in()
        code = takes_slip(zhao)
        with app.app_context():
            cases.decide(code, OFFICER, cases.CONFIRMED, "")
        twice.opens("/account/").signs_in().opens("/account/merges").presses("undo-merge-1")
        assert "实名信息：合并期间已变更" in twice.page.text
        assert level(app, zhao) == 4

    def test_an_officer_undoes_it_for_who_cannot_sign_in(
        self, app: flask.Flask, twice: Person, wang: Person
    ) -> None:
        merges_now(twice)
        with app.app_context():
            (made,) = merges.of(wang.account_id)
            merging.undo_for(made.id, BY)
            (event,) = db.session.scalars(
                db.select(AuditEvent).filter_by(action="account.merge_undone")
            )
            assert orjson.loads(event.details)["officer"] == OFFICER
            with pytest.raises(merging.TooLateToUndo):
                merging.undo_for(made.id, BY)
        assert level(app, wang) == 3


def _token(person: Person) -> str:
    """A form token of this browser."""
    person.browser.get("/account/username")
    fields = forms.read(person.browser.get("/account/username").text)
    return next(form.fields["csrf_token"] for form in fields if "csrf_token" in form.fields)
