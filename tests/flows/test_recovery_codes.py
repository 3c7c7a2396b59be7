"""Recovery codes: made, shown once, each good once, in place of a second factor."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from idp import recovery_codes
from idp.store.accounts import Account
from idp.store.audit import AuditEvent
from idp.store.engines import db
from tests import secrets_in_logs
from tests.actors import Citizen
from tests.flows.test_totp import GOOD, adds_app, careful, chooses, proves_both, settled

Citizens = Callable[..., Citizen]
ONE = re.compile(r"<li>([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2})</li>")
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.fixture
def wang(app: flask.Flask, citizens: Citizens) -> Citizen:
    citizen = citizens().signs_up(username="wang_xm", password=GOOD)
    return proves_both(settled(app, citizen))


def makes(citizen: Citizen) -> list[str]:
    citizen.visits("/account/recovery-codes").submits("codes-submit")
    assert citizen.at == "/account/recovery-codes"
    return shown(citizen)


def shown(citizen: Citizen) -> list[str]:
    return [secrets_in_logs.remember(code) for code in ONE.findall(citizen.text)]


def at_second(citizens: Citizens, citizen: Citizen) -> Citizen:
    other = citizens(citizen.number).signs_in_by_password("wang_xm", GOOD)
    return chooses(other, "recovery_code")


class TestMaking:
    def test_ten_are_shown_until_they_are_kept_and_then_never(self, wang: Citizen) -> None:
        codes = makes(wang)
        assert len({*codes}) == 10
        assert shown(wang.visits("/account/recovery-codes")) == codes, "a reload loses nothing"

        wang.submits("codes-kept")

        assert (wang.at, "不会再次显示" in wang.text) == ("/account/methods", True)
        wang.visits("/account/recovery-codes")
        assert shown(wang) == []
        assert "10 个" in wang.text

    def test_they_are_shown_in_the_session_that_made_them_only(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        makes(wang)
        other = proves_both(citizens(wang.number).signs_in_by_code())

        assert shown(other.visits("/account/recovery-codes")) == []

    def test_new_ones_void_the_old_ones_and_the_phone_is_told(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        old = makes(wang)[0]
        wang.submits("codes-kept")
        new = makes(wang)
        careful(wang)
        assert sum("新的恢复码" in each for each in wang.phone.texts()) == 2
        assert "生成恢复码" in wang.visits("/account/history").text

        other = at_second(citizens, wang).submits("login-submit", recovery_code=old)
        assert "HT-2042" in other.text
        assert other.submits("login-submit", recovery_code=new[0]).at == "/account/"

    def test_two_tabs_both_show_the_set_that_counts(self, wang: Citizen) -> None:
        page = wang.visits("/account/recovery-codes").page
        first = makes(wang)
        wang.page = page
        second = shown(wang.submits("codes-submit"))

        assert second != first
        assert shown(wang.visits("/account/recovery-codes")) == second

    def test_parallel_makers_leave_one_set(self, wang: Citizen, app: flask.Flask) -> None:
        page = wang.visits("/account/recovery-codes").page
        tabs = [Citizen(wang.app, wang.phone, wang.address, page=page) for _ in range(4)]
        for tab in tabs:
            tab.browser = wang.browser

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda tab: tab.submits("codes-submit"), tabs))

        assert {tab.status for tab in tabs} == {200}
        with app.app_context():
            assert db.session.execute(text("SELECT count(*) FROM recovery_codes")).scalar() == 1
        assert len(shown(wang.visits("/account/recovery-codes"))) == 10

    def test_it_takes_all_that_the_account_can_show(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        thief = citizens(wang.number).signs_in_by_password("wang_xm", GOOD)

        assert thief.visits("/account/recovery-codes").at == "/login/"
        thief.visits("/account/password").posts("/account/recovery-codes")
        assert thief.at == "/login/"

    def test_they_are_nowhere_in_clear(self, app: flask.Flask, wang: Citizen) -> None:
        codes = makes(wang)

        with app.app_context():
            row = db.session.execute(text("SELECT * FROM recovery_codes")).one()
            trail = [each.details for each in db.session.scalars(select(AuditEvent))]
        kept = " ".join([*(str(each) for each in row), *trail])
        assert not any(code in kept or code.replace("-", "") in kept for code in codes)

    def test_no_script_is_needed_to_read_them(self, wang: Citizen) -> None:
        makes(wang)

        assert re.search(r"data-print\s+hidden", wang.text), "what needs a script is shown by it"


class TestUsing:
    @pytest.fixture
    def codes(self, wang: Citizen) -> list[str]:
        made = makes(wang)
        careful(wang)
        return made

    def test_one_takes_the_place_of_the_second_factor(
        self, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        other = at_second(citizens, wang)
        assert "还剩 10 个" in other.text

        other.submits("login-submit", recovery_code=codes[3])

        assert (other.at, other.status) == ("/account/", 200)
        assert any("用恢复码通过了验证" in each for each in wang.phone.texts())
        assert "使用恢复码" in other.visits("/account/history").text
        assert "还剩 9 个" in other.visits("/account/methods").text

    def test_each_is_good_once(self, codes: list[str], wang: Citizen, citizens: Citizens) -> None:
        at_second(citizens, wang).submits("login-submit", recovery_code=codes[0])

        again = at_second(citizens, wang).submits("login-submit", recovery_code=codes[0])

        assert (again.status, "HT-2043" in again.text) == (400, True)
        assert again.visits("/account/").at == "/login/"
        for code in codes[1:]:
            other = at_second(citizens, wang).submits("login-submit", recovery_code=code)
            assert other.at == "/account/"
        spent = citizens(wang.number).signs_in_by_password("wang_xm", GOOD)
        assert "tab-recovery_code" not in spent.text

    def test_of_two_at_once_one_wins(
        self, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        tabs = [at_second(citizens, wang) for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda tab: tab.submits("login-submit", recovery_code=codes[0]), tabs))

        assert sorted(tab.at == "/account/" for tab in tabs) == [False, False, False, True]
        assert sum("HT-2043" in tab.text for tab in tabs) == 3

    def test_two_different_ones_at_once_are_both_used(
        self, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        tabs = [at_second(citizens, wang) for _ in range(3)]

        with ThreadPoolExecutor(3) as pool:
            answers = zip(tabs, codes, strict=False)
            list(
                pool.map(
                    lambda each: each[0].submits("login-submit", recovery_code=each[1]), answers
                )
            )

        assert [tab.at for tab in tabs] == ["/account/"] * 3
        assert "还剩 7 个" in wang.visits("/account/methods").text

    def test_guesses_wait(self, codes: list[str], wang: Citizen, citizens: Citizens) -> None:
        other = at_second(citizens, wang)
        for _ in range(5):
            other.submits("login-submit", recovery_code="0000-0000-0000")
        assert (other.status, "HT-2044" in other.text) == (429, True)

        other.submits("login-submit", recovery_code=codes[0])
        assert (other.status, "HT-2044" in other.text) == (429, True)
        assert 'id="tab-sms"' in other.text, "the other ways stay open"

    @pytest.mark.parametrize("typed", ["", "1234", "UUUU-UUUU-UUUU", "x" * 4000])
    def test_what_cannot_be_one_is_told(
        self, codes: list[str], wang: Citizen, citizens: Citizens, typed: str
    ) -> None:
        other = at_second(citizens, wang).submits("login-submit", recovery_code=typed)

        assert (other.status, "HT-2041" in other.text) == (400, True)

    def test_it_is_read_as_people_write_it(
        self, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        written = codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")

        other = at_second(citizens, wang).submits("login-submit", recovery_code=f" {written} ")

        assert other.at == "/account/"

    def test_another_persons_is_no_good(
        self, app: flask.Flask, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        li = citizens().signs_up(username="li_na", password=GOOD)
        theirs = makes(proves_both(settled(app, li), "li_na"))

        other = at_second(citizens, wang).submits("login-submit", recovery_code=theirs[0])

        assert "HT-2042" in other.text

    def test_few_left_are_told(self, codes: list[str], wang: Citizen, citizens: Citizens) -> None:
        for code in codes[:7]:
            at_second(citizens, wang).submits("login-submit", recovery_code=code)
        wang.visits("/account/recovery-codes").submits("codes-kept")

        assert "恢复码快用完了" in wang.visits("/account/recovery-codes").text
        assert "只剩 3 个，请重新生成" in wang.visits("/account/methods").text

    def test_nobody_begins_with_one(
        self, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        stranger = citizens("13900000001").visits("/login/")
        assert "tab-recovery_code" not in stranger.text
        i = stranger.page.request.args["i"] if stranger.page else ""

        stranger.posts(f"/login/recovery_code/finish?i={i}", recovery_code=codes[0])

        assert (stranger.status, "HT-2022" in stranger.text) == (404, True)

    def test_a_code_by_text_message_and_one_of_these_are_one_kind(
        self, codes: list[str], wang: Citizen, citizens: Citizens
    ) -> None:
        other = citizens(wang.number).signs_in_by_code()

        assert "tab-recovery_code" not in other.text


def test_they_are_no_second_kind_to_ask_for_ever_after(app: flask.Flask, wang: Citizen) -> None:
    """They run out: two factors at every sign-in need something that stays."""
    makes(wang)
    with app.app_context():
        found = db.session.scalars(select(Account)).one()
        found.phone = found.phone_index = None
        db.session.commit()

    assert "HT-4009" in wang.visits("/account/methods/two-factor").text


def test_the_first_app_brings_them_and_the_next_does_not(wang: Citizen) -> None:
    adds_app(wang)
    assert len(shown(wang)) == 10
    wang.submits("codes-kept")

    adds_app(wang, "平板")

    assert wang.at == "/account/totp"


@given(st.text(LETTERS, min_size=12, max_size=12), st.data())
def test_a_code_is_read_however_it_is_written(code: str, data: st.DataObject) -> None:
    looks_like = {"0": "0OoＯ０", "1": "1IiLl１Ｌ"}
    written = ""
    for letter in code:
        forms = looks_like.get(letter, letter + letter.lower() + chr(ord(letter) + 0xFEE0))
        written += data.draw(st.sampled_from(forms)) + data.draw(st.text(" -—－\u3000", max_size=2))

    assert recovery_codes.normalise(written) == code


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_nothing(typed: str) -> None:
    read = recovery_codes.normalise(typed)

    assert read == "" or (len(read) == 12 and {*read} <= {*LETTERS})
