"""A legal representative binds a company on a page: every way, and every end it may come to."""

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from sqlalchemy import select
from werkzeug.test import Client

from idp import mandates, settings
from idp.mandates import representing
from idp.organisations import errors, licence, transfer
from idp.organisations.service import Organisations
from idp.organisations.transfer import LASTS
from idp.organisations.verifiers import VERIFIERS
from idp.outbound import Outbound
from idp.staff import Act
from idp.store import accounts, transfers
from idp.store import identities as identity_store
from idp.store import organisations as store
from idp.store.audit import AuditEvent
from idp.store.engines import db
from sandbox.registry import companies
from tests.engines import pairs
from tests.oidc.actors import Person
from tests.organisations.acting import account_of, arrives, for_organisations
from tests.organisations.conftest import tables
from tests.registers import PATIENCE

CODE = "91110000MA00000077"
HUTONG = companies.KNOWN[CODE]
CONTRADICTED = "91110000MA00000078"
"""Its check character does not fit."""
BANK = {"bank_account": "110900000010001", "bank_code": "308100005019"}
ENDS = {
    "查无此企业": errors.NoRecord,
    "信息不符企业": errors.Mismatch,
    "非法名称企业": errors.Impossible,
    "次数超限企业": errors.CheckedTooOften,
    "库在维护企业": errors.VerifierAway,
    "服务断开企业": errors.VerifierAway,
    "应答缓慢企业": errors.VerifierAway,
}
"""Of the register and the licence, by the magic names."""


@pytest.fixture
def offered() -> tuple[str, ...]:
    return tuple(VERIFIERS)


@pytest.fixture
def configured(
    engines: pairs.Engines, registers: flask.Flask, offered: tuple[str, ...]
) -> settings.Settings:
    found = tables(registers.extensions["url"], verifiers=offered)
    outbound = {"timeout": PATIENCE, "breaker_failures": 1000}
    return settings.load(
        environment="testing",
        **{**engines.settings, "organisations": found, "outbound": outbound},
    )


@pytest.fixture
def wang(boss: Person) -> Person:
    """The legal representative of 胡同商贸, signed in."""
    return boss.opens("/account/").signs_in()


def at_form(person: Person, method: str) -> Person:
    return person.opens("/organisations/bind").follows(f"way-{method}")


def states(person: Person, method: str = "register", **changed: str) -> Person:
    """Fill in the form of a way, and send it."""
    if "bind-submit" not in person.page.text:
        at_form(person, method)
    given = {"uscc": CODE, "organisation": HUTONG.name, "agree": "yes", **changed}
    bank = BANK if method == "transfer" else {}
    return person.presses("bind-submit", **{**bank, **given})


def bound(app: flask.Flask, code: str = CODE) -> store.Organisation | None:
    with app.app_context():
        return store.by_code(code)


def scans(registers: flask.Flask, person: Person, outcome: str, **chosen: str) -> Person:
    """Show a licence from the phone, and look at the page again."""
    at_form(person, "licence").presses("licence-show")
    given = {"licence": HUTONG.name, "role": "1", "outcome": outcome, **chosen}
    path = urlsplit(picture(person)).path
    phone = Client(registers)
    phone.get(path)
    phone.post(path, data=given)
    return person.opens(person.page.request.full_path)


def picture(person: Person) -> str:
    """What the phone scans."""
    return person.page.text.split('id="licence-open"')[0].rsplit('href="', 1)[1].split('"')[0]


def heard(person: Person) -> dict[str, Any]:
    """What the script of the page with the picture is told."""
    url = person.page.text.split('data-scan-url="')[1].split('"')[0]
    return person.browser.get(html.unescape(url)).json


def amount_of(registers: flask.Flask) -> str:
    """What the newest transfer is worth, as the account holder reads it."""
    return str(registers.extensions["transfers"].all()[0].amount)


def another_than(amount: str) -> str:
    return "0.01" if amount != "0.01" else "0.02"


