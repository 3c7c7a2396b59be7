"""A number is not a person: what a code alone opens, by age, carrier, factors and real name."""

from collections.abc import Callable
from datetime import timedelta

import flask
import orjson
import pytest
from sqlalchemy import select

from idp import sessions
from idp.store import accounts
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.types import now
from sandbox.registry.carriers import PREFIX
from tests import forms
from tests.actors import Citizen
from tests.flows.test_recovery_by_face import OTHERS, named, shows, with_faces
from tests.flows.test_sign_in import GOOD, account_of, age_number, id_of, signed_in
from tests.oidc.actors import Person, proven

__all__ = ["shows"]
Citizens = Callable[..., Citizen]
Shows = Callable[..., Citizen]
KEPT = "13800000001"
SAYS = {
    "kept": KEPT,
    "reissued": f"{PREFIX}1",
    "undecided": f"{PREFIX}2",
    "cancelled": f"{PREFIX}3",
    "transferred": f"{PREFIX}4",
    "asked too often": f"{PREFIX}5",
    "down": f"{PREFIX}9",
}
"""By what the carrier says: a number it says that of."""
FACTORS = {"the number alone": {}, "a password too": {"username": "wang_xm", "password": GOOD}}
DAY, LONG = 1, 91


@pytest.fixture
def changes(sandbox: tuple[str, object]) -> dict[str, object]:
    aliyun = {
        "endpoint": f"{sandbox[0]}/aliyun-dytnsapi/",
        "access_key_id": "sandbox-ak",
        "access_key_secret": "sandbox-secret",
        "auth_code": "sandbox-code",
    }
    carrier = {"checks": ("aliyun_number",), "aliyun": aliyun, "number_day": 3}
    return {**with_faces(sandbox[0]), "carrier": carrier}


@pytest.mark.parametrize("days", [DAY, LONG])
@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("ial", [1, 3])
def test_a_code_alone_opens_what_was_proven_lately_or_the_carrier_says_was_kept(
    app: flask.Flask, citizens: Citizens, days: int, says: str, factors: str, ial: int
) -> None:
    first = citizens(SAYS[says]).signs_up(**FACTORS[factors])
    account_id = age_number(app, first, days)
    if ial > 1:
        proven(Person(app, account_id, ""), method="face", verifier="tencent_face", ial=ial)

    holder = citizens(SAYS[says]).signs_in_by_code()

    opened = days == DAY or says == "kept"
    assert signed_in(holder) is opened
    with app.app_context():
        whose = {each.account_id for each in sessions.list_of(account_id)}
        assert whose == {account_id}, "the first one's browser at most, and theirs"
        assert len(sessions.list_of(account_id)) == 1 + opened


@pytest.mark.parametrize("says", [each for each in SAYS if each != "kept"])
@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("ial", [1, 2, 3])
def test_no_way_from_the_doubt_leads_a_stranger_into_the_old_account(
    app: flask.Flask, citizens: Citizens, shows: Shows, says: str, factors: str, ial: int
) -> None:
    """They hold the number, have a name and a face of their own, and try what the page offers."""
    account_id = age_number(app, citizens(SAYS[says]).signs_up(**FACTORS[factors]))
    if ial > 1:
        named(app, account_id, ial)
    stranger = citizens(SAYS[says]).signs_in_by_code()
    assert stranger.at == "/login/number"
    assert ("prove-face" in stranger.text) is (ial > 1)
    assert ("prove-password" in stranger.text) is bool(FACTORS[factors])
    choice = stranger.page.request.full_path

    query = choice.partition("?")[2]
    shows(stranger.visits(f"/recover/face?{query}"), "李红", OTHERS)
    assert "HT-3504" in stranger.text
    shows(stranger.visits(f"/recover/face?{query}"), outcome="failed")
    stranger.visits(f"/login/number/face?{query}")
    assert stranger.status == 409
    stranger.visits(f"/recover/number?{query}")
    stranger.visits(f"/recover/password?{query}")
    stranger.visits(f"/login/?{query}&m=sms")
    stranger.visits("/account/")
    assert not signed_in(stranger)

    stranger.visits(choice).submits("phone-is-new").submits("signup-submit", agree="yes")
    assert id_of(app, stranger) != account_id
    with app.app_context():
        assert len(sessions.list_of(account_id)) <= 1, "the first one's browser at most"


