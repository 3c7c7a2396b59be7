"""Signing in by code and by password: who gets in, who does not, and no dead end."""

import re
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import flask
import pytest
import time_machine
from markupsafe import escape
from sqlalchemy import select

from idp import interactions, sessions, staff, standing, stops
from idp.audit import log as audit
from idp.login.methods import METHODS
from idp.services import services
from idp.settings import Settings
from idp.signals import deliveries
from idp.store import accounts
from idp.store.engines import db
from idp.store.outbox import OutboxMessage
from idp.store.types import now
from tests.actors import Citizen

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    """Somebody with an account, a user name and a password; signed in here."""
    return citizens().signs_up(username="wang_xm", password=GOOD)


def account_of(citizen: Citizen) -> accounts.Account:
    found = accounts.by_phone(f"+86{citizen.number}")
    assert found is not None
    return found


def id_of(app: flask.Flask, citizen: Citizen) -> str:
    with app.app_context():
        return account_of(citizen).id


def age_number(app: flask.Flask, citizen: Citizen, days: int = 91) -> str:
    """Nobody has proven the number for so long."""
    with app.app_context():
        account = account_of(citizen)
        account.phone_proven_at = now() - timedelta(days=days)
        db.session.commit()
        return account.id


def opens(app: flask.Flask, citizen: Citizen, **given: object) -> str:
    """An interaction of this citizen's browser, as the protocol opens one."""
    citizen.visits("/login/")
    cookie = citizen.browser.get_cookie("hutong_browser")
    assert cookie is not None
    header = f"hutong_browser={cookie.value}"
    with app.test_request_context(headers={"Cookie": header}):
        return interactions.open_("/account/history", **given).id  # type: ignore[arg-type]


def signed_in(citizen: Citizen) -> bool:
    return (citizen.visits("/account/").at, citizen.status) == ("/account/", 200)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.name)
def test_a_login_method_names_itself_its_amr_and_its_tab(method: type) -> None:
    assert METHODS[method.name] is method
    assert method.amr
    assert method.label
    assert method.guarded in {"begin", "finish"}


def test_a_known_number_signs_in_with_a_code_in_two_pages(
    wang: Citizen, citizens: Citizens
) -> None:
    phone = citizens(wang.number)

    phone.signs_in_by_code()

    assert (phone.at, phone.status) == ("/account/", 200)


@pytest.mark.parametrize(
    "name", ["wang_xm", "WANG_XM", "  wang_xm ", "13800000001", "+86 138 0000 0001"]
)
def test_a_password_opens_by_user_name_and_by_phone(
    wang: Citizen, citizens: Citizens, name: str
) -> None:
    other = citizens("13822220000")

    other.signs_in_by_password(name, GOOD)

    assert other.at == "/account/"


def test_a_wrong_password_says_how_many_tries_are_left_and_keeps_the_name(
    wang: Citizen, citizens: Citizens
) -> None:
    other = citizens("13822220000")

    other.signs_in_by_password("wang_xm", "wrong password")

    assert other.status == 400
    assert "您还可以尝试 4 次" in other.text
    assert 'value="wang_xm"' in other.text
    assert "wrong password" not in other.text
    assert 'aria-invalid="true"' in other.text


def neutral(html: str) -> str:
    html = re.sub(r"1\d\d\*\*\*\*\d{4}|13\d{9}", "NUMBER", html)
    html = re.sub(r'data-resend-at="\d+"', "", html)
    html = re.sub(r'(nonce|value)="[^"]{7,}"', "", html)
    html = re.sub(r'data-challenge="[^"]+"', "", html)
    html = re.sub(r"请求编号 \w+", "", html)
    return re.sub(r"i=[\w-]{22}", "i=I", html)


