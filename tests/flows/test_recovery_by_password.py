"""A new number: at once with the old one, two factors or a face; else after a time to say no."""

from collections.abc import Callable

import flask
import pytest

from idp.store import accounts
from tests import forms
from tests.actors import Citizen
from tests.flows.test_recovery_by_face import named, shows, with_faces
from tests.flows.test_recovery_from_a_notice import freezes, owner
from tests.flows.test_recovery_with_a_wait import (
    NEW_NUMBER,
    OLD,
    THIRD,
    begins,
    elapse,
    holder,
    starts,
    state_of,
)
from tests.flows.test_sign_in import GOOD, id_of, signed_in

__all__ = ["begins", "holder", "owner", "shows"]
Citizens = Callable[..., Citizen]


@pytest.fixture
def changes(sandbox: tuple[str, object]) -> dict[str, object]:
    return with_faces(sandbox[0])


@pytest.fixture
def lost(owner: Citizen, citizens: Citizens) -> Citizen:
    """Knows the password and has another phone: at the page of the number."""
    citizen = starts(citizens(NEW_NUMBER), "password")
    assert citizen.at == "/login/"
    citizen.visits(citizen.at_url("m=password"))
    citizen.submits("login-submit", username="wang_xm", password=GOOD)
    assert citizen.at == "/account/phone"
    return citizen


def number_of(app: flask.Flask, account_id: str) -> str | None:
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        return account.phone


def gives(citizen: Citizen) -> Citizen:
    """Enters the new number and its code."""
    citizen.submits("send-code", phone=citizen.number)
    return citizen.submits("phone-submit", sms_code=citizen.phone.code())


def asks(citizen: Citizen) -> Citizen:
    """The change that waits."""
    citizen.visits(forms.link(citizen.text, "change-later"))
    return gives(citizen)


def test_the_old_number_at_hand_changes_it_at_once(app: flask.Flask, owner: Citizen) -> None:
    account_id = id_of(app, owner)
    owner.visits("/account/phone")
    old, owner.phone = owner.phone, type(owner.phone)(app, owner.phone.inbox, NEW_NUMBER)
    gives(owner)
    assert number_of(app, account_id) == f"+86{NEW_NUMBER}"
    assert any("号码已更换" in text and "/n/" in text for text in old.texts())


def test_the_password_alone_changes_it_after_a_wait(
    app: flask.Flask, owner: Citizen, lost: Citizen
) -> None:
    account_id = id_of(app, owner)
    asks(lost)
    assert number_of(app, account_id) == f"+86{OLD}"
    assert "phone-finish" not in lost.text
    assert any("申请更换手机号码" in text and "/n/" in text for text in owner.phone.texts())
    lost.posts("/account/phone/finish")
    assert number_of(app, account_id) == f"+86{OLD}", "not before its time"
    elapse(app)
    lost.visits("/account/phone").submits("phone-finish")
    assert lost.at == "/account/"
    assert number_of(app, account_id) == f"+86{NEW_NUMBER}"
    assert any("号码已更换" in text for text in owner.phone.texts())


def test_the_password_and_the_old_number_s_code_change_it_at_once(
    app: flask.Flask, owner: Citizen, lost: Citizen
) -> None:
    account_id = id_of(app, owner)
    lost.submits("prove-more")
    assert lost.at == "/login/"
    lost.submits("send-code")
    lost.submits("login-submit", sms_code=owner.phone.code())
    assert lost.at == "/account/phone"
    gives(lost)
    assert number_of(app, account_id) == f"+86{NEW_NUMBER}"


def test_the_password_and_a_face_change_it_at_once(
    app: flask.Flask, owner: Citizen, citizens: Citizens, shows: Callable[..., Citizen]
) -> None:
    account_id = named(app, id_of(app, owner), 2)
    lost = citizens(NEW_NUMBER).signs_in_by_password("wang_xm", GOOD)
    lost.visits("/account/phone")
    shows(lost.visits(forms.link(lost.text, "prove-face")))
    assert lost.at == "/account/phone"
    gives(lost)
    assert number_of(app, account_id) == f"+86{NEW_NUMBER}"


