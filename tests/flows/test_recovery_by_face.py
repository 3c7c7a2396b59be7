"""A number in doubt: a living face keeps the account for its person, and for nobody else."""

from collections.abc import Callable
from urllib.parse import urlsplit

import flask
import pytest
from werkzeug.test import Client

from idp import sessions
from idp.store import accounts
from idp.store.engines import db
from idp.store.types import now
from tests import forms
from tests.actors import Citizen
from tests.flows.test_sign_in import GOOD, age_number, signed_in
from tests.oidc.actors import NAME, NUMBER, Person, proven

Citizens = Callable[..., Citizen]
OTHERS = "110000199203050056"
CHILDS = "110000202001010018"


@pytest.fixture
def changes(sandbox: tuple[str, object]) -> dict[str, object]:
    return with_faces(sandbox[0])


def with_faces(url: str) -> dict[str, object]:
    tencent = {
        "endpoint": f"{url}/tencent-faceid/",
        "secret_id": "sandbox-id",
        "secret_key": "sandbox-key",
    }
    realname = {"verifiers": ("tencent_face",), "tencent": tencent, "tencent_rule": "1"}
    return {
        "realname": {**realname, "document_day": 50},
        "outbound": {"timeout": 5, "breaker_failures": 1000},
    }


@pytest.fixture
def shows(app: flask.Flask, sandbox: tuple[str, object]) -> Callable[..., Citizen]:
    """``shows(citizen)``: states who they are and shows a face, at the page that asks for it."""
    vendor = Client(sandbox[2])

    def shown(
        citizen: Citizen, name: str = NAME, number: str = NUMBER, outcome: str = "passed"
    ) -> Citizen:
        given = {"id_type": "resident_id", "real_name": name, "id_number": number, "agree": "yes"}
        citizen.submits("face-submit", **given)
        url = urlsplit(forms.link(citizen.text, "continue"))
        back = urlsplit(vendor.post(url.path, data={"outcome": outcome}).location)
        return citizen.visits(f"{back.path}?{back.query}")

    return shown


def named(app: flask.Flask, account_id: str, ial: int = 2) -> str:
    method = "face" if ial > 2 else "register"
    proven(Person(app, account_id, ""), method=method, ial=ial)
    return account_id


@pytest.fixture
def account_id(app: flask.Flask, citizens: Citizens) -> str:
    """Of who has proved a name, and has not been here for long."""
    return named(app, age_number(app, citizens("13800000001").signs_up()))


@pytest.fixture
def doubted(account_id: str, citizens: Citizens) -> Citizen:
    """Somebody with its number now, at the page that says the code is not enough."""
    holder = citizens("13800000001").signs_in_by_code()
    assert holder.at == "/login/number"
    return holder


def at_face(citizen: Citizen) -> Citizen:
    return citizen.visits(forms.link(citizen.text, "prove-face"))


def test_the_person_s_face_keeps_the_account_and_proves_the_number_again(
    app: flask.Flask, account_id: str, doubted: Citizen, shows: Callable[..., Citizen]
) -> None:
    shows(at_face(doubted))
    assert signed_in(doubted)
    with app.app_context():
        account = accounts.by_phone("+8613800000001")
        assert account is not None
        assert account.id == account_id
        assert account.phone_proven_at is not None
        assert (now() - account.phone_proven_at).total_seconds() < 60
        assert account.ial == 2, "a face shown to get in is no evidence for the name"
        amrs = [{*session.amr} for session in sessions.list_of(account_id)]
        assert {"sms", "face"} in amrs


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"name": "李红", "number": OTHERS}, "HT-3504"),
        ({"name": "李红"}, "HT-3504"),
        ({"outcome": "failed"}, "HT-4126"),
        ({"outcome": "other"}, "HT-4126"),
        ({"outcome": "left"}, "HT-4126"),
    ],
)
def test_no_other_face_opens_the_account(
    app: flask.Flask,
    account_id: str,
    doubted: Citizen,
    shows: Callable[..., Citizen],
    stated: dict[str, str],
    code: str,
) -> None:
    here = at_face(doubted).page.request.full_path
    shows(doubted, **stated)
    assert code in doubted.text
    assert doubted.at == "/recover/face/back"
    doubted.visits(here.replace("/recover/face", "/login/number/face"))
    assert doubted.status == 409
    doubted.visits("/account/")
    assert not signed_in(doubted)


def test_what_was_stated_is_still_there_when_the_face_was_refused(
    doubted: Citizen, shows: Callable[..., Citizen]
) -> None:
    shows(at_face(doubted), outcome="failed")
    form = forms.with_button(doubted.text, "face-submit")
    assert (form.fields["real_name"], form.fields["id_number"]) == (NAME, NUMBER)
    assert signed_in(shows(doubted))


def test_without_a_name_to_compare_no_face_is_offered(app: flask.Flask, citizens: Citizens) -> None:
    age_number(app, citizens("13800000005").signs_up(username="wang_xm", password=GOOD))
    holder = citizens("13800000005").signs_in_by_code()
    assert holder.at == "/login/number"
    assert "prove-face" not in holder.text


def test_a_face_shown_elsewhere_and_sent_on_opens_nothing(
    doubted: Citizen, sandbox: tuple[str, object], citizens: Citizens
) -> None:
    at_face(doubted)
    given = {"id_type": "resident_id", "real_name": NAME, "id_number": NUMBER, "agree": "yes"}
    doubted.submits("face-submit", **given)
    url = urlsplit(forms.link(doubted.text, "continue"))
    back = urlsplit(Client(sandbox[2]).post(url.path, data={"outcome": "passed"}).location)
    without = "&".join(pair for pair in back.query.split("&") if not pair.startswith("b="))
    assert "HT-4109" in doubted.visits(f"{back.path}?{without}").text
    thief = citizens("13800000077").visits(f"{back.path}?{back.query}")
    assert thief.status == 403
    thief.visits("/account/")
    assert not signed_in(thief)


def test_a_child_s_face_is_looked_at_by_nobody(doubted: Citizen) -> None:
    at_face(doubted)
    given = {"id_type": "resident_id", "real_name": NAME, "id_number": CHILDS, "agree": "yes"}
    doubted.submits("face-submit", **given)
    assert "HT-3508" in doubted.text


def test_nobody_is_sent_to_the_camera_without_agreeing(doubted: Citizen) -> None:
    given = {"id_type": "resident_id", "real_name": NAME, "id_number": NUMBER}
    at_face(doubted).submits("face-submit", **given)
    assert "HT-4128" in doubted.text


def test_a_document_is_compared_so_often_a_day(
    app: flask.Flask, doubted: Citizen, shows: Callable[..., Citizen]
) -> None:
    at_face(doubted)
    for _ in range(10):
        shows(doubted, outcome="failed")
    given = {"id_type": "resident_id", "real_name": NAME, "id_number": NUMBER, "agree": "yes"}
    doubted.submits("face-submit", **given)
    assert "HT-4124" in doubted.text


def test_a_face_of_the_account_that_lost_its_number_meanwhile_opens_nothing(
    app: flask.Flask, account_id: str, doubted: Citizen, shows: Callable[..., Citizen]
) -> None:
    at_face(doubted)
    with app.app_context():
        account = accounts.by_id(account_id)
        assert account is not None
        account.phone = account.phone_index = None
        db.session.commit()
    shows(doubted)
    assert not signed_in(doubted)