@pytest.mark.parametrize("says", [each for each in SAYS if each != "kept"])
@pytest.mark.parametrize("ial", [2, 3])
def test_the_person_themselves_is_let_in_by_their_face(
    app: flask.Flask, citizens: Citizens, shows: Shows, says: str, ial: int
) -> None:
    account_id = age_number(app, citizens(SAYS[says]).signs_up())
    named(app, account_id, ial)
    holder = citizens(SAYS[says]).signs_in_by_code()
    shows(holder.visits(forms.link(holder.text, "prove-face")))
    assert signed_in(holder)
    assert id_of(app, holder) == account_id


def test_what_the_carrier_said_is_in_the_trail_and_the_number_is_not(
    app: flask.Flask, citizens: Citizens
) -> None:
    age_number(app, citizens(SAYS["reissued"]).signs_up())
    citizens(SAYS["reissued"]).signs_in_by_code()
    with app.app_context():
        rows = db.session.scalars(select(AuditEvent).filter_by(action="phone.unproven"))
        (event,) = rows
        assert orjson.loads(event.details)["carrier"] == "reissued"
        assert SAYS["reissued"] not in event.details


def test_a_number_that_was_kept_counts_as_proven_again(
    app: flask.Flask, citizens: Citizens
) -> None:
    account_id = age_number(app, citizens(KEPT).signs_up())
    citizens(KEPT).signs_in_by_code()
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        assert account.phone_proven_at is not None
        assert account.phone_proven_at > now() - timedelta(minutes=1)


def test_a_carrier_is_asked_about_a_number_a_few_times_a_day_and_then_nobody_knows(
    app: flask.Flask, citizens: Citizens
) -> None:
    account_id = age_number(app, citizens(KEPT).signs_up())
    for number in range(4):
        age_number(app, Citizen(app, citizens(KEPT).phone))
        assert signed_in(citizens(KEPT).signs_in_by_code()) is (number < 3)
    assert id_of(app, citizens(KEPT)) == account_id


@pytest.mark.parametrize(("says", "goes"), [("kept", False), ("reissued", True)])
def test_somebody_else_s_account_gets_the_number_only_where_it_may_have_moved(
    app: flask.Flask, citizens: Citizens, says: str, goes: bool
) -> None:
    old = age_number(app, citizens(SAYS[says]).signs_up())
    other = citizens("13822220000").signs_up(username="li_na", password=GOOD)
    other.visits("/account/phone").phone = citizens(SAYS[says]).phone
    other.submits("send-code", phone=SAYS[says])
    other.submits("phone-submit", sms_code=other.phone.code())
    with app.app_context():
        holder = accounts.by_phone(f"+86{SAYS[says]}")
        assert holder is not None
        assert (holder.id != old) is goes


def test_a_password_is_reset_by_a_code_where_the_number_was_kept(
    app: flask.Flask, citizens: Citizens
) -> None:
    age_number(app, citizens(KEPT).signs_up(username="wang_xm", password=GOOD))
    owner = citizens(KEPT).visits("/recover/").submits("send-code", phone=KEPT)
    assert owner.submits("code-submit", sms_code=owner.phone.code()).at == "/recover/password"
    with app.app_context():
        assert account_of(owner).active


@pytest.mark.parametrize("says", [each for each in SAYS if each != "kept"])
def test_a_password_and_then_the_code_open_what_either_alone_does_not(
    app: flask.Flask, citizens: Citizens, says: str
) -> None:
    first = citizens(SAYS[says]).signs_up(username="wang_xm", password=GOOD)
    age_number(app, first)
    with app.app_context():
        account_of(first).two_factor = True
        db.session.commit()

    holder = citizens(SAYS[says]).signs_in_by_password("wang_xm", GOOD)
    assert holder.at == "/login/"
    holder.submits("send-code").submits("login-submit", sms_code=holder.phone.code())

    assert signed_in(holder)