class TestWhoMay:
    def test_a_living_face_is_needed_and_asked_for(self, agent: Person) -> None:
        agent.opens("/account/").signs_in().opens("/organisations/bind")
        assert agent.page.request.path.startswith("/realname/")

    def test_who_is_not_signed_in_signs_in_and_arrives(self, boss: Person) -> None:
        boss.opens("/organisations/bind").signs_in()
        assert boss.page.request.path == "/organisations/bind"

    def test_a_face_without_a_name_cannot_be_compared(self, app: flask.Flask, wang: Person) -> None:
        with app.app_context():
            identity = identity_store.of(wang.account_id)
            assert identity is not None
            identity.real_name = ""
            db.session.commit()
        assert errors.NameUnknown.code in states(wang).page.text

    def test_a_form_sent_for_somebody_else_s_way_binds_nothing(
        self, app: flask.Flask, wang: Person, named: Callable[..., Person]
    ) -> None:
        at_form(wang, "register")
        url = wang.page.request.full_path
        other = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        other.opens("/account/").signs_in().opens(url)
        assert "bind-submit" not in other.page.text

    @pytest.mark.parametrize("offered", [()])
    def test_nothing_is_offered_where_no_verifier_is(self, wang: Person) -> None:
        assert "to-bind" not in wang.opens("/organisations/").page.text
        assert "way-" not in wang.opens("/organisations/bind").page.text