def test_another_person_s_face_spares_no_waiting(
    app: flask.Flask, owner: Citizen, citizens: Citizens, shows: Callable[..., Citizen]
) -> None:
    named(app, id_of(app, owner), 2)
    thief = citizens(NEW_NUMBER).signs_in_by_password("wang_xm", GOOD)
    thief.visits("/account/phone")
    shows(thief.visits(forms.link(thief.text, "prove-face")), "李红")
    assert "HT-3504" in thief.text
    asks(thief.visits("/account/phone"))
    assert number_of(app, id_of(app, owner)) == f"+86{OLD}"


def test_a_code_entered_without_the_choice_waits_as_well(
    app: flask.Flask, owner: Citizen, lost: Citizen
) -> None:
    """Nobody gets round it by posting the form of the page that comes after."""
    query = lost.page.request.query_string.decode()
    lost.posts(f"/account/phone/send?{query}", phone=NEW_NUMBER)
    lost.posts(f"/account/phone?{query}", sms_code=lost.phone.code())
    assert number_of(app, id_of(app, owner)) == f"+86{OLD}"
    assert state_of(app, id_of(app, owner)) == ["pending"]


def test_the_old_number_says_no_by_its_link(
    app: flask.Flask, owner: Citizen, lost: Citizen
) -> None:
    account_id = id_of(app, owner)
    asks(lost)
    freezes(owner, "申请更换")
    assert state_of(app, account_id) == ["cancelled"]
    elapse(app)
    assert not signed_in(lost.visits("/account/"))
    assert number_of(app, account_id) == f"+86{OLD}"


def test_who_signs_in_says_no(app: flask.Flask, owner: Citizen, lost: Citizen) -> None:
    asks(lost)
    phone = Citizen(app, owner.phone).signs_in_by_code()
    assert phone.at == "/login/recovery"
    phone.submits("stop-recovery")
    assert state_of(app, id_of(app, owner)) == ["cancelled"]


def test_who_asked_may_think_better_of_it(app: flask.Flask, owner: Citizen, lost: Citizen) -> None:
    asks(lost).submits("phone-cancel")
    assert state_of(app, id_of(app, owner)) == ["cancelled"]
    elapse(app)
    lost.posts("/account/phone/finish")
    assert number_of(app, id_of(app, owner)) == f"+86{OLD}"


def test_it_changes_once(app: flask.Flask, owner: Citizen, lost: Citizen) -> None:
    asks(lost)
    elapse(app)
    page = lost.visits("/account/phone").page
    lost.submits("phone-finish")
    lost.page = page
    lost.submits("phone-finish")
    assert lost.status == 200
    assert state_of(app, id_of(app, lost)) == ["done"]


def test_a_number_that_went_to_another_account_meanwhile_is_refused(
    app: flask.Flask, owner: Citizen, lost: Citizen, citizens: Citizens
) -> None:
    asks(lost)
    citizens(NEW_NUMBER).signs_up()
    elapse(app)
    assert "HT-4006" in lost.visits("/account/phone").submits("phone-finish").text
    assert number_of(app, id_of(app, owner)) == f"+86{OLD}"


def test_a_face_takes_the_place_of_a_change_by_password(
    app: flask.Flask, owner: Citizen, lost: Citizen, begins: Callable[..., Citizen]
) -> None:
    account_id = named(app, id_of(app, owner), 2)
    asks(lost)
    begins(THIRD)
    assert state_of(app, account_id) == ["cancelled", "pending"]
    lost.visits("/account/phone")
    assert "recovering" in lost.text
    lost.posts("/account/phone/cancel")
    assert state_of(app, account_id) == ["cancelled", "pending"]


def test_a_change_by_password_takes_the_place_of_nothing(
    app: flask.Flask, owner: Citizen, lost: Citizen, begins: Callable[..., Citizen]
) -> None:
    account_id = named(app, id_of(app, owner), 2)
    begins(THIRD)
    lost.visits("/account/phone")
    assert "send-code" not in lost.text
    assert state_of(app, account_id) == ["pending"]


def test_the_reference_of_the_pages_without_a_session_never_ends_a_change(
    app: flask.Flask, owner: Citizen, lost: Citizen, citizens: Citizens
) -> None:
    asks(lost)
    elapse(app)
    query = lost.page.request.query_string.decode()
    lost.posts(f"/recover/pending/password?{query}", new_password=GOOD)
    assert number_of(app, id_of(app, owner)) == f"+86{OLD}"
