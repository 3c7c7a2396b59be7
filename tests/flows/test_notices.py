"""What a person was told by text message, shown to that person; and what they do without."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import flask
import pytest
import time_machine
from sqlalchemy import select

from idp import notices
from idp.account.notices import _WORDS
from idp.sms.texts import LINKED, NOTICES
from idp.store import accounts
from idp.store import notices as store
from idp.store.engines import db
from idp.store.notices import Notice
from idp.store.outbox import OutboxMessage
from idp.store.types import now
from tests.actors import Citizen

GOOD, NEW = "琴台 Lantern 7392", "Quiet-Harbour 5518 松"
Citizens = Callable[..., Citizen]
PAGE = "/account/notices"
TO_OTHERS = {
    "recovery_asked",
    "recovery_ready",
    "recovery_cancelled",
    "mandate_offered",
}


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    return citizens().signs_up(username="wang_xm", password=GOOD)


def id_of(app: flask.Flask, citizen: Citizen) -> str:
    with app.app_context():
        account = accounts.by_phone(f"+86{citizen.number}")
        assert account is not None
        return account.id


def changes_password(citizen: Citizen, old: str = GOOD, new: str = NEW) -> Citizen:
    citizen.visits("/account/password")
    return citizen.submits("password-submit", password=old, new_password=new)


def elsewhere(citizens: Citizens, citizen: Citizen) -> Citizen:
    """In a browser nobody has seen."""
    return citizens(citizen.number).signs_in_by_password("wang_xm", GOOD)


def without(citizen: Citizen, *off: str) -> Citizen:
    """Untick what is not wanted, and save."""
    kept = [each for each in notices.OPTIONAL if each not in off]
    return citizen.visits(PAGE).posts(PAGE, **({"notice": kept} if kept else {}))  # type: ignore[arg-type]


def test_every_notice_to_a_holder_has_its_words() -> None:
    assert notices.SAID.keys() | TO_OTHERS == {*NOTICES}
    assert not notices.SAID.keys() & TO_OTHERS
    assert _WORDS.keys() == {*notices.OPTIONAL}
    assert notices.SAID.keys() >= LINKED


def test_a_person_reads_what_they_were_told_and_where_it_went(wang: Citizen) -> None:
    assert "还没有发过通知" in wang.visits(PAGE).text
    changes_password(wang)

    wang.visits(PAGE)
    assert "您账号的密码已修改" in wang.text
    assert "138****0001" in wang.text
    assert "正在发送" in wang.text
    assert any("密码已修改" in each for each in wang.phone.texts())

    wang.visits(PAGE)
    assert "正在发送" not in wang.text
    assert "附“不是本人操作”的链接" in wang.text
    assert wang.number not in wang.text


def test_the_page_holds_no_link_and_the_table_no_number(app: flask.Flask, wang: Citizen) -> None:
    changes_password(wang)
    link = next(
        found[1] for each in wang.phone.texts() if (found := re.search(r"/n/(\w{12})", each))
    )
    assert link not in wang.visits(PAGE).text
    with app.app_context():
        row = db.session.scalars(select(Notice)).one()
        assert link not in {row.token, row.id}
        kept = db.session.execute(select(Notice.__table__)).one()
        assert wang.number not in str(tuple(kept)[:3])
        raw = db.session.connection().exec_driver_sql("SELECT number FROM notice").scalar_one()
        assert wang.number not in raw


def test_nobody_reads_what_another_was_told(wang: Citizen, citizens: Citizens) -> None:
    changes_password(wang)
    li = citizens().signs_up(username="li_na")

    assert "密码已修改" not in li.visits(PAGE).text
    assert citizens().visits(PAGE).at == "/login/"


def test_the_number_before_is_named_for_what_went_there(app: flask.Flask, wang: Citizen) -> None:
    account_id = id_of(app, wang)
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        notices.warn(account, "phone_changed", "+8613900001234")
        db.session.commit()

    assert "139****1234" in wang.visits(PAGE).text


def test_what_nobody_could_send_says_so(app: flask.Flask, wang: Citizen) -> None:
    changes_password(wang)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=True):
        wang.signs_in_by_password("wang_xm", NEW)
        assert "未能发出" in wang.visits(PAGE).text


def test_every_notice_is_on_one_page(app: flask.Flask, wang: Citizen) -> None:
    """Also where many were promised at one moment."""
    account_id, moment = id_of(app, wang), now()
    with app.app_context():
        for number in range(120):
            made = store.add(
                account_id, "case_decided", f"+861390000{number:04}", None, timedelta(0)
            )
            made.at = moment - timedelta(seconds=number // 7)
        db.session.commit()

    seen: list[str] = []
    wang.visits(PAGE)
    while True:
        seen += re.findall(r"139\*\*\*\*(\d{4})", wang.text)
        older = re.search(rf'href="({PAGE}\?before=[^"]+)"', wang.text)
        if older is None:
            break
        wang.visits(unescape(older[1]))
        assert "notices-save" not in wang.text
    assert sorted(seen) == [f"{number:04}" for number in range(120)]


class TestChoosing:
    def test_a_new_browser_is_told_unless_its_holder_does_without(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        elsewhere(citizens, wang)
        assert any("新设备上登录" in each for each in wang.phone.texts())

        wang.visits(PAGE)
        assert wang.text.count("checked") == len(notices.OPTIONAL)
        without(wang, "new_sign_in")
        assert (wang.at, "设置已保存" in wang.text) == (PAGE, True)
        assert any("关闭了部分短信通知" in each for each in wang.phone.texts())

        def told(other: Citizen) -> bool:
            return any("新设备上登录" in each for each in other.phone.texts())

        assert not told(elsewhere(citizens, wang))
        without(wang)
        assert told(elsewhere(citizens, wang))

    def test_what_guards_the_account_cannot_be_done_without(
        self, app: flask.Flask, wang: Citizen
    ) -> None:
        wang.visits(PAGE)
        assert "password_changed" not in wang.text
        with app.app_context():
            account = accounts.by_phone(f"+86{wang.number}")
            assert account is not None
            account.notices_off = ["password_changed", "risky_sign_in", "phone_changed"]
            db.session.commit()

        changes_password(wang)
        assert any("密码已修改" in each for each in wang.phone.texts())

    def test_only_who_has_just_shown_themselves_asks_for_less(
        self, app: flask.Flask, wang: Citizen
    ) -> None:
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=True):
            without(wang, "new_sign_in")
            assert wang.at == "/login/"
            with app.app_context():
                account = accounts.by_phone(f"+86{wang.number}")
                assert account is not None
                assert not account.notices_off

    def test_for_more_nothing_is_asked_and_nothing_told(self, wang: Citizen) -> None:
        without(wang, *notices.OPTIONAL)
        told = len(wang.phone.texts())
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=True):
            without(wang)
            assert wang.at == PAGE
            assert len(wang.phone.texts()) == told

    def test_it_stands_in_the_history_and_in_what_is_taken_along(self, wang: Citizen) -> None:
        without(wang, "case_decided")

        assert "设置接收哪些短信通知" in wang.visits("/account/history").text
        told = wang.visits("/account/export").submits("export-json").text
        assert '"notices_off":["case_decided"]' in told.replace(" ", "").replace("\n", "")

    def test_a_strange_name_is_no_choice(self, app: flask.Flask, wang: Citizen) -> None:
        wang.visits(PAGE).posts(PAGE, notice="x" * 100)
        with app.app_context():
            account = accounts.by_phone(f"+86{wang.number}")
            assert account is not None
            assert account.notices_off == list(notices.OPTIONAL)


def test_a_notice_that_went_nowhere_leaves_no_row(app: flask.Flask, wang: Citizen) -> None:
    """Who has no number is told nothing, and the page does not say so."""
    account_id = id_of(app, wang)
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        account.phone = account.phone_index = None
        notices.tell(account, "account_restored")
        db.session.commit()
        assert db.session.scalars(select(Notice)).all() == []
        assert db.session.scalars(select(OutboxMessage).filter_by(kind="notice")).all() == []
    assert "没有绑定手机号码" in wang.visits(PAGE).text
