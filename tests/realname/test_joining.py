"""One person signs in to both accounts, with two factors each, and makes them one."""

import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select

from idp import interactions
from idp.store import accounts, merges
from idp.store import identities as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.types import now
from tests.actors import Phone
from tests.oidc.actors import PASSWORD, Person, Portal, registered, with_account
from tests.realname.test_merging import presses_merge, sub_at
from tests.realname.test_proving import FACE, NUMBER, REGISTER, level, proves

WANG, LI = "13800000001", "13800000002"
Phones = Callable[[str], Phone]


@pytest.fixture
def shebao(app: flask.Flask) -> Portal:
    return registered(app, "shebao")


@pytest.fixture
def contested(registers: flask.Flask, wang: Person, li: Person) -> Person:
    """Li has stated what the register confirms, and Wang's account has it by a face."""
    proves(wang.opens("/account/").signs_in(), registers, FACE)
    proves(li.opens("/account/").signs_in(), registers, REGISTER)
    assert li.page.request.path == "/realname/conflict"
    return li


def by_code(person: Person, phone: Phone) -> Person:
    """At the sign-in page: by a code, to the number that is asked for or already known."""
    person.opens(f"{person.page.request.full_path}&m=sms")
    person.presses("send-code", phone=phone.number)
    return person.presses("login-submit", sms_code=phone.code())


def by_password(person: Person, username: str) -> Person:
    person.opens(f"{person.page.request.full_path}&m=password")
    return person.presses("login-submit", username=username, password=PASSWORD)


def shows_this(person: Person, phones: Phones) -> Person:
    """The account here, to whose password the code of its number is added."""
    person.follows("conflict-join").presses("join-next")
    return by_code(person, phones(LI))


def shows_both(
    person: Person, phones: Phones, username: str = "wangxm", number: str = WANG
) -> Person:
    shows_this(person, phones).presses("join-next")
    by_password(person, username)
    return by_code(person, phones(number))


