"""A forgotten password: in order, once, in one browser, and never by the number of a stranger."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import flask
import pytest

from idp import sessions
from idp.store import accounts
from idp.store.engines import db
from idp.store.types import now
from tests.actors import Citizen

GOOD, NEW = "琴台 Lantern 7392", "Quiet-Harbour 5518 松"
Citizens = Callable[..., Citizen]


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    return citizens().signs_up(username="wang_xm", password=GOOD)


def proven(citizen: Citizen) -> Citizen:
    """At the page that asks for the new password."""
    citizen.visits("/recover/").submits("send-code", phone=citizen.number)
    return citizen.submits("code-submit", sms_code=citizen.phone.code())


def change(app: flask.Flask, citizen: Citizen, **fields: object) -> str:
    with app.app_context():
        account = accounts.by_phone(f"+86{citizen.number}")
        assert account is not None
        for name, value in fields.items():
            setattr(account, name, value)
        db.session.commit()
        return account.id


def test_the_number_and_its_code_lead_to_a_new_password(wang: Citizen, citizens: Citizens) -> None:
    lost = proven(citizens(wang.number))
    assert lost.at == "/recover/password"

    lost.submits("password-submit", new_password=NEW)

    assert lost.at == "/recover/done"
    other = citizens("13822220000")
    assert other.signs_in_by_password("wang_xm", GOOD).status == 400
    assert other.tries_password("wang_xm", NEW).at == "/account/"


def test_it_ends_every_session(app: flask.Flask, wang: Citizen, citizens: Citizens) -> None:
    proven(citizens(wang.number)).submits("password-submit", new_password=NEW)

    assert wang.visits("/account/").at == "/login/"
    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        assert sessions.list_of(account.id) == []


def test_the_person_is_told_by_message(wang: Citizen, citizens: Citizens) -> None:
    lost = proven(citizens(wang.number)).submits("password-submit", new_password=NEW)

    assert any("密码已重新设置" in text for text in lost.phone.texts())


def test_it_works_once(wang: Citizen, citizens: Citizens) -> None:
    lost = proven(citizens(wang.number))
    page = lost.page
    lost.submits("password-submit", new_password=NEW)
    lost.page = page

    lost.submits("password-submit", new_password="Another-Lantern 88 夜")

    assert (lost.status, "HT-3502" in lost.text) == (409, True)
    assert citizens("13822220000").signs_in_by_password("wang_xm", NEW).at == "/account/"


def test_two_tabs_at_once_reset_once(wang: Citizen, citizens: Citizens) -> None:
    lost = proven(citizens(wang.number))
    tabs = []
    for password in (NEW, "Another-Lantern 88 夜"):
        tab = Citizen(lost.app, lost.phone, lost.address, lost.page)
        tab.browser = lost.browser
        tabs.append((tab, password))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda t: t[0].submits("password-submit", new_password=t[1]), tabs))

    assert sorted(tab.at for tab, _ in tabs) == ["/recover/done", "/recover/password"]


def test_a_weak_password_is_refused_with_reasons_and_may_be_mended(
    wang: Citizen, citizens: Citizens
) -> None:
    lost = proven(citizens(wang.number))

    lost.submits("password-submit", new_password="wang_xm1")
    assert (lost.status, "new_password-error" in lost.text) == (400, True)
    lost.submits("password-submit", new_password=NEW)

    assert lost.at == "/recover/done"


def test_known_and_unknown_numbers_are_answered_alike_until_the_code(
    wang: Citizen, citizens: Citizens
) -> None:
    known, unknown = citizens(wang.number), citizens("13822220000", address="198.51.100.4")
    for citizen in (known, unknown):
        citizen.visits("/recover/").submits("send-code", phone=citizen.number)
    assert _neutral(known.text) == _neutral(unknown.text)

    unknown.submits("code-submit", sms_code=unknown.phone.code())

    assert (unknown.status, "HT-3501" in unknown.text) == (404, True)


@pytest.mark.parametrize("path", ["password", "code"])
def test_no_step_can_be_skipped(wang: Citizen, citizens: Citizens, path: str) -> None:
    lost = citizens(wang.number).visits("/recover/")
    lost.submits("send-code", phone=wang.number)
    query = lost.page.request.query_string.decode()
    code = lost.phone.code()
    wrong = "000000" if code != "000000" else "111111"

    lost.posts(f"/recover/{path}?{query}", new_password=NEW, sms_code=wrong)
    lost.visits(f"/recover/password?{query}")

    assert lost.at == "/recover/"
    assert citizens("13822220000").signs_in_by_password("wang_xm", GOOD).at == "/account/"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"new_password": ""},
        {"new_password": "x" * 100_000},
        {"new_password": "\0" * 20},
        {"account": "x", "new_password": NEW},
    ],
)
def test_no_odd_input_resets_anything_before_the_code(
    wang: Citizen, citizens: Citizens, fields: dict[str, str]
) -> None:
    lost = citizens("13822220000").visits("/recover/")
    query = lost.page.request.query_string.decode()

    lost.posts(f"/recover/password?{query}", **fields)

    assert lost.status == 409
    assert citizens("13822220001").signs_in_by_password("wang_xm", GOOD).at == "/account/"


def test_the_page_for_the_new_password_works_in_no_other_browser(
    wang: Citizen, citizens: Citizens
) -> None:
    lost = proven(citizens(wang.number))
    url = lost.page.request.full_path
    thief = citizens("13822220000").visits("/login/")

    thief.posts(url, new_password=NEW)

    assert (thief.status, "HT-0102" in thief.text) == (403, True)


def test_a_code_asked_for_to_sign_in_resets_nothing(wang: Citizen, citizens: Citizens) -> None:
    lost = citizens(wang.number).visits("/login/?m=sms")
    lost.submits("send-code", phone=wang.number)
    code, query = lost.phone.code(), lost.page.request.query_string.decode()

    lost.posts(f"/recover/code?{query}", sms_code=code)

    assert lost.at == "/recover/"


def test_a_form_without_our_token_resets_nothing(wang: Citizen, citizens: Citizens) -> None:
    lost = proven(citizens(wang.number))

    lost.submits("password-submit", new_password=NEW, csrf_token="made-up")

    assert (lost.status, "HT-9005" in lost.text) == (400, True)


def test_a_number_long_unproven_resets_nothing(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    change(app, wang, phone_proven_at=now() - timedelta(days=91))

    lost = proven(citizens(wang.number))

    assert lost.at == "/login/number"
    query = lost.page.request.query_string.decode()
    lost.posts(f"/recover/password?{query}", new_password=NEW)
    assert lost.status == 409


def test_a_stopped_account_is_not_recovered(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    change(app, wang, status=accounts.STOPPED)

    lost = proven(citizens(wang.number))

    assert (lost.status, "HT-0201" in lost.text) == (403, True)


def test_strangers_failures_are_forgotten_with_the_old_password(
    app: flask.Flask, wang: Citizen, citizens: Citizens
) -> None:
    change(app, wang, password_closed_until=now() + timedelta(hours=5))

    proven(citizens(wang.number)).submits("password-submit", new_password=NEW)

    with app.app_context():
        account = accounts.by_username("wang_xm")
        assert account is not None
        assert account.password_closed_until is None


def _neutral(html: str) -> str:
    html = re.sub(r"1\d\d\*\*\*\*\d{4}", "NUMBER", html)
    html = re.sub(r'data-resend-at="\d+"', "", html)
    html = re.sub(r'(nonce|value)="[^"]{7,}"', "", html)
    return re.sub(r"i=[\w-]{22}", "i=I", html)
