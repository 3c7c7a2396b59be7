"""Risky sign-ins: asked for more, told of, or stopped, as the table of rules says."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import flask
import orjson
import pytest
import time_machine
from sqlalchemy import select, update

from idp import settings
from idp.audit import log as audit
from idp.places.importing import import_file
from idp.store.accounts import Account, SignIn
from idp.store.audit import AuditEvent
from idp.store.engines import db
from idp.store.outbox import OutboxMessage
from tests.actors import Citizen
from tests.oidc.actors import STATUTE, registered

GOOD = "琴台 Lantern 7392"
REGIONS = """\
203.0.113.0/24,广东 深圳
198.51.100.0/24,四川 成都
192.0.2.0/24,广东 广州
"""
HOME, AWAY, NEAR, UNKNOWN = "203.0.113.7", "198.51.100.7", "192.0.2.7", "233.252.0.7"
DIFFERENT = "与您平时的情况不同"
Citizens = Callable[..., Citizen]


@pytest.fixture
def regions(configured: settings.Settings, tmp_path: Path) -> Iterator[Path]:
    source = tmp_path / "regions.csv"
    source.write_text(REGIONS, "utf-8")
    import_file(source, configured.regions_file)
    yield configured.regions_file
    configured.regions_file.unlink()


@pytest.fixture
def wang(app: flask.Flask, regions: Path, citizens: Citizens) -> Citizen:
    """At home in Guangdong since two days, with a password that counts beside the phone."""
    return settled(app, citizens(address=HOME).signs_up(username="wang_xm", password=GOOD))


@pytest.fixture
def zhang(app: flask.Flask, regions: Path, citizens: Citizens) -> Citizen:
    """The same with a phone alone."""
    return settled(app, citizens(address=HOME).signs_up())


def settled(app: flask.Flask, citizen: Citizen) -> Citizen:
    with app.app_context():
        for account in db.session.scalars(select(Account)):
            account.password_settles_at = None
        before = datetime.now(UTC) - timedelta(days=2)
        db.session.execute(update(SignIn).values(at=before))
        db.session.commit()
    return citizen


def told(app: flask.Flask) -> list[str]:
    with app.app_context():
        rows = db.session.scalars(select(OutboxMessage).filter_by(kind="notice"))
        return [row.payload["template"] for row in rows]


def found(app: flask.Flask) -> list[tuple[str, list[str]]]:
    """What the audit says of risk: the action wanted, and why."""
    with app.app_context():
        audit.copy_streams()
        rows = db.session.scalars(select(AuditEvent).filter_by(action="risk.found"))
        said = [orjson.loads(row.details) for row in rows]
    return [(each["wanted"], each["rules"]) for each in said]


def is_in(citizen: Citizen) -> bool:
    return citizen.visits("/account/").at == "/account/"


class TestSecondFactor:
    def test_is_asked_of_who_has_one_in_a_new_browser_far_away(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        away = citizens(wang.number, address=AWAY).signs_in_by_password("wang_xm", GOOD)

        assert (away.at, away.status) == ("/login/", 200)
        assert DIFFERENT in away.text
        assert found(app) == [("second_factor", ["new_place", "new_place_and_browser"])]
        page = away.page
        assert not is_in(away), "one factor opens nothing"
        away.page = page
        away.submits("send-code").submits("login-submit", sms_code=away.phone.code())

        assert (away.at, away.status) == ("/account/", 200)
        assert len(found(app)) == 1, "judged once on its way"
        assert told(app) == [], "the code has told the phone"

    def test_is_asked_again_of_who_starts_over(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        away = citizens("13822220000", address=AWAY)
        for _ in range(2):
            away.signs_in_by_password("wang_xm", GOOD)
            assert DIFFERENT in away.text
        assert not is_in(away)

    def test_is_that_of_the_same_person(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        citizens(address=HOME).signs_up(username="li_na", password="Quiet-Harbour 5518 松")
        thief = citizens(wang.number, address=AWAY).signs_in_by_code()
        assert DIFFERENT in thief.text

        thief.submits("login-submit", username="li_na", password="Quiet-Harbour 5518 松")

        assert not is_in(thief)

    def test_is_asked_of_two_sign_ins_too_far_apart_for_any_journey(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        with app.app_context():
            db.session.execute(update(SignIn).values(at=datetime.now(UTC)))
            db.session.commit()

        away = citizens(wang.number, address=AWAY).signs_in_by_password("wang_xm", GOOD)

        assert DIFFERENT in away.text
        assert found(app)[0][1] == ["new_place", "new_place_and_browser", "fast_journey"]

    def test_is_not_asked_of_who_has_none_but_the_phone_hears_of_it_once(
        self, app: flask.Flask, zhang: Citizen, citizens: Citizens
    ) -> None:
        away = citizens(zhang.number, address=AWAY).signs_in_by_code()

        assert (away.at, away.status) == ("/account/", 200)
        assert told(app) == ["risky_sign_in"]
        assert any("不常用的地点" in text for text in away.phone.texts())

    @pytest.mark.parametrize("days", [7, 8])
    def test_follows_a_number_changed_within_a_week(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens, days: int
    ) -> None:
        with app.app_context():
            at = datetime.now(UTC) - timedelta(days=days, minutes=1)
            db.session.execute(update(Account).values(number_since=at))
            db.session.commit()

        other = citizens(wang.number, address=HOME).signs_in_by_code()

        assert (DIFFERENT in other.text) is (days == 7)

    @pytest.mark.parametrize("days", [179, 180])
    def test_follows_half_a_year_of_silence(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens, days: int
    ) -> None:
        with app.app_context():
            at = datetime.now(UTC) - timedelta(days=days, minutes=1)
            db.session.execute(update(SignIn).values(at=at))
            db.session.commit()

        other = citizens("13822220000", address=HOME).signs_in_by_password("wang_xm", GOOD)

        assert (DIFFERENT in other.text) is (days == 180)

    @pytest.mark.parametrize("both", [4, 5])
    def test_follows_less_than_the_last_five_sign_ins_proved(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens, both: int
    ) -> None:
        with app.app_context():
            (first,) = db.session.scalars(select(SignIn))
            for _ in range(both):
                again = SignIn(account_id=first.account_id, methods=["pwd", "sms"])
                db.session.add(again)
            db.session.commit()

        other = citizens(wang.number, address=HOME).signs_in_by_code()

        assert (DIFFERENT in other.text) is (both == 5)


class TestAfterGuessing:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {"login": {"captcha_after": 100}}

    @pytest.mark.parametrize("wrong", [4, 5])
    def test_a_second_factor_follows_wrong_passwords_from_the_same_place(
        self, wang: Citizen, citizens: Citizens, wrong: int
    ) -> None:
        for number in range(wrong):
            citizens(f"1371111{number:04}", address=HOME).tries_password("wang_xm", "wrong one 1")

        other = citizens(wang.number, address=HOME).signs_in_by_code()

        assert (DIFFERENT in other.text) is (wrong == 5)

    @pytest.mark.parametrize("wrong", [29, 30])
    def test_a_second_factor_follows_many_from_anywhere(
        self, wang: Citizen, citizens: Citizens, wrong: int
    ) -> None:
        for number in range(wrong):
            stranger = citizens(f"1371111{number:04}", address=f"233.252.{number}.9")
            stranger.tries_password("wang_xm", "wrong one 1")

        other = citizens(wang.number, address=HOME).signs_in_by_code()

        assert (DIFFERENT in other.text) is (wrong == 30)


class TestNotice:
    def test_comes_of_a_new_place_once_though_the_browser_is_known(
        self, app: flask.Flask, zhang: Citizen
    ) -> None:
        zhang.address = AWAY
        for _ in range(2):
            zhang.visits("/oauth/logout").submits("logout-yes")
            zhang.signs_in_by_code()
            assert (zhang.at, zhang.status) == ("/account/", 200)

        assert told(app) == ["risky_sign_in"]
        assert found(app) == [("notify", ["new_place"])]

    def test_is_one_where_the_browser_is_new_as_well(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        """``new_sign_in`` is for who is new and at home."""
        citizens("13822220000", address=HOME).signs_in_by_password("wang_xm", GOOD)
        assert told(app) == ["new_sign_in"]
        assert found(app) == []

    def test_comes_where_new_agreements_are_accepted_on_the_way(
        self, app: flask.Flask, zhang: Citizen
    ) -> None:
        with app.app_context():
            db.session.execute(db.text("DELETE FROM agreement_acceptance"))
            db.session.commit()
        zhang.address = AWAY
        zhang.visits("/oauth/logout").submits("logout-yes")
        zhang.signs_in_by_code()
        assert zhang.at == "/login/agreement"
        assert told(app) == []

        zhang.submits("agreement-submit", agree="yes")

        assert told(app) == ["risky_sign_in"]


@pytest.mark.parametrize("address", [HOME, NEAR, UNKNOWN, "10.3.4.5"])
def test_the_same_province_and_an_unknown_place_are_no_signal(
    app: flask.Flask, wang: Citizen, citizens: Citizens, address: str
) -> None:
    other = citizens(wang.number, address=address).signs_in_by_code()

    assert (other.at, found(app), told(app)) == ("/account/", [], [])


def test_without_a_table_no_place_is_unusual(app: flask.Flask, citizens: Citizens) -> None:
    wang = settled(app, citizens(address=HOME).signs_up(username="wang_xm", password=GOOD))
    other = citizens(wang.number, address=AWAY).signs_in_by_code()

    assert (other.at, found(app), told(app)) == ("/account/", [], [])
    assert "地点未知" not in other.visits("/account/history").text


def test_a_place_long_unvisited_is_new_again(
    app: flask.Flask, zhang: Citizen, citizens: Citizens
) -> None:
    """None of the sign-ins within ``risk.history``; where there were none at all, nothing is."""
    with app.app_context():
        (first,) = db.session.scalars(select(SignIn))
        first.at = datetime.now(UTC) - timedelta(days=91)
        there = SignIn(account_id=first.account_id, region="四川 成都", methods=["sms"])
        there.at = datetime.now(UTC) - timedelta(days=89)
        db.session.add(there)
        db.session.commit()
    zhang.visits("/oauth/logout").submits("logout-yes")

    zhang.signs_in_by_code()

    assert found(app) == [("notify", ["new_place"])]


def test_the_person_sees_where_their_sign_ins_came_from(
    app: flask.Flask, zhang: Citizen, citizens: Citizens
) -> None:
    away = citizens(zhang.number, address=AWAY).signs_in_by_code()
    citizens(zhang.number, address=UNKNOWN).signs_in_by_code()
    citizens(zhang.number, address="10.3.4.5").signs_in_by_code()
    found(app)

    history, devices = away.visits("/account/history").text, away.visits("/account/sessions").text

    for place in ("广东 深圳", "四川 成都", "地点未知", "内网"):
        assert place in history
        assert place in devices
    assert "发现不寻常的登录" in history


class TestStop:
    @pytest.fixture
    def changes(self, tmp_path: Path) -> dict[str, object]:
        table = tmp_path / "risk.toml"
        table.write_text(
            "[[rules]]\nname = 'too_many'\nwhen = { browser_accounts = 3 }\naction = 'stop'\n"
        )
        return {"risk": {"rules": str(table)}}

    def test_comes_at_the_threshold_and_says_what_to_do(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        people = [citizens().signs_up() for _ in range(3)]
        shared = citizens("13822220000")
        for person in people:
            shared.visits("/oauth/logout")
            if "logout-yes" in shared.text:
                shared.submits("logout-yes")
            shared.phone.number = person.number
            shared.signs_in_by_code()
            if person is not people[-1]:
                assert (shared.at, shared.status) == ("/account/", 200)

        assert (shared.at, shared.status) == ("/login/held", 403)
        assert "HT-2051" in shared.text
        assert "60 分钟后再试" in shared.text
        assert "/recover/" in shared.text
        assert found(app) == [("stop", ["too_many"])]
        assert not is_in(shared)
        assert is_in(people[-1]), "who has a session keeps it"
        elsewhere = citizens(people[-1].number).signs_in_by_code()
        assert elsewhere.at == "/account/", "another browser is another browser"

        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
            assert shared.visits("/login/held").status in {400, 410}


class TestHalls:
    @pytest.fixture
    def changes(self, tmp_path: Path) -> dict[str, object]:
        table = tmp_path / "risk.toml"
        table.write_text(
            "[[rules]]\nname = 'many'\nwhen = { range_accounts = 2 }\naction = 'captcha'\n"
        )
        return {"risk": {"rules": str(table)}}

    def test_a_check_is_asked_for_once_many_accounts_came_from_one_place(
        self, app: flask.Flask, citizens: Citizens
    ) -> None:
        people = [citizens().signs_up() for _ in range(3)]
        asks = citizens("13822220000")
        for person in people[:2]:
            asks.visits("/login/?m=sms")
            assert "data-challenge" not in asks.text, "signing up is no sign-in"
            citizens(person.number).signs_in_by_code()

        for tab in ("sms", "password"):
            asks.visits("/login/").visits(asks.at_url(f"m={tab}"))
            assert "data-challenge" in asks.text
        asks.submits("login-submit", username="nobody", password=GOOD)

        assert "HT-9031" in asks.text
        assert found(app) == [("captcha", ["many"])]

    @pytest.mark.parametrize("address", ["10.3.4.5", "127.0.0.1"])
    def test_nobody_is_counted_on_an_inner_network(
        self, app: flask.Flask, citizens: Citizens, address: str
    ) -> None:
        for _ in range(3):
            person = citizens(address=address).signs_up()
            person.visits("/oauth/logout").submits("logout-yes")
            person.signs_in_by_code()

        assert "data-challenge" not in citizens(address=address).visits("/login/?m=sms").text


class TestADeviceThatIsKnown:
    """It spares what risk asks for, and nothing else."""

    def test_spares_no_second_factor_the_person_wants(
        self, app: flask.Flask, wang: Citizen
    ) -> None:
        with app.app_context():
            db.session.execute(update(Account).values(two_factor=True))
            db.session.commit()
        wang.visits("/oauth/logout").submits("logout-yes")

        wang.signs_in_by_code()

        assert "两种验证方式" in wang.text
        assert not is_in(wang)

    def test_spares_no_level_a_portal_asks_for(self, app: flask.Flask, wang: Citizen) -> None:
        portal = registered(app, "gjj", legal_basis="statutory", statute=STATUTE)
        wang.visits("/oauth/logout").submits("logout-yes")
        wang.signs_in_by_code()
        assert wang.at == "/account/"

        wang.visits(portal.url(acr_values="ial1.aal2"))

        assert wang.at == "/login/"
        assert "更高的验证级别" in wang.text