class TestTheWay:
    def test_a_sign_in_to_both_with_two_factors_each_merges_them(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        assert contested.page.request.path == "/realname/merge"
        contested.presses("merge-submit")
        assert contested.page.request.path == "/account/"
        assert level(app, contested) == 3, "what the other account had shown came along"
        with app.app_context():
            gone = accounts.by_id(wang.account_id)
            assert gone is not None
            assert gone.status == merges.MERGED

    def test_the_account_here_stays_signed_in_all_the_way(
        self, contested: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        contested.opens("/account/")
        assert "lihong" in contested.page.text

    def test_on_the_way_to_a_portal_it_leads_back_there(
        self, registers: flask.Flask, wang: Person, li: Person, phones: Phones, tax: Portal
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        li.opens(tax.url()).signs_in().follows(f"way-{REGISTER}")
        given = {"id_type": "resident_id", "real_name": "张三", "id_number": NUMBER}
        li.presses("realname-submit", agree="yes", **given)
        shows_both(li, phones).presses("merge-submit")
        told = tax.reads(tax.redeems(li.arrived["code"]).json["id_token"])
        assert told["acr"] == "ial2.aal2"

    @pytest.mark.parametrize(("chosen", "theirs"), [("mine", False), ("other", True)])
    def test_where_a_portal_knows_both_the_person_chooses(
        self,
        registers: flask.Flask,
        wang: Person,
        li: Person,
        phones: Phones,
        shebao: Portal,
        chosen: str,
        theirs: bool,
    ) -> None:
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        gone, kept = sub_at(shebao, wang), sub_at(shebao, li)
        proves(li, registers, REGISTER)
        presses_merge(shows_both(li, phones), chosen)
        assert sub_at(shebao, li) == (gone if theirs else kept)

    def test_both_numbers_are_told_and_it_is_on_record(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones).presses("merge-submit")
        told = [phones(WANG), phones(LI)]
        assert ["已合并" in phone.texts()[0] for phone in told] == [True, True]
        with app.app_context():
            (merged,) = db.session.scalars(select(AuditEvent).filter_by(action="account.merged"))
            assert merged.account == contested.account_id
            assert orjson.loads(merged.details)["target"] == wang.account_id
            shown = db.session.scalars(select(AuditEvent).filter_by(action="account.shown")).all()
            assert [orjson.loads(each.details)["target"] for each in shown] == [wang.account_id] * 2
            assert len(accounts.sign_ins(wang.account_id)) == 3, "the holder sees it too"


class TestWhatIsNotEnough:
    def test_one_factor_of_the_other_account_merges_nothing(
        self, contested: Person, phones: Phones
    ) -> None:
        shows_this(contested, phones).presses("join-next")
        by_password(contested, "wangxm")
        there = contested.page.request.full_path
        assert contested.page.request.path == "/login/", "the second one is asked for"
        contested.opens(_return_of(contested))
        assert "merge-submit" not in contested.page.text
        contested.opens(there)
        by_code(contested, phones(WANG))
        assert contested.page.request.path == "/realname/merge"

    def test_what_was_shown_too_long_ago_merges_nothing(
        self, contested: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        with time_machine.travel(time.time() + 601, tick=True):
            assert "HT-4116" in contested.presses("merge-submit").page.text

    def test_proofs_of_long_ago_are_asked_for_anew(
        self, app: flask.Flask, contested: Person, phones: Phones
    ) -> None:
        with time_machine.travel(time.time() + 601, tick=True):
            contested.follows("conflict-join").presses("join-next")
            assert contested.page.request.path == "/login/"
            by_password(contested, "lihong")
            assert "this-done" not in contested.page.text
            contested.presses("join-next")
            by_code(contested, phones(LI))
            assert contested.page.request.path == "/realname/join"
            contested.presses("join-next")
            by_code(contested, phones(WANG))
            by_password(contested, "wangxm")
            assert contested.page.request.path == "/realname/merge"

    def test_an_account_without_a_second_factor_is_told_what_to_do(
        self, app: flask.Flask, contested: Person, phones: Phones
    ) -> None:
        with_account(app, "zhao", None)
        shows_this(contested, phones).presses("join-next")
        by_password(contested, "zhao")
        assert contested.page.request.path == "/realname/join"
        assert "HT-4133" in contested.page.text

    def test_the_account_here_without_one_is_told_before_it_goes_anywhere(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        zhao = with_account(app, "zhao", None)
        proves(wang.opens("/account/").signs_in(), registers, REGISTER)
        proves(zhao.opens("/account/").signs_in(), registers, REGISTER)
        zhao.follows("conflict-join").presses("join-next")
        assert "HT-4133" in zhao.page.text

    def test_a_password_that_a_code_alone_has_set_is_no_second_factor(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Phones
    ) -> None:
        with app.app_context():
            account = accounts.by_id(wang.account_id)
            assert account is not None
            account.password_settles_at = now() + timedelta(days=7)
            db.session.commit()
        shows_this(contested, phones).presses("join-next")
        by_code(contested, phones(WANG))
        assert "HT-4133" in contested.page.text


class TestNeverAHintOfWhose:
    def test_another_account_is_told_nothing_until_it_has_shown_both_factors(
        self, app: flask.Flask, contested: Person, phones: Phones
    ) -> None:
        with_account(app, "zhao", "+8613800000003")
        shows_this(contested, phones).presses("join-next")
        by_password(contested, "zhao")
        assert "HT-4132" not in contested.page.text
        by_code(contested, phones("13800000003"))
        assert "HT-4132" in contested.page.text
        contested.opens(contested.page.request.full_path.replace("/join", "/merge"))
        assert "merge-submit" not in contested.page.text

    def test_the_account_signed_in_is_not_another(self, contested: Person, phones: Phones) -> None:
        shows_this(contested, phones).presses("join-next")
        by_password(contested, "lihong")
        assert "HT-4118" in contested.page.text

    def test_the_second_factor_is_of_the_same_account(
        self, app: flask.Flask, contested: Person, phones: Phones
    ) -> None:
        with_account(app, "zhao", "+8613800000003")
        shows_this(contested, phones).presses("join-next")
        by_password(contested, "zhao")
        by_code(contested, phones(WANG))
        assert "HT-2021" in contested.page.text

    def test_a_number_nobody_has_opens_no_account_here(
        self, app: flask.Flask, contested: Person, phones: Phones
    ) -> None:
        shows_this(contested, phones).presses("join-next")
        by_code(contested, phones("13800000009"))
        assert "HT-4119" in contested.page.text
        with app.app_context():
            assert accounts.by_phone("+8613800000009") is None

    def test_a_number_long_unproven_needs_its_password_and_gives_no_new_account(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Phones
    ) -> None:
        with app.app_context():
            account = accounts.by_id(wang.account_id)
            assert account is not None
            account.phone_proven_at = now() - timedelta(days=100)
            db.session.commit()
        shows_this(contested, phones).presses("join-next")
        by_code(contested, phones(WANG))
        assert contested.page.request.path == "/login/"
        start = contested.page.request.full_path.replace("&m=password", "")
        contested.opens(start.replace("/login/", "/login/number"))
        assert "HT-2023" in contested.page.text
        contested.opens(start + "&m=password")
        contested.presses("login-submit", username="wangxm", password=PASSWORD)
        if contested.page.request.path == "/login/":
            by_code(contested, phones(WANG))
        assert contested.page.request.path == "/realname/merge"


class TestWhatEndsIt:
    def test_a_sign_out_in_between_voids_what_was_shown(
        self, contested: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        merge = contested.page.request.full_path
        contested.opens("/oauth/logout").presses("logout-yes")
        contested.opens("/account/").signs_in().opens(merge)
        assert "merge-submit" not in contested.page.text

    def test_another_browser_cannot_go_on_with_it(
        self, app: flask.Flask, contested: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        merge = contested.page.request.full_path
        contested.browser = app.test_client()
        contested.opens("/account/").signs_in().opens(merge)
        assert contested.page.status_code == interactions.InteractionElsewhere.status

    def test_a_password_changed_meanwhile_voids_it(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        with app.app_context():
            account = accounts.by_id(wang.account_id)
            assert account is not None
            accounts.give_password(account, "x")
            db.session.commit()
        contested.presses("merge-submit")
        with app.app_context():
            assert db.session.scalars(select(merges.Merge)).all() == []

    def test_a_document_displaced_meanwhile_is_not_merged(
        self, app: flask.Flask, contested: Person, wang: Person, phones: Phones
    ) -> None:
        shows_both(contested, phones)
        with app.app_context():
            identity = store.of(wang.account_id)
            assert identity is not None
            store.release(identity, store.ENDED, "x")
            db.session.commit()
        assert "HT-4116" in contested.presses("merge-submit").page.text

    def test_two_tabs_merge_once(self, app: flask.Flask, contested: Person, phones: Phones) -> None:
        shows_both(contested, phones)
        form = contested.page
        contested.presses("merge-submit")
        contested.page = form
        contested.presses("merge-submit")
        with app.app_context():
            assert len(db.session.scalars(select(merges.Merge)).all()) == 1


def _return_of(person: Person) -> str:
    """Where this way through sign-in returns to, by hand."""
    named = parse_qs(urlsplit(person.page.request.full_path).query)["i"][0]
    with person.app.test_request_context():
        found = interactions.ephemeral.peek_sealed(interactions.KIND, named)
    assert found is not None
    return str(found["return_to"])