@pytest.mark.parametrize("unknown", ["nobody_here", "13899990000"])
def test_unknown_and_known_names_are_answered_alike(
    wang: Citizen, citizens: Citizens, unknown: str
) -> None:
    first, second = citizens("13822220000"), citizens("13822220001", address="198.51.100.4")
    for _ in range(6):
        first.tries_password("wang_xm", "wrong password")
        second.tries_password(unknown, "wrong password")

        known = neutral(first.text.replace("wang_xm", "NAME"))
        assert known == neutral(second.text.replace(unknown, "NAME"))
        assert first.status == second.status


def test_known_and_unknown_numbers_get_the_same_page_for_a_code(
    wang: Citizen, citizens: Citizens
) -> None:
    known, unknown = citizens(wang.number), citizens("13822220000", address="198.51.100.4")
    for citizen in (known, unknown):
        citizen.visits("/login/?m=sms").submits("send-code", phone=citizen.number)

    assert neutral(known.text) == neutral(unknown.text)
    assert known.status == unknown.status == 200
    for citizen in (known, unknown):
        citizen.submits("login-submit", sms_code="000000")
    assert neutral(known.text) == neutral(unknown.text)


@pytest.mark.slow
class TestTheTimeItTakes:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        """No CAPTCHA, whose page comes without judging a password."""
        return {"login": {"captcha_after": 1000, "account_failures": 1000}}

    def test_does_not_tell_known_from_unknown_names(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        def seconds(name: str, turn: int) -> float:
            other = citizens(f"1392222{turn:04}", address=f"198.51.{turn}.4")
            other.visits("/login/").visits(other.at_url("m=password"))
            return _spent(other, "login-submit", username=name, password="wrong password")

        _same([(seconds("wang_xm", turn), seconds("nobody_here", turn + 100)) for turn in _TURNS])

    def test_does_not_tell_known_from_unknown_numbers(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        def seconds(number: str, turn: int) -> float:
            other = citizens(f"1392222{turn:04}", address=f"198.51.{turn}.4")
            return _spent(other.visits("/login/?m=sms"), "send-code", phone=number)

        pairs = [(seconds(wang.number, turn), seconds("13899990000", turn)) for turn in _TURNS]
        _same(pairs)


_TURNS = range(25)


def _spent(citizen: Citizen, button: str, **fields: str) -> float:
    """Computing time: what else the machine is busy with does not count."""
    begun = time.thread_time()
    citizen.submits(button, **fields)
    return time.thread_time() - begun


def _same(pairs: list[tuple[float, float]]) -> None:
    """One hash left out would be a factor of three or more; noise of a busy machine stays below."""
    ratio = statistics.median(known / unknown for known, unknown in pairs)
    assert 0.6 < ratio < 1.67, ratio


def test_the_session_cookie_is_new_after_each_sign_in(wang: Citizen) -> None:
    before = wang.browser.get_cookie("hutong_sso")
    wang.visits("/login/").visits(wang.at_url("switch=1"))

    wang.signs_in_by_code()

    after = wang.browser.get_cookie("hutong_sso")
    assert before and after
    assert before.value != after.value


def test_a_planted_session_cookie_is_never_taken_up(wang: Citizen, citizens: Citizens) -> None:
    victim = citizens("13822220000")
    planted = "aa" + "x" * 22 + ".secret-of-the-attacker"
    victim.browser.set_cookie("hutong_sso", planted)

    victim.signs_up()

    cookie = victim.browser.get_cookie("hutong_sso")
    assert cookie is not None
    assert cookie.value != planted


def test_a_code_works_once_and_only_in_the_browser_that_asked(
    wang: Citizen, citizens: Citizens
) -> None:
    asking = citizens(wang.number)
    asking.visits("/login/?m=sms").submits("send-code", phone=wang.number)
    code, page = asking.phone.code(), asking.page
    thief = citizens("13822220000").visits("/login/?m=sms")
    thief.submits("send-code", phone="13822220000").submits("login-submit", sms_code=code)
    assert thief.status == 400

    asking.submits("login-submit", sms_code=code)
    assert asking.at == "/account/"
    other = citizens("13822220001")
    other.browser.set_cookie("hutong_browser", asking.browser.get_cookie("hutong_browser").value)
    other.page = page
    other.submits("login-submit", sms_code=code)
    assert not signed_in(other)


def test_five_wrong_codes_void_the_code(wang: Citizen, citizens: Citizens) -> None:
    guessing = citizens(wang.number).visits("/login/?m=sms")
    guessing.submits("send-code", phone=wang.number)
    right = guessing.phone.code()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        guessing.submits("login-submit", sms_code=wrong)

    guessing.submits("login-submit", sms_code=right)

    assert guessing.status in {400, 429}
    assert not signed_in(guessing)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("sms/finish", {}),
        ("sms/finish", {"sms_code": "123456", "challenge": "x", "phone": "13800000001"}),
        ("sms/begin", {}),
        ("sms/begin", {"phone": "1" * 5000}),
        ("password/finish", {}),
        ("password/finish", {"username": "wang_xm"}),
        ("password/finish", {"username": "wang_xm", "password": ""}),
        ("password/finish", {"username": "wang_xm", "password": "x" * 100_000}),
        ("password/finish", {"username": "wang_xm\0", "password": "a\0b"}),
        ("password/finish", {"username": "ｗａｎｇ＿ｘｍ\u202e", "password": "\ufffd\u200b"}),
        ("password/finish", {"username[]": "wang_xm", "password[]": GOOD}),
        ("password/begin", {}),
        ("nothing/finish", {"username": "wang_xm", "password": GOOD}),
        ("proven", {}),
        ("decline", {}),
        ("number/new", {}),
        ("agreement", {"agree": "yes"}),
        ("agreement/decline", {}),
        ("number/lost", {}),
        ("wait", {}),
    ],
)
def test_no_odd_input_signs_anybody_in(
    wang: Citizen, citizens: Citizens, path: str, fields: dict[str, str]
) -> None:
    stranger = citizens("13822220000").visits("/login/")
    query = stranger.page.request.query_string.decode()

    stranger.posts(f"/login/{path}?{query}", **fields)

    assert stranger.status < 500
    assert not signed_in(stranger)


