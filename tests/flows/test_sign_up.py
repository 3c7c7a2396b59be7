"""Signing up: number, code, agreement; nothing twice, nothing told to strangers."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import flask
import pytest
from sqlalchemy import func, select

from idp import agreements
from idp.audit import log
from idp.store import accounts
from idp.store.accounts import Account, AgreementAcceptance
from idp.store.engines import db
from tests.actors import Citizen

GOOD = "琴台 Lantern 7392"
Citizens = Callable[..., Citizen]


def count(app: flask.Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Account)) or 0


def proven(citizen: Citizen) -> Citizen:
    """At the agreement page, the number proven."""
    citizen.visits("/signup/").submits("send-code", phone=citizen.number)
    return citizen.submits("code-submit", sms_code=citizen.phone.code())


def test_a_new_number_signs_up_in_one_go_and_lands_signed_in(citizen: Citizen) -> None:
    citizen.visits("/login/?m=sms").submits("send-code", phone=citizen.number)
    citizen.submits("login-submit", sms_code=citizen.phone.code())
    assert citizen.at == "/signup/agreement"

    citizen.submits("signup-submit", agree="yes")

    assert (citizen.at, citizen.status) == ("/account/", 200)
    assert "138****0001" in citizen.text


def test_signing_up_from_its_own_page_takes_number_code_and_agreement(citizen: Citizen) -> None:
    proven(citizen).submits("signup-submit", agree="yes")

    assert citizen.at == "/account/"


def test_the_agreements_accepted_are_recorded_with_version_and_digest(
    app: flask.Flask, citizen: Citizen
) -> None:
    citizen.signs_up()

    with app.app_context():
        rows = list(db.session.scalars(select(AgreementAcceptance)))
        current = {(a.name, a.version, a.digest) for a in agreements.current()}
    assert {(row.agreement, row.version, row.digest) for row in rows} == current
    assert len(current) == 2


def test_without_the_box_ticked_no_account_is_opened_and_nothing_typed_is_lost(
    app: flask.Flask, citizen: Citizen
) -> None:
    proven(citizen).submits("signup-submit", username="wang_xm")

    assert citizen.status == 400
    assert 'value="wang_xm"' in citizen.text
    assert 'aria-describedby="agree-error"' in citizen.text
    assert "checked" not in citizen.text
    assert count(app) == 0


@pytest.mark.parametrize(
    "name", ["abc", "1abc", "13800000001", "a" * 31, "王小明", "wang xm", "аdmin", "a\0bcd", "_abc"]
)
def test_a_user_name_that_does_not_fit_is_refused_with_a_reason(
    app: flask.Flask, citizen: Citizen, name: str
) -> None:
    proven(citizen).submits("signup-submit", agree="yes", username=name)

    assert citizen.status == 400
    assert "HT-3001" in citizen.text
    assert count(app) == 0


@pytest.mark.parametrize("password", ["short", "password1", "13800000001", "woaini1314520"])
def test_a_weak_password_is_refused_with_reasons_and_never_shown_again(
    app: flask.Flask, citizen: Citizen, password: str
) -> None:
    proven(citizen).submits("signup-submit", agree="yes", username="wang_xm", password=password)

    assert citizen.status == 400
    assert "password-error" in citizen.text
    assert 'value="wang_xm"' in citizen.text
    assert f'value="{password}"' not in citizen.text
    assert count(app) == 0


def test_a_user_name_taken_is_told_to_who_has_proven_a_number(citizens: Citizens) -> None:
    citizens().signs_up(username="wang_xm")
    other = proven(citizens())

    other.submits("signup-submit", agree="yes", username="WANG_xm")

    assert other.status == 409
    assert "HT-3002" in other.text
    other.submits("signup-submit", agree="yes", username="wang_xm2")
    assert other.at == "/account/"


def test_taken_is_said_only_after_the_code(citizens: Citizens) -> None:
    citizens("13811110000").signs_up()
    stranger = citizens("13811110000", address="198.51.100.9")
    known = stranger.visits("/signup/").submits("send-code", phone="13811110000").text
    nobody = citizens("13822220000", address="198.51.100.9")
    unknown = nobody.visits("/signup/").submits("send-code", phone="13822220000").text

    assert neutral(known) == neutral(unknown)
    stranger.submits("code-submit", sms_code=stranger.phone.code())
    assert stranger.at == "/signup/taken"
    assert "已注册" in stranger.text


def neutral(html: str) -> str:
    """A page without what differs from visit to visit."""
    html = re.sub(r"1\d\d\*\*\*\*\d{4}", "NUMBER", html)
    html = re.sub(r'data-resend-at="\d+"', "", html)
    html = re.sub(r'(nonce|value)="[^"]{16,}"', "", html)
    return re.sub(r"i=[\w-]{22}", "i=I", html)


def test_who_has_an_account_already_signs_in_without_a_second_code(citizens: Citizens) -> None:
    citizens("13811110000").signs_up()
    again = proven(citizens("13811110000"))

    again.submits("signup-login")

    assert (again.at, again.status) == ("/account/", 200)


def test_a_number_proven_lately_by_another_is_not_taken_over(
    app: flask.Flask, citizens: Citizens
) -> None:
    citizens("13811110000").signs_up()
    other = proven(citizens("13811110000"))

    other.submits("not-mine")

    assert other.status == 409
    assert "HT-3005" in other.text
    assert "政务服务中心窗口" in other.text
    assert count(app) == 1


def test_going_back_and_submitting_again_opens_no_second_account(
    app: flask.Flask, citizen: Citizen
) -> None:
    proven(citizen)
    form = citizen.page
    citizen.submits("signup-submit", agree="yes")
    citizen.page = form

    citizen.submits("signup-submit", agree="yes")

    assert citizen.status == 200
    assert count(app) == 1


def test_two_tabs_that_finish_at_once_open_one_account(
    app: flask.Flask, citizens: Citizens
) -> None:
    tabs = [proven(citizens("13811110000")), proven(citizens("13811110000"))]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda tab: tab.submits("signup-submit", agree="yes"), tabs))

    assert sorted(tab.at for tab in tabs) in (
        ["/account/", "/signup/taken"],
        ["/account/", "/account/"],
    )
    assert count(app) == 1


@pytest.mark.parametrize("path", ["agreement", "taken", "code"])
def test_a_later_step_asked_for_first_leads_to_the_first(
    app: flask.Flask, citizen: Citizen, path: str
) -> None:
    citizen.visits("/signup/")
    query = citizen.page.request.query_string.decode()

    citizen.visits(f"/signup/{path}?{query}")

    assert citizen.at == "/signup/"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("agreement", {}),
        ("agreement", {"agree": "yes", "username": "wang_xm"}),
        ("agreement", {"agree": "yes", "phone": "13800000001", "proven": "13800000001"}),
        ("code", {}),
        ("code", {"sms_code": ""}),
        ("code", {"sms_code": "١٢٣٤٥٦"}),
        ("code", {"sms_code": "1" * 100_000}),
        ("code", {"sms_code": "000000\0"}),
        ("send", {}),
        ("send", {"phone": "9" * 5000}),
        ("send", {"phone": "１３８\u200b00000001"}),
        ("not-mine", {}),
    ],
)
def test_no_odd_input_skips_a_step(
    app: flask.Flask, citizen: Citizen, path: str, fields: dict[str, str]
) -> None:
    citizen.visits("/signup/")
    query = citizen.page.request.query_string.decode()

    citizen.posts(f"/signup/{path}?{query}", **fields)

    assert citizen.status < 500
    assert count(app) == 0
    citizen.visits("/account/")
    assert citizen.at == "/login/"


def test_the_proof_of_one_browser_is_of_no_use_in_another(
    app: flask.Flask, citizens: Citizens
) -> None:
    proven_here = proven(citizens())
    url = proven_here.page.request.url.removeprefix("http://localhost:8000")
    elsewhere = citizens().visits("/login/")

    elsewhere.posts(url, agree="yes")

    assert elsewhere.status == 403
    assert "HT-0102" in elsewhere.text
    assert count(app) == 0


def test_a_form_without_our_token_opens_nothing(app: flask.Flask, citizen: Citizen) -> None:
    proven(citizen)

    citizen.posts(citizen.page.request.url, agree="yes", csrf_token="made-up")

    assert citizen.status == 400
    assert "HT-9005" in citizen.text
    assert count(app) == 0


@pytest.mark.parametrize("name", ["terms", "privacy"])
def test_the_agreements_can_be_read_by_anybody_in_both_languages(
    citizen: Citizen, name: str
) -> None:
    assert citizen.visits(f"/signup/agreements/{name}").status == 200
    assert citizen.visits(f"/signup/agreements/{name}?ui_locales=en").status == 200


def test_an_agreement_nobody_wrote_is_not_found(citizen: Citizen) -> None:
    assert citizen.visits("/signup/agreements/updated").status == 404


def test_opening_an_account_leaves_a_trail_without_the_number(
    app: flask.Flask, citizen: Citizen
) -> None:
    citizen.signs_up()

    with app.app_context():
        log.copy_streams()
        log.chain()
        trail = b"".join(log.export())
        account = accounts.by_phone(f"+86{citizen.number}")
        assert account is not None
    assert b"account.opened" in trail
    assert account.id.encode() in trail
    assert citizen.number.encode() not in trail
