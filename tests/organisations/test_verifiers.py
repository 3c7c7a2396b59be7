"""Every verifier of organisations against the sandbox, over HTTP: each way it may end."""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
from structlog.testing import capture_logs
from werkzeug.test import Client

from idp.organisations.base import Answer, Licence, Paid, Payee, Payment, Role, Scan, Seen, Shown
from idp.organisations.base import Statement as Stated
from idp.organisations.uscc import read
from idp.organisations.verifiers import VERIFIERS
from idp.outcomes import Outcome
from idp.settings import SettingsError
from sandbox.registry import companies
from tests.organisations.conftest import tables
from tests.registers import GARBAGE, TROUBLES, Tap

CODE = "91110000MA00000077"
HUTONG = companies.KNOWN[CODE]
OUTCOMES = {
    "查无此企业": Outcome.NO_RECORD,
    "信息不符企业": Outcome.MISMATCH,
    "非法名称企业": Outcome.INVALID,
    "次数超限企业": Outcome.RATE_LIMITED,
    "库在维护企业": Outcome.UNAVAILABLE,
    "服务断开企业": Outcome.UNAVAILABLE,
    "应答缓慢企业": Outcome.UNAVAILABLE,
    "打款在途企业": Outcome.MATCH,
    "打款过期企业": Outcome.MATCH,
}
"""By the magic names."""
PAYMENTS: dict[str, Outcome | Payment] = OUTCOMES | {
    "查无此企业": Payment.BANK_REJECTED,
    "信息不符企业": Payment.BANK_REJECTED,
    "打款在途企业": Payment.CREATED,
    "打款过期企业": Payment.EXPIRED,
}
TABLE = {"aliyun_enterprise": "aliyun", "business_licence": "licence", "micro_transfer": "transfer"}
SIGNED = [name for name in VERIFIERS if name != "aliyun_enterprise"]
Made = Callable[..., Any]


def states(**changes: str) -> Stated:
    given = {"name": HUTONG.name, "code": CODE, "legal_person": "王建国"} | changes
    number = given.pop("number", HUTONG.legal_person_number)
    return Stated(given["name"], read(given["code"]), given["legal_person"], number)


def payee(name: str = HUTONG.name) -> Payee:
    return Payee(name, "110900000010001", "308100005019")


def asked(made: Any) -> Any:
    """What comes of the first question to a service."""
    if made.method == "register":
        return made.check(states(), "ref1")
    return made.show() if made.method == "licence" else made.pay(payee(), "ref1")


def test_every_magic_name_is_tried() -> None:
    assert set(OUTCOMES) == set(companies.MAGIC)
    assert set(TABLE) == set(VERIFIERS)


class TestAnyOfThem:
    @pytest.mark.parametrize("name", VERIFIERS)
    def test_it_says_what_it_shows(self, name: str) -> None:
        assert VERIFIERS[name].name == name
        assert VERIFIERS[name].method in {"register", "licence", "transfer"}

    @pytest.mark.parametrize("name", VERIFIERS)
    def test_without_its_table_it_stops_the_start(self, verifier: Made, name: str) -> None:
        with pytest.raises(SettingsError):
            verifier(name, aliyun=None, licence=None, transfer=None)

    @pytest.mark.parametrize(
        ("name", "spoilt"),
        [
            ("aliyun_enterprise", {"access_key_secret": "other"}),
            ("aliyun_enterprise", {"access_key_id": "other"}),
            *((name, spoilt) for name in SIGNED for spoilt in ({"key": "x"}, {"app_id": "x"})),
        ],
    )
    def test_a_wrong_key_of_ours_decides_nothing_about_anybody(
        self, registers: flask.Flask, verifier: Made, name: str, spoilt: dict[str, str]
    ) -> None:
        table = TABLE[name]
        given = {**tables(registers.extensions["url"])[table], **spoilt}
        answer = asked(verifier(name, **{table: given}))
        assert answer.outcome is Outcome.UNAVAILABLE
        assert answer.code

    @pytest.mark.parametrize("said", GARBAGE)
    @pytest.mark.parametrize("name", VERIFIERS)
    def test_an_answer_nobody_can_read_decides_nothing(
        self, verifier: Made, tap: Tap, name: str, said: bytes
    ) -> None:
        tap.change = lambda _: said
        assert asked(verifier(name)).outcome is Outcome.UNAVAILABLE

    @pytest.mark.parametrize("trouble", TROUBLES)
    @pytest.mark.parametrize("name", VERIFIERS)
    def test_a_service_that_is_down_or_slow_decides_nothing(
        self, verifier: Made, tap: Tap, name: str, trouble: Any
    ) -> None:
        made = verifier(name)
        tap.trouble = trouble
        answers = [asked(made)]
        if made.method == "licence":
            answers += [made.look("x"), made.read("x")]
        if made.method == "transfer":
            answers += [made.look("x"), made.confirm("x", 50)]
        assert {answer.outcome for answer in answers} == {Outcome.UNAVAILABLE}

    @pytest.mark.parametrize("name", SIGNED)
    def test_what_is_not_signed_as_it_should_be_is_not_believed(
        self, verifier: Made, tap: Tap, name: str
    ) -> None:
        for change in (
            lambda body: body.replace(b'"sign":"', b'"sign":"0'),
            lambda body: re.sub(rb'"sign":"[0-9a-f]+"', b'"signed":"yes"', body),
            lambda body: body.replace(b'"code":"0"', b'"code":"00"'),
        ):
            tap.change = change
            with capture_logs() as logged:
                answer = asked(verifier(name))
            assert (answer.outcome, answer.code) == (Outcome.UNAVAILABLE, "signature")
            assert [line["log_level"] for line in logged] == ["error"]

    @pytest.mark.parametrize("name", SIGNED)
    def test_an_answer_to_another_question_is_not_believed_though_it_is_signed(
        self, verifier: Made, tap: Tap, name: str
    ) -> None:
        made = verifier(name)
        asked(made)
        heard = tap.heard
        tap.change = lambda _: heard
        with capture_logs() as logged:
            answer = asked(made)
        assert (answer.outcome, answer.code) == (Outcome.UNAVAILABLE, "another-question")
        assert [line["log_level"] for line in logged] == ["error"]