@pytest.mark.parametrize(
    "path", ["", "sms/finish", "password/finish", "proven", "number/new", "switch"]
)
def test_asking_with_get_or_head_changes_nothing(citizen: Citizen, path: str) -> None:
    citizen.visits("/login/")
    query = citizen.page.request.query_string.decode()
    for method in ("GET", "HEAD"):
        answer = citizen._open(method, f"/login/{path}?{query}", None)
        assert answer.status_code in {200, 303}
    assert citizen.phone.texts() == []


def test_the_address_of_a_form_shown_again_may_be_reloaded_or_read_in_english(
    wang: Citizen, citizens: Citizens
) -> None:
    other = citizens("13822220000").signs_in_by_password("wang_xm", "wrong password")
    url = other.page.request.full_path

    assert other.visits(f"{url}&ui_locales=en").status == 200
    assert 'lang="en"' in other.text
    assert 'id="send-code"' in other.visits(url).text


@pytest.mark.parametrize(
    "path", ["sms/begin", "sms/finish", "password/finish", "decline", "switch"]
)
def test_a_form_without_our_token_does_nothing(citizen: Citizen, path: str) -> None:
    citizen.visits("/login/")
    query = citizen.page.request.query_string.decode()

    citizen.posts(f"/login/{path}?{query}", csrf_token="made-up", phone=citizen.number)

    assert citizen.status == 400
    assert "HT-9005" in citizen.text
    assert citizen.phone.texts() == []


def test_a_forwarded_sign_in_page_does_not_work_elsewhere(citizens: Citizens) -> None:
    sender = citizens().visits("/login/?m=sms")
    url = sender.page.request.full_path

    receiver = citizens().visits(url)

    assert receiver.status == 403
    assert "HT-0102" in receiver.text