class TestTheRegister:
    def test_a_match_binds_at_once(self, app: flask.Flask, wang: Person) -> None:
        states(wang)
        assert wang.page.request.path == "/organisations/"
        assert HUTONG.name in wang.page.text and "法定代表人" in wang.page.text
        found = bound(app)
        assert found is not None and (found.method, bool(found.reference)) == ("register", True)

    @pytest.mark.parametrize("name", ENDS)
    def test_every_other_outcome_has_its_words_and_loses_nothing(
        self, app: flask.Flask, wang: Person, name: str
    ) -> None:
        states(wang, organisation=name)
        assert ENDS[name].code in wang.page.text
        assert wang.page.status_code == ENDS[name].status
        assert f'value="{name}"' in wang.page.text and f'value="{CODE}"' in wang.page.text
        assert bound(app) is None
        with app.app_context():
            (event,) = db.session.scalars(
                select(AuditEvent).filter_by(action="organisation.refused")
            )
        assert name not in event.details

    def test_somebody_else_s_company_does_not_match(self, app: flask.Flask, wang: Person) -> None:
        states(wang, uscc="92440100MA00TE5T20", organisation="甲省槐树门口早点铺")
        assert errors.Mismatch.code in wang.page.text

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"uscc": "123"}, "HT-4201"),
            ({"organisation": " "}, "HT-4224"),
            ({"organisation": "甲" * 129}, "HT-4224"),
            ({"agree": ""}, "HT-4230"),
        ],
    )
    def test_what_is_wrong_is_said_before_anybody_is_asked(
        self, wang: Person, changed: dict[str, str], code: str
    ) -> None:
        assert code in states(wang, **changed).page.text

    def test_a_check_character_that_does_not_fit_is_a_warning(
        self, app: flask.Flask, wang: Person
    ) -> None:
        states(wang, uscc=CONTRADICTED, organisation="乙有限公司")
        assert errors.CreditCodeUnusual.code in wang.page.text
        assert bound(app, CONTRADICTED) is None
        wang.presses("bind-submit", agree="yes")
        assert bound(app, CONTRADICTED) is not None

    def test_the_warning_is_about_the_code_it_was_said_of(self, wang: Person) -> None:
        states(wang, uscc=CONTRADICTED, organisation="乙有限公司")
        wang.presses("bind-submit", agree="yes", uscc="91110000MA00000079")
        assert errors.CreditCodeUnusual.code in wang.page.text

    def test_an_account_has_so_many_tries_a_day(self, wang: Person) -> None:
        for _ in range(5):
            states(wang, organisation="信息不符企业")
            assert errors.Mismatch.code in wang.page.text
        states(wang)
        assert errors.CheckedTooOften.code in wang.page.text

    def test_a_company_has_so_many_tries_a_day_whoever_asks(
        self, wang: Person, named: Callable[..., Person]
    ) -> None:
        for n in range(5):
            other = named(f"someone{n}", f"+861380000010{n}", "赵雪", f"33000019950615{n:03}X")
            states(other.opens("/account/").signs_in(), organisation="信息不符企业")
        assert errors.CheckedTooOften.code in states(wang).page.text

    def test_a_register_that_is_down_costs_no_try(self, wang: Person) -> None:
        for _ in range(6):
            states(wang, organisation="库在维护企业")
            assert errors.VerifierAway.code in wang.page.text

    def test_the_company_of_another_is_not_taken(
        self, app: flask.Flask, wang: Person, named: Callable[..., Person]
    ) -> None:
        states(wang)
        registers_name = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        with app.app_context(), pytest.raises(mandates.AnothersOrganisation):
            found = mandates.Found(CODE, HUTONG.name, "enterprise", "register", "r")
            mandates.represent(account_of(registers_name), found)

    def test_a_dissolved_one_is_bound_by_nobody(self, app: flask.Flask, wang: Person) -> None:
        states(wang)
        with app.app_context():
            mandates.dissolve(CODE, Act("A-17", "cancelled"))
        assert mandates.Dissolved.code in states(wang).page.text

    def test_two_tabs_that_bind_at_once_make_one_company_and_one_mandate(
        self, app: flask.Flask, wang: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other tab finishes after this one has asked the register, before it holds."""
        found = mandates.Found(CODE, HUTONG.name, "enterprise", "register", "r")
        hold, tabs = accounts.hold, iter([True])

        def slowly(*account_ids: str) -> Any:
            if next(tabs, False):
                with app.app_context():
                    mandates.represent(account_of(wang), found)
            return hold(*account_ids)

        monkeypatch.setattr(accounts, "hold", slowly)
        states(wang)
        assert wang.page.status_code == 200
        with app.app_context():
            assert len(mandates.in_force(wang.account_id)) == 1

    def test_of_two_people_who_bind_at_once_one_is_told(
        self,
        app: flask.Flask,
        wang: Person,
        named: Callable[..., Person],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The other one finishes after this one has looked, before it writes; on SQLite, where
        who writes writes alone, before it begins to.
        """
        zhao = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        found = mandates.Found(CODE, HUTONG.name, "enterprise", "hall", "A-17")
        others = iter([True])
        alone = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
        where, step = (representing, "hold_name") if alone else (store, "legal_representative")
        usual = getattr(where, step)

        def slowly(*given: Any) -> Any:
            seen = None if alone else usual(*given)
            if next(others, False):
                with app.app_context():
                    mandates.represent(account_of(zhao), found)
            return usual(*given) if alone else seen

        with app.app_context():
            store.add(CODE, HUTONG.name, "enterprise", "register", "r")
            db.session.commit()
        monkeypatch.setattr(where, step, slowly)
        assert mandates.AnothersOrganisation.code in states(wang).page.text
        with app.app_context():
            assert len(mandates.in_force(zhao.account_id)) == 1

    def test_on_the_way_to_a_portal_it_leads_on_there(
        self, app: flask.Flask, wang: Person, company: str
    ) -> None:
        """``company`` is another of the person's: so there is something to choose."""
        with app.app_context():
            mandates.rename(CODE, "甲有限公司", Act("A-17", "certificate"))
        etax = for_organisations(app)
        arrives(wang, etax).follows("to-bind").follows("way-register")
        states(wang, uscc=CONTRADICTED, organisation="乙有限公司")
        wang.presses("bind-submit", agree="yes")
        assert wang.page.request.path == "/organisations/choose"
        assert "乙有限公司" in wang.page.text
        wang.presses("as-1")
        assert "code" in wang.arrived


class TestTheLicence:
    def test_shown_by_the_legal_representative_it_binds(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        scans(registers, wang, "CONFIRMED")
        assert wang.page.request.path == "/organisations/"
        found = bound(app)
        assert found is not None and (found.name, found.method) == (HUTONG.name, "licence")

    def test_the_page_says_how_far_it_has_come_whenever_the_person_looks(
        self, registers: flask.Flask, wang: Person
    ) -> None:
        at_form(wang, "licence").presses("licence-show")
        assert "等待扫码" in wang.page.text
        Client(registers).get(urlsplit(picture(wang)).path)
        wang.follows("licence-look")
        assert "请在手机上确认" in wang.page.text

    def test_it_stays_as_it_is_meanwhile_and_its_script_hears_the_same(
        self, registers: flask.Flask, wang: Person
    ) -> None:
        """A page that loads anew every few seconds is read from its beginning each time."""
        at_form(wang, "licence").presses("licence-show")
        assert "Refresh" not in wang.page.headers
        path = urlsplit(picture(wang)).path
        assert heard(wang) == {"over": False, "message": "等待扫码。"}
        Client(registers).get(path)
        assert heard(wang) == {"over": False, "message": "已扫码，请在手机上确认出示。"}
        Client(registers).post(path, data={"outcome": "CANCELLED"})
        assert heard(wang) == heard(wang) == {"over": True}, "to look changes nothing"
        assert errors.ScanCancelled.code in wang.follows("licence-look").page.text

    @pytest.mark.parametrize(
        ("outcome", "error"),
        [("CANCELLED", errors.ScanCancelled), ("EXPIRED", errors.ScanExpired)],
    )
    def test_turning_back_leads_to_a_new_picture(
        self, registers: flask.Flask, wang: Person, outcome: str, error: Any
    ) -> None:
        scans(registers, wang, outcome)
        assert error.code in wang.page.text
        wang.presses("licence-show")
        assert "等待扫码" in wang.page.text

    def test_who_looks_without_end_has_the_licence_system_asked_no_more(
        self, wang: Person, tap: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at_form(wang, "licence").presses("licence-show")
        monkeypatch.setattr(licence, "LOOKS_HOUR", 3)
        asked: list[Any] = []
        tap.trouble = asked.append
        for _ in range(6):
            assert wang.follows("licence-look").page.status_code == 200
        assert len(asked) == 2  # one was looked for with the picture

    @pytest.mark.parametrize("role", ["2", "3"])
    def test_who_only_keeps_the_licence_does_not_bind(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, role: str
    ) -> None:
        scans(registers, wang, "CONFIRMED", role=role)
        assert errors.NotTheRepresentative.code in wang.page.text
        assert bound(app) is None

    def test_another_s_licence_does_not_bind(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        scans(registers, wang, "CONFIRMED", licence="甲省槐树门口早点铺")
        assert errors.LicenceOfAnother.code in wang.page.text
        assert bound(app, "92440100MA00TE5T20") is None

    @pytest.mark.parametrize(
        ("shown", "fits"),
        [
            ("110000194910010034", True),
            ("1100**********0034", True),
            ("1100**********0035", False),
            ("*" * 18, False),
            ("", False),
            ("1100", False),
        ],
    )
    def test_the_holder_s_number_must_fit_as_far_as_it_is_shown(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, shown: str, fits: bool
    ) -> None:
        known = registers.extensions["companies"]
        known.put(CODE, legal_person_number=shown)
        try:
            scans(registers, wang, "CONFIRMED")
        finally:
            known.put(CODE, legal_person_number=HUTONG.legal_person_number)
        assert (bound(app) is not None) is fits

    @pytest.mark.parametrize("name", ENDS)
    def test_what_the_licence_system_will_not_say_has_its_words(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, name: str
    ) -> None:
        scans(registers, wang, "CONFIRMED", licence=name)
        assert ENDS[name].code in wang.page.text
        assert bound(app) is None

    def test_a_system_that_is_down_gives_no_picture_and_says_so(
        self, wang: Person, tap: Any
    ) -> None:
        at_form(wang, "licence")
        tap.change = lambda _: b"{}"
        wang.presses("licence-show")
        assert errors.VerifierAway.code in wang.page.text

    def test_a_look_that_fails_loses_nothing(
        self, registers: flask.Flask, wang: Person, tap: Any
    ) -> None:
        at_form(wang, "licence").presses("licence-show")
        tap.change = lambda _: b"{}"
        assert heard(wang)["over"] is False
        wang.opens(wang.page.request.full_path)
        assert "等待扫码" in wang.page.text


class TestTheTransfer:
    def test_who_reads_the_amount_off_the_account_binds_it(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        states(wang, "transfer")
        wang.opens("/organisations/").follows("amount-1")
        wang.presses("amount-submit", amount=amount_of(registers))
        assert HUTONG.name in wang.page.text and bound(app) is not None
        assert "amount-1" not in wang.opens("/organisations/").page.text

    def test_a_wrong_amount_says_how_many_tries_are_left_and_the_last_ends_it(
        self, registers: flask.Flask, wang: Person, app: flask.Flask
    ) -> None:
        states(wang, "transfer")
        wrong = another_than(amount_of(registers))
        for left in ("2", "1"):
            wang.presses("amount-submit", amount=wrong)
            assert "HT-4239" in wang.page.text and f"{left} 次" in wang.page.text
        wang.presses("amount-submit", amount=wrong)
        assert errors.TransferFailed.code in wang.page.text
        assert bound(app) is None
        assert "amount-1" not in wang.opens("/organisations/").page.text

    @pytest.mark.parametrize("amount", ["", "abc", "0", "0.00", "1.00", "0.001", "-0.10", "1e-1"])
    def test_no_amount_costs_no_try(
        self, registers: flask.Flask, wang: Person, amount: str
    ) -> None:
        states(wang, "transfer").presses("amount-submit", amount=amount)
        assert errors.AmountMalformed.code in wang.page.text
        wang.presses("amount-submit", amount=another_than(amount_of(registers)))
        assert "2 次" in wang.page.text

    @pytest.mark.parametrize(
        ("name", "error"),
        [
            ("打款在途企业", errors.TransferUnderWay),
            ("打款过期企业", errors.TransferExpired),
        ],
    )
    def test_what_the_bank_does_has_its_words(self, wang: Person, name: str, error: Any) -> None:
        states(wang, "transfer", organisation=name)
        wang.presses("amount-submit", amount="0.10")
        assert error.code in wang.page.text

    @pytest.mark.parametrize("name", ENDS)
    def test_whom_the_register_does_not_name_pays_nobody(
        self, registers: flask.Flask, wang: Person, name: str
    ) -> None:
        before = len(registers.extensions["transfers"].all())
        states(wang, "transfer", organisation=name)
        assert ENDS[name].code in wang.page.text
        assert f'value="{BANK["bank_account"]}"' in wang.page.text
        assert len(registers.extensions["transfers"].all()) == before

    @pytest.mark.parametrize(
        ("field", "code"), [("bank_account", "HT-4236"), ("bank_code", "HT-4237")]
    )
    def test_an_account_that_is_none_is_said_at_its_field(
        self, wang: Person, field: str, code: str
    ) -> None:
        assert code in states(wang, "transfer", **{field: "12"}).page.text

    def test_it_is_nobody_else_s_to_read(self, wang: Person, named: Callable[..., Person]) -> None:
        url = states(wang, "transfer").page.request.path
        other = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        other.opens("/account/").signs_in().opens(url)
        assert other.page.status_code == 404

    def test_a_second_one_takes_the_place_of_the_first(
        self, app: flask.Flask, wang: Person
    ) -> None:
        states(wang, "transfer")
        states(wang, "transfer")
        with app.app_context():
            assert len(transfers.of(wang.account_id)) == 1

    def test_the_page_says_while_it_has_not_arrived(self, wang: Person) -> None:
        assert 'id="under-way"' in states(wang, "transfer", organisation="打款在途企业").page.text
        assert 'id="under-way"' not in states(wang, "transfer").page.text

    def test_who_looks_without_end_has_the_payer_asked_no_more(
        self, wang: Person, tap: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        states(wang, "transfer")
        monkeypatch.setattr(transfer, "LOOKS_HOUR", 3)
        asked: list[Any] = []
        tap.trouble = asked.append
        for _ in range(6):
            wang.opens(wang.page.request.path)
        assert wang.page.status_code == 200
        wang.presses("amount-submit", amount="0.50")
        assert errors.CheckedTooOften.code in wang.page.text
        assert len(asked) == 2  # the third was at once after the payment

    def test_it_may_be_given_up(self, wang: Person) -> None:
        states(wang, "transfer").presses("amount-forget")
        assert "amount-1" not in wang.page.text

    def test_a_confirmation_we_lost_binds_at_the_next_try(
        self, app: flask.Flask, registers: flask.Flask, wang: Person, tap: Any
    ) -> None:
        states(wang, "transfer")
        amount = amount_of(registers)
        answers = iter([tap.change])  # the look is answered, the confirmation is lost

        def lost(said: bytes) -> bytes:
            return said if next(answers, None) else b"{}"

        tap.change = lost
        wang.presses("amount-submit", amount=amount)
        assert errors.VerifierAway.code in wang.page.text and bound(app) is None
        tap.reset()
        wang.presses("amount-submit", amount=another_than(amount))
        assert bound(app) is not None

    def test_one_s_own_account_binds_no_other_s_code(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        """The bank would pay: name and account are the person's own firm's."""
        before = len(registers.extensions["transfers"].all())
        states(wang, "transfer", uscc="92440100MA00TE5T20")
        assert errors.Mismatch.code in wang.page.text
        assert len(registers.extensions["transfers"].all()) == before
        assert bound(app, "92440100MA00TE5T20") is None

    def test_it_is_good_once_whatever_comes_of_it(
        self,
        app: flask.Flask,
        registers: flask.Flask,
        wang: Person,
        named: Callable[..., Person],
    ) -> None:
        states(wang, "transfer")
        zhao = named("zhaox", "+8613800000003", "赵雪", "330000199506150020")
        with app.app_context():
            found = mandates.Found(CODE, HUTONG.name, "enterprise", "hall", "A-17")
            mandates.represent(account_of(zhao), found)
        wang.presses("amount-submit", amount=amount_of(registers))
        assert mandates.AnothersOrganisation.code in wang.page.text
        with app.app_context():
            assert transfers.of(wang.account_id) == []
            assert len(mandates.in_force(zhao.account_id)) == 1

    def test_what_the_register_said_long_ago_is_relied_on_no_more(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        states(wang, "transfer")
        with app.app_context():
            (paid,) = transfers.of(wang.account_id)
            paid.asked_at -= LASTS + timedelta(minutes=1)
            db.session.commit()
        wang.presses("amount-submit", amount=amount_of(registers))
        assert errors.TransferExpired.code in wang.page.text
        assert bound(app) is None

    def test_it_is_the_person_s_it_was_paid_for(
        self, app: flask.Flask, registers: flask.Flask, wang: Person
    ) -> None:
        states(wang, "transfer")
        with app.app_context():
            (paid,) = transfers.of(wang.account_id)
            paid.identity_id = "another"
            db.session.commit()
        wang.presses("amount-submit", amount=amount_of(registers))
        assert errors.TransferExpired.code in wang.page.text
        assert bound(app) is None

    def test_a_node_that_offers_it_offers_a_register_too(self, registers: flask.Flask) -> None:
        found = tables(registers.extensions["url"], verifiers=("micro_transfer",))
        chosen = settings.load(environment="testing", organisations=found)
        with pytest.raises(settings.SettingsError, match="register"):
            Organisations(chosen, Outbound(chosen))