class TestTheRegister:
    def test_the_four_factors_match(self, verifier: Made) -> None:
        answer = verifier("aliyun_enterprise").check(states(), "ref1")
        assert answer.outcome is Outcome.MATCH
        assert answer.reference

    @pytest.mark.parametrize(
        "changed",
        [
            {"name": "别的公司"},
            {"code": "92440100MA00TE5T20"},
            {"legal_person": "李秀英"},
            {"number": "110000199003070028"},
        ],
    )
    def test_each_of_them_counts(self, verifier: Made, changed: dict[str, str]) -> None:
        answer = verifier("aliyun_enterprise").check(states(**changed), "ref1")
        assert answer.outcome is Outcome.MISMATCH

    @pytest.mark.parametrize("name", OUTCOMES)
    def test_every_way_a_check_may_end_has_its_outcome(self, verifier: Made, name: str) -> None:
        answer = verifier("aliyun_enterprise").check(states(name=name), "ref1")
        assert answer.outcome is OUTCOMES[name]


class TestTheLicence:
    def scans(self, registers: flask.Flask, shown: Shown, **chosen: str) -> Any:
        """What a person does with the phone: the page is opened, then a button pressed."""
        path, phone = urlsplit(shown.content).path, Client(registers)
        assert phone.get(path).status_code == 200
        given = {"licence": HUTONG.name, "role": "1", "outcome": "CONFIRMED"} | chosen
        return phone.post(path, data=given)

    def shown(self, made: Any) -> Shown:
        found = made.show()
        assert isinstance(found, Shown)
        assert 0 < found.until.timestamp() - time.time() <= 300
        return found

    def test_a_licence_shown_is_read_once(self, registers: flask.Flask, verifier: Made) -> None:
        made = verifier("business_licence")
        shown = self.shown(made)
        assert made.look(shown.id) == Seen(Scan.WAIT)
        Client(registers).get(urlsplit(shown.content).path)
        assert made.look(shown.id) == Seen(Scan.SCANNED)
        self.scans(registers, shown)
        seen = made.look(shown.id)
        assert seen.scan is Scan.CONFIRMED
        number = HUTONG.legal_person_number
        assert made.read(seen.code) == Licence(
            read(CODE), HUTONG.name, "王建国", "王建国", number, Role.LEGAL_PERSON
        )
        assert made.read(seen.code).outcome is Outcome.INVALID

    @pytest.mark.parametrize(
        ("role", "meant"), [("2", Role.ADMINISTRATOR), ("3", Role.CLERK)], ids=str
    )
    def test_who_holds_it_need_not_be_the_legal_person(
        self, registers: flask.Flask, verifier: Made, role: str, meant: Role
    ) -> None:
        made = verifier("business_licence")
        shown = self.shown(made)
        self.scans(registers, shown, role=role)
        licence = made.read(made.look(shown.id).code)
        assert (licence.role, licence.holder) == (meant, "赵雪")

    @pytest.mark.parametrize("outcome", ["CANCELLED", "EXPIRED"])
    def test_a_picture_that_came_to_nothing_opens_nothing(
        self, registers: flask.Flask, verifier: Made, outcome: str
    ) -> None:
        made = verifier("business_licence")
        shown = self.shown(made)
        self.scans(registers, shown, outcome=outcome)
        assert made.look(shown.id) == Seen(Scan(outcome))
        self.scans(registers, shown)
        assert made.look(shown.id) == Seen(Scan(outcome)), "what is over stays over"

    @pytest.mark.parametrize(
        "name", [n for n, outcome in OUTCOMES.items() if outcome is not Outcome.MATCH]
    )
    def test_every_way_reading_may_end_has_its_outcome(
        self, registers: flask.Flask, verifier: Made, name: str
    ) -> None:
        made = verifier("business_licence")
        shown = self.shown(made)
        self.scans(registers, shown, licence=name)
        assert made.read(made.look(shown.id).code).outcome is OUTCOMES[name]

    @pytest.mark.parametrize("guess", ["", "x", "../../license/info", "a b"])
    def test_a_picture_nobody_made_and_a_code_nobody_gave_open_nothing(
        self, verifier: Made, guess: str
    ) -> None:
        made = verifier("business_licence")
        assert isinstance(made.look(guess), Answer)
        assert isinstance(made.read(guess), Answer)

    def test_an_older_state_of_the_same_picture_is_not_believed(
        self, registers: flask.Flask, verifier: Made, tap: Tap
    ) -> None:
        made = verifier("business_licence")
        shown = self.shown(made)
        self.scans(registers, shown)
        made.look(shown.id)
        heard = tap.heard
        tap.change = lambda _: heard
        assert made.look(shown.id).code == "another-question"