def test_an_interaction_that_is_over_shows_the_way_back(citizen: Citizen) -> None:
    citizen.visits("/login/?i=gone-for-long")

    assert citizen.status == 410
    assert "登录已超时" in citizen.text
    assert 'id="back-to-portal"' in citizen.text


def test_an_interaction_that_is_over_leads_back_to_the_portal_it_came_from(
    app: flask.Flask, citizen: Citizen
) -> None:
    with app.app_context():
        given = {
            "name": "社保服务",
            "redirect_uris": ["https://shebao.test/callback"],
            "home_uri": "https://shebao.test/home",
        }
        standing.create_client("shebao", given)

    citizen.visits("/login/?i=gone-for-long&c=shebao")

    assert citizen.status == 410
    assert 'href="https://shebao.test/home"' in citizen.text
    assert "社保服务" in citizen.text
    assert citizen.visits("/login/?i=gone-for-long&c=https://evil.test/").status == 410
    assert "evil.test" not in re.sub(r'href="\?[^"]*"', "", citizen.text)


@pytest.mark.parametrize(
    "typed", ["1380013", "abc", "１３８", "<b>13800000001</b>", "13800000001;"]
)
def test_a_number_that_is_none_is_refused_and_kept_in_the_form(
    citizen: Citizen, typed: str
) -> None:
    citizen.visits("/login/?m=sms").submits("send-code", phone=typed)

    assert (citizen.status, "HT-5001" in citizen.text) == (400, True)
    assert f'value="{escape(typed)}"' in citizen.text
    assert 'aria-describedby="phone-error"' in citizen.text


def test_finishing_twice_by_the_back_button_is_no_dead_end(citizen: Citizen) -> None:
    citizen.visits("/login/?m=sms")
    page = citizen.page
    citizen.signs_up()
    citizen.page = page

    citizen.submits("send-code", phone=citizen.number)

    assert citizen.status == 200
    assert "error:" not in citizen.text
    citizen.visits(page.request.full_path)
    assert "这一次登录已经完成" in citizen.text


def test_a_second_tab_offers_to_go_on_with_who_signed_in_in_the_first(
    app: flask.Flask, wang: Citizen
) -> None:
    second = opens(app, wang)

    wang.visits(f"/login/?i={second}")

    assert 'id="continue"' in wang.text
    assert "138****0001" in wang.text
    wang.visits(f"/login/?i={second}&switch=1")
    assert 'id="send-code"' in wang.text


def test_signing_in_again_is_asked_of_somebody_signed_in(app: flask.Flask, wang: Citizen) -> None:
    again = opens(app, wang, reason="reauthenticate")

    wang.visits(f"/login/?i={again}&m=password")
    assert 'id="continue"' not in wang.text
    wang.submits("login-submit", username="wang_xm", password=GOOD)

    assert wang.at == "/account/history"


def test_a_step_up_asks_for_a_factor_of_another_kind_of_the_same_person(
    app: flask.Flask, wang: Citizen
) -> None:
    account = id_of(app, wang)
    step = opens(app, wang, reason="step_up", account_id=account)

    wang.visits(f"/login/?i={step}")
    assert 'id="send-code"' not in wang.text
    wang.submits("login-submit", username="wang_xm", password=GOOD)

    assert wang.at == "/account/history"
    with app.app_context():
        (session,) = sessions.list_of(account)
    assert (set(session.amr), session.acr) == ({"sms", "pwd"}, "ial1.aal2")