class TestTheTransfer:
    def amount(self, registers: flask.Flask) -> int:
        """What the newest line of the account's books says, in fen."""
        page = Client(registers).get("/bank").text
        found = re.search(r'class="amount">0\.(\d\d)<', page)
        assert found
        return int(found[1])

    def paid(self, made: Any, name: str = HUTONG.name) -> Paid:
        found = made.pay(payee(name), "ref1")
        assert isinstance(found, Paid)
        assert found.payment is Payment.CREATED
        return found

    def test_who_reads_the_amount_off_keeps_the_books(
        self, registers: flask.Flask, verifier: Made
    ) -> None:
        made = verifier("micro_transfer")
        paid = self.paid(made)
        assert made.look(paid.id).payment is Payment.TRANSFERRED
        assert made.confirm(paid.id, self.amount(registers)).payment is Payment.VERIFIED
        assert made.look(paid.id).payment is Payment.VERIFIED

    def test_three_guesses_are_all(self, registers: flask.Flask, verifier: Made) -> None:
        made = verifier("micro_transfer")
        paid = self.paid(made)
        made.look(paid.id)
        right = self.amount(registers)
        wrong = right % 99 + 1
        left = [made.confirm(paid.id, wrong).tries_left for _ in range(3)]
        assert left == [2, 1, 0]
        assert made.confirm(paid.id, right).payment is Payment.FAILED

    @pytest.mark.parametrize("fen", [-1, 0, 100])
    def test_an_amount_that_cannot_be_spends_no_try(self, verifier: Made, fen: int) -> None:
        made = verifier("micro_transfer")
        paid = self.paid(made)
        assert made.confirm(paid.id, fen).outcome is Outcome.INVALID
        assert made.look(paid.id).tries_left == 3

    @pytest.mark.parametrize("name", PAYMENTS)
    def test_every_way_a_payment_may_end_has_its_state_or_its_outcome(
        self, verifier: Made, name: str
    ) -> None:
        made, expected = verifier("micro_transfer"), PAYMENTS[name]
        found = made.pay(payee(name), "ref1")
        if isinstance(expected, Outcome):
            assert found.outcome is expected
            return
        assert made.look(found.id).payment is expected
        assert made.confirm(found.id, 50).payment is expected

    def test_a_payment_nobody_made_is_not_confirmed(self, verifier: Made) -> None:
        made = verifier("micro_transfer")
        assert made.look("x").outcome is Outcome.NO_RECORD
        assert made.confirm("x", 50).outcome is Outcome.NO_RECORD

    def test_another_payment_s_answer_confirms_nothing(
        self, registers: flask.Flask, verifier: Made, tap: Tap
    ) -> None:
        made = verifier("micro_transfer")
        theirs, mine = self.paid(made), self.paid(made)
        made.look(theirs.id)
        made.confirm(theirs.id, self.amount(registers))
        heard = tap.heard
        tap.change = lambda _: heard
        assert made.confirm(mine.id, 50).code == "another-question"