def test_a_step_up_after_a_password_sends_the_code_to_the_persons_own_number(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    elsewhere = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
    account = id_of(app, wang)
    step = opens(app, elsewhere, reason="step_up", account_id=account)

    elsewhere.visits(f"/login/?i={step}")
    assert "138****0001" in elsewhere.text
    elsewhere.posts(f"/login/sms/begin?i={step}", phone="13822220000")

    assert elsewhere.phone.texts() == []
    elsewhere.submits("login-submit", sms_code=wang.phone.code())
    assert elsewhere.at == "/account/history"


def test_a_step_up_proven_by_another_person_is_refused_with_a_way_on(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    citizens("13822220000").signs_up(username="li_na", password=GOOD)
    step = opens(app, wang, reason="step_up", account_id=id_of(app, wang))
    wang.visits(f"/login/?i={step}")

    wang.submits("login-submit", username="li_na", password=GOOD)

    assert (wang.status, "HT-2021" in wang.text) == (403, True)
    wang.submits("switch-account")
    wang.visits(wang.at_url("m=password"))
    wang.submits("login-submit", username="li_na", password=GOOD)
    assert wang.at == "/account/history"
    assert "138****0001" not in wang.visits("/account/").text


def test_somebody_else_finds_nothing_of_who_was_here_before(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    start = opens(app, wang, reason="reauthenticate", account_id=id_of(app, wang))
    wang.visits(f"/login/?i={start}&m=sms").submits("send-code", phone=wang.number)
    assert "138****0001" in wang.text

    wang.submits("switch-account")

    assert "138****0001" not in wang.text
    assert 'id="login-submit"' not in wang.visits(wang.at_url("m=sms")).text


def test_wrong_codes_and_passwords_are_in_the_trail_without_names(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    other = citizens("13822220000").signs_in_by_password("wang_xm", "wrong password")
    other.visits("/login/?m=sms").submits("send-code", phone=other.number)
    wrong = "000000" if other.phone.code() != "000000" else "111111"
    other.submits("login-submit", sms_code=wrong)

    with app.app_context():
        audit.copy_streams()
        audit.chain()
        trail = b"".join(audit.export()).decode()
    assert "HT-2011" in trail
    assert "HT-5011" in trail
    assert "wang_xm" not in trail
    assert other.number not in trail


def test_a_step_up_may_be_declined(app: flask.Flask, wang: Citizen) -> None:
    step = opens(app, wang, reason="step_up", account_id=id_of(app, wang))

    wang.visits(f"/login/?i={step}").submits("step-up-decline")

    assert wang.at == "/account/history"


def test_an_ordinary_sign_in_cannot_be_declined_into(citizen: Citizen) -> None:
    citizen.visits("/login/")
    query = citizen.page.request.query_string.decode()

    citizen.posts(f"/login/decline?{query}")

    assert citizen.status == 409
    assert not signed_in(citizen)


def test_a_stopped_account_is_told_so_only_after_a_proof(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    with app.app_context():
        stops.stop(account_of(wang).id, stops.OTHER, staff.Act("1", "test"))
    other = citizens("13822220000")

    other.signs_in_by_password("wang_xm", "wrong password")
    assert "HT-0201" not in other.text
    other.tries_password("wang_xm", GOOD)
    assert (other.status, "HT-0201" in other.text) == (403, True)
    phone = citizens(wang.number, address="198.51.100.4").signs_in_by_code()
    assert "HT-0201" in phone.text
    assert not signed_in(phone)


def test_an_old_hash_is_renewed_at_sign_in(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    with app.app_context():
        weaker = services.passwords._argon2.using(memory_cost=8 * 1024).hash(GOOD)
        account_of(wang).password_hash = weaker
        db.session.commit()

    citizens("13822220000").signs_in_by_password("wang_xm", GOOD)

    with app.app_context():
        stored = account_of(wang).password_hash
        assert stored != weaker
        assert not services.passwords.needs_update(stored)


class TestANewAgreement:
    @pytest.fixture
    def renewed(self, app: flask.Flask) -> Callable[[], None]:
        def renew() -> None:
            before: Settings = app.extensions["settings"]
            newer = before.agreements.model_copy(update={"terms": "2027-01"})
            app.extensions["settings"] = before.model_copy(update={"agreements": newer})

        return renew

    def test_asks_again_before_the_session_starts(
        self, wang: Citizen, citizens: Citizens, renewed: Callable[[], None]
    ) -> None:
        renewed()
        other = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
        assert other.at == "/login/agreement"
        assert "2027-01" in other.text
        page = other.page
        assert not signed_in(other)
        other.page = page

        other.submits("agreement-submit")
        assert (other.status, "HT-3004" in other.text) == (400, True)
        other.submits("agreement-submit", agree="yes")

        assert other.at == "/account/"

    def test_that_takes_nothing_from_anybody_does_not_ask_who_accepted_the_one_before(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens, renewed: Callable[[], None]
    ) -> None:
        before: Settings = app.extensions["settings"]
        accepted = before.agreements.terms
        renewed()
        newer: Settings = app.extensions["settings"]
        for good, at in ((("2020-01",), "/login/agreement"), ((accepted,), "/account/")):
            lenient = newer.agreements.model_copy(update={"terms_still_good": good})
            app.extensions["settings"] = newer.model_copy(update={"agreements": lenient})
            visitor = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
            assert visitor.at == at

    def test_asks_once(
        self, wang: Citizen, citizens: Citizens, renewed: Callable[[], None]
    ) -> None:
        renewed()
        citizens("13822220000").signs_in_by_password("wang_xm", GOOD).submits(
            "agreement-submit", agree="yes"
        )

        assert citizens("13822220001").signs_in_by_password("wang_xm", GOOD).at == "/account/"

    def test_may_be_refused_and_nobody_is_signed_in(
        self, wang: Citizen, citizens: Citizens, renewed: Callable[[], None]
    ) -> None:
        renewed()
        other = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)

        other.submits("agreement-decline")

        assert not signed_in(other)


class TestANumberLongUnproven:
    def test_opens_nothing_by_a_code_alone(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        age_number(app, wang)

        holder = citizens(wang.number).signs_in_by_code()

        assert holder.at == "/login/number"
        assert not signed_in(holder)

    def test_one_proven_yesterday_does(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        age_number(app, wang, days=89)

        assert citizens(wang.number).signs_in_by_code().at == "/account/"

    def test_opens_with_the_password_too_and_counts_as_proven_again(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        account_id = age_number(app, wang)
        owner = citizens(wang.number).signs_in_by_code()

        owner.visits(_link(owner, "prove-password"))
        owner.submits("login-submit", username="wang_xm", password=GOOD)

        assert owner.at == "/account/"
        assert citizens(wang.number).signs_in_by_code().at == "/account/"
        with app.app_context():
            levels = {session.acr for session in sessions.list_of(account_id)}
        assert "ial1.aal2" in levels

    def test_gives_who_says_it_is_new_an_empty_account_of_their_own(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        old = age_number(app, wang)
        holder = citizens(wang.number).signs_in_by_code()

        holder.submits("phone-is-new").submits("signup-submit", agree="yes")

        assert holder.at == "/account/"
        assert "wang_xm" not in holder.text
        with app.app_context():
            assert account_of(wang).id != old
            former = accounts.by_id(old)
            assert former is not None
            assert (former.phone, former.status) == (None, "active")

    def test_freezes_an_account_that_had_nothing_else(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        first = citizens().signs_up()
        old = age_number(app, first)
        holder = citizens(first.number).signs_in_by_code()
        assert "prove-password" not in holder.text

        holder.submits("phone-is-new").submits("signup-submit", agree="yes")

        with app.app_context():
            former = accounts.by_id(old)
            assert former is not None
            assert former.status == accounts.FROZEN
        assert not signed_in(first)

    def test_gives_a_frozen_account_back_to_who_proves_its_password(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        first = citizens().signs_up(password=GOOD)
        old = age_number(app, first)
        holder = citizens(first.number).signs_in_by_code()
        holder.submits("phone-is-new").submits("signup-submit", agree="yes")

        owner = citizens("13822220000").signs_in_by_password(first.number, GOOD)

        assert owner.at == "/login/number/lost"
        owner.submits("told")
        assert owner.at == "/account/"
        with app.app_context():
            former = accounts.by_id(old)
            assert former is not None
            assert former.status == accounts.ACTIVE
            assert account_of(first).id != old

    @pytest.mark.parametrize("comes_back", [False, True])
    def test_closes_a_frozen_account_after_the_waiting_time_unless_its_holder_came_back(
        self, app: flask.Flask, citizens: Citizens, *, comes_back: bool
    ) -> None:
        first = citizens().signs_up(password=GOOD)
        old = age_number(app, first)
        holder = citizens(first.number).signs_in_by_code()
        holder.submits("phone-is-new").submits("signup-submit", agree="yes")
        if comes_back:
            citizens("13822220000").signs_in_by_password(first.number, GOOD)

        with time_machine.travel(now() + timedelta(days=31), tick=True), app.app_context():
            while deliveries.deliver_due():
                pass

        with app.app_context():
            former = accounts.by_id(old)
            assert former is not None
            assert former.status == (accounts.ACTIVE if comes_back else accounts.CLOSED)
            assert (former.password_hash is not None) is comes_back, "closed is erased"

    def test_tells_its_old_holder_at_the_next_sign_in_once(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        age_number(app, wang)
        holder = citizens(wang.number).signs_in_by_code()
        holder.submits("phone-is-new").submits("signup-submit", agree="yes")

        owner = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
        assert owner.at == "/login/number/lost"
        assert "138****0001" in owner.text
        assert "没有绑定手机号码" in owner.submits("told").text

        again = citizens("13822220001").signs_in_by_password("wang_xm", GOOD)
        assert again.at == "/account/"

    def test_is_still_the_question_after_going_back_until_somebody_else_signs_in(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        citizens("13822220009").signs_up(username="li_na", password=GOOD)
        age_number(app, wang)
        holder = citizens(wang.number).signs_in_by_code()
        query = holder.page.request.query_string.decode()

        assert holder.visits(f"/login/?{query}").at == "/login/number"

        holder.visits(f"/login/?{query}&m=password").submits("switch-account")
        holder.visits(holder.at_url("m=password"))
        assert holder.submits("login-submit", username="li_na", password=GOOD).at == "/account/"

    def test_is_no_question_any_more_when_its_holder_proved_it_meanwhile(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        age_number(app, wang)
        holder = citizens(wang.number).signs_in_by_code()
        page = holder.page
        age_number(app, wang, days=0)
        holder.page = page

        holder.submits("phone-is-new")

        assert holder.at == "/signup/taken"
        with app.app_context():
            assert account_of(wang).username == "wang_xm"

    def test_is_not_decided_by_asking_for_the_page(self, citizens: Citizens) -> None:
        citizen = citizens().visits("/login/")
        query = citizen.page.request.query_string.decode()

        citizen.visits(f"/login/number?{query}")

        assert citizen.status == 409


def _link(citizen: Citizen, element: str) -> str:
    found = re.search(rf'href="([^"]+)" id="{element}"', citizen.text)
    assert found, element
    return found[1].replace("&amp;", "&")


class TestANewBrowser:
    def test_is_told_to_the_phone_once_where_no_code_went_there(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        assert _told(app) == [], "the browser that opened the account is no news"
        elsewhere = citizens("13822220000").signs_in_by_password("wang_xm", GOOD)
        assert _told(app) == ["new_sign_in"]
        elsewhere.visits("/oauth/logout").submits("logout-yes")
        elsewhere.signs_in_by_password("wang_xm", GOOD)
        citizens(wang.number).signs_in_by_code()
        assert _told(app) == ["new_sign_in"]

    def test_is_no_news_of_a_sign_in_that_did_not_begin(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        citizens("13822220000").signs_in_by_password("wang_xm", "not the password 1")
        assert _told(app) == []


def _told(app: flask.Flask) -> list[str]:
    """The notices promised, in order."""
    with app.app_context():
        rows = db.session.scalars(select(OutboxMessage).filter_by(kind="notice"))
        return [row.payload["template"] for row in rows]
