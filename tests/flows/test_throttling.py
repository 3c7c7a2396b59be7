"""Guessing is slowed; nobody is locked out by strangers; a check asked has a way without script."""

import re
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape

import altcha
import flask
import orjson
import pytest
import redis as redis_py
import time_machine

from idp.store import throttles
from idp.store.throttles import Counter
from tests.actors import Citizen

GOOD = "琴台 Lantern 7392"
WRONG = "wrong password"
MINUTE = timedelta(minutes=1)
Citizens = Callable[..., Citizen]


@pytest.fixture
def wang(citizens: Citizens) -> Citizen:
    return citizens().signs_up(username="wang_xm", password=GOOD)


def fails(citizen: Citizen, times: int = 1, name: str = "wang_xm") -> Citizen:
    for _ in range(times):
        citizen.tries_password(name, WRONG)
    return citizen


def stranger(citizens: Citizens, number: int) -> Citizen:
    """Another browser at another address."""
    return citizens(f"137{number:08}", address=f"198.51.{number % 256}.{number // 256 + 1}")


def solve(citizen: Citizen) -> str:
    """What the page's script would send."""
    found = re.search(r'data-challenge="([^"]+)"', citizen.text)
    assert found, "no check on this page"
    challenge = altcha.Challenge.from_dict(orjson.loads(unescape(found[1])))
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    return altcha.Payload(challenge, solution).to_base64()


class TestCounters:
    def test_count_to_the_limit_and_say_what_is_left(self, app: flask.Flask) -> None:
        with app.app_context():
            counter = Counter.of("s", "x", 3, MINUTE)
            assert [throttles.take([counter]).left for _ in range(3)] == [2, 1, 0]
            refused = throttles.take([counter])
        assert refused.refused_by == counter
        assert timedelta(0) < refused.wait <= MINUTE

    def test_a_try_one_counter_refuses_is_counted_by_none(self, app: flask.Flask) -> None:
        with app.app_context():
            full, open_ = Counter.of("s", "a", 0, MINUTE), Counter.of("s", "b", 9, MINUTE)
            throttles.take([open_, full])
            assert throttles.used([full, open_]) == [0, 0]

    def test_parallel_tries_never_exceed_the_limit(self, app: flask.Flask) -> None:
        counter = Counter.of("s", "x", 5, MINUTE)

        def attempt(_: int) -> bool:
            with app.app_context():
                return throttles.take([counter]).refused_by is None

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(40))) == 5

    def test_what_was_right_is_given_back(self, app: flask.Flask) -> None:
        with app.app_context():
            counter = Counter.of("s", "x", 3, MINUTE)
            throttles.take([counter])
            throttles.give_back([counter])
            throttles.give_back([counter])
            assert throttles.used([counter]) == [0]


class TestWithoutCaptcha:
    """The limits themselves, with the check put out of the way."""

    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {
            "login": {
                "captcha_after": 1000,
                "browser_failures": 3,
                "address_failures": 5,
                "account_failures": 8,
                "range_failures": 10_000,
            }
        }

    def test_a_browser_waits_after_its_tries(self, wang: Citizen, citizens: Citizens) -> None:
        guessing = fails(stranger(citizens, 1), 3)
        assert (guessing.status, "HT-2012" in guessing.text) == (429, True)

        guessing.tries_password("wang_xm", GOOD)

        assert (guessing.status, "HT-2012" in guessing.text) == (429, True)

    def test_a_stranger_who_waits_does_not_slow_other_strangers(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        fails(stranger(citizens, 1), 4)

        assert stranger(citizens, 2).signs_in_by_password("wang_xm", GOOD).at == "/account/"

    def test_new_browsers_from_one_range_share_its_tries(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        for last in range(5):
            fails(citizens(f"1370000000{last}", address=f"198.51.100.{last + 1}"))

        seventh = citizens("13700000009", address="198.51.100.200")

        assert "HT-2012" in seventh.signs_in_by_password("wang_xm", GOOD).text

    def test_strangers_everywhere_close_the_password_way_to_strangers_only(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        for number in range(9):
            fails(stranger(citizens, number))

        late = stranger(citizens, 99).signs_in_by_password("wang_xm", GOOD)
        assert "HT-2012" in late.text
        assert "其他登录方式不受影响" in late.text

        wang.visits("/login/").visits(wang.at_url("m=password&switch=1"))
        wang.submits("login-submit", username="wang_xm", password=GOOD)
        assert wang.at == "/account/"
        assert citizens(wang.number).signs_in_by_code().at == "/account/"

    def test_a_browser_seen_before_is_slowed_by_its_own_failures_only(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        wang.visits("/login/").visits(wang.at_url("m=password&switch=1"))
        fails(wang, 4)

        assert (wang.status, "HT-2012" in wang.text) == (429, True)

    def test_names_nobody_has_are_counted_alike(self, citizens: Citizens) -> None:
        guessing = fails(stranger(citizens, 1), 4, name="nobody_here")

        assert (guessing.status, "HT-2012" in guessing.text) == (429, True)

    def test_one_account_has_one_count_under_all_its_names(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        guessing = stranger(citizens, 1)
        for name in ("wang_xm", "WANG_xm", wang.number):
            fails(guessing, name=name)

        assert "HT-2012" in guessing.tries_password(f"+86{wang.number}", GOOD).text

    def test_a_right_password_wipes_the_browsers_count(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        other = fails(stranger(citizens, 1), 2).tries_password("wang_xm", GOOD)
        assert other.at == "/account/"

        other.visits("/login/").visits(other.at_url("m=password&switch=1"))

        assert "您还可以尝试 2 次" in fails(other).text

    def test_parallel_guesses_are_judged_no_more_often_than_allowed(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        tabs = []
        first = stranger(citizens, 1).visits("/login/")
        first.visits(first.at_url("m=password"))
        for _ in range(8):
            tab = Citizen(first.app, first.phone, first.address, first.page)
            tab.browser = first.browser
            tabs.append(tab)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda tab: tab.tries_password("wang_xm", WRONG), tabs))

        judged = [tab for tab in tabs if "您还可以尝试" in tab.text]
        assert len(judged) <= 3

    def test_spraying_many_names_from_one_range_is_slowed_too(
        self, app: flask.Flask, wang: Citizen, citizens: Citizens
    ) -> None:
        with app.app_context():
            around = Counter.of("198.51.1.0/24", "failures", 10_000, MINUTE)
            for number in range(3):
                fails(citizens(address="198.51.1.7"), name=f"nobody_{number}")
            assert throttles.used([around]) == [3]


class TestTheCheck:
    def test_is_asked_after_three_failures_and_not_before(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        guessing = fails(stranger(citizens, 1), 2)
        assert "data-challenge" not in guessing.text

        assert "data-challenge" in fails(guessing).text

    def test_lets_through_who_solved_it_once(self, wang: Citizen, citizens: Citizens) -> None:
        guessing = fails(stranger(citizens, 1), 3)
        proof = solve(guessing)

        guessing.submits("login-submit", username="wang_xm", password=WRONG, altcha=proof)
        assert "您还可以尝试 1 次" in guessing.text
        guessing.submits("login-submit", username="wang_xm", password=GOOD, altcha=proof)
        assert (guessing.status, "HT-9031" in guessing.text) == (429, True)
        proof = solve(guessing)
        guessing.submits("login-submit", username="wang_xm", password=GOOD, altcha=proof)
        assert guessing.at == "/account/"

    def test_right_passwords_are_not_judged_without_it(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        guessing = fails(stranger(citizens, 1), 3)

        guessing.submits("login-submit", username="wang_xm", password=GOOD)

        assert (guessing.status, "HT-9031" in guessing.text) == (429, True)
        assert 'value="wang_xm"' in guessing.text

    @pytest.mark.parametrize(
        "forged",
        ["x", "e30=", b64encode(b'{"challenge":{"parameters":{}}}').decode(), "[" * 9000, "\0"],
    )
    def test_no_forged_proof_passes(self, wang: Citizen, citizens: Citizens, forged: str) -> None:
        guessing = fails(stranger(citizens, 1), 3)

        guessing.submits("login-submit", username="wang_xm", password=GOOD, altcha=forged)

        assert (guessing.status, "HT-9031" in guessing.text) == (429, True)

    def test_a_proof_made_in_one_browser_is_no_good_in_another(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        farm = fails(stranger(citizens, 1), 3)
        other = stranger(citizens, 2).visits("/login/")
        other.visits(other.at_url("m=password"))

        other.submits("login-submit", username="wang_xm", password=GOOD, altcha=solve(farm))

        assert (other.status, "HT-9031" in other.text) == (429, True)

    def test_an_easier_challenge_than_ours_is_no_challenge(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        guessing = fails(stranger(citizens, 1), 3)
        made = altcha.create_challenge("PBKDF2/SHA-256", 1, key_prefix="", hmac_secret="guess")
        solution = altcha.solve_challenge(made)

        forged = altcha.Payload(made, solution).to_base64()
        guessing.submits("login-submit", username="wang_xm", password=GOOD, altcha=forged)

        assert "HT-9031" in guessing.text

    def test_without_a_script_waiting_is_enough_once(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        guessing = fails(stranger(citizens, 1), 3)
        guessing.submits("login-submit", username="wang_xm", password=GOOD)
        guessing.visits(_link(guessing, "captcha-noscript"))
        assert guessing.at == "/login/wait"
        assert 'http-equiv="refresh"' in guessing.text

        guessing.submits("captcha-submit")
        assert guessing.at == "/login/wait"
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=21), tick=True):
            guessing.submits("captcha-submit")
            assert 'value="wang_xm"' in guessing.text
            page = guessing.page
            guessing.submits("login-submit", username="wang_xm", password=WRONG)
            assert "您还可以尝试 1 次" in guessing.text
            guessing.page = page
            guessing.submits("login-submit", username="wang_xm", password=GOOD)
            assert "HT-9031" in guessing.text

    def test_a_browser_that_asks_for_codes_again_and_again_is_checked(
        self, citizen: Citizen
    ) -> None:
        citizen.visits("/login/?m=sms")
        for _ in range(3):
            citizen.visits(citizen.at_url("m=sms&change=1"))
            citizen.submits("send-code", phone=citizen.number)
        citizen.visits(citizen.at_url("change=1"))
        assert "data-challenge" in citizen.text

        citizen.submits("send-code", phone=citizen.number)

        assert (citizen.status, "HT-9031" in citizen.text) == (429, True)
        assert len(citizen.phone.texts()) == 3
        citizen.submits("send-code", phone=citizen.number, altcha=solve(citizen))
        assert len(citizen.phone.texts()) == 4


def test_without_redis_no_password_is_judged(
    app: flask.Flask, wang: Citizen, citizens: Citizens, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = stranger(citizens, 1).visits("/login/")
    other.visits(other.at_url("m=password"))

    def gone(*_: object, **__: object) -> None:
        raise redis_py.ConnectionError("gone")

    monkeypatch.setattr(type(throttles._TAKE), "__call__", gone)
    other.submits("login-submit", username="wang_xm", password=GOOD)

    assert other.status == 503
    assert "HT-0001" in other.text


def _link(citizen: Citizen, element: str) -> str:
    found = re.search(rf'id="{element}" href="([^"]+)"', citizen.text)
    assert found, element
    return unescape(found[1])


class TestGuessingAtManyNumbers:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {"login": {"code_failures": 3}}

    def test_leads_to_a_check_for_everybody_around_that_address(self, citizens: Citizens) -> None:
        """A little at each number would stay below every number's own limit."""
        for number in range(3):
            guesser = citizens(f"1361000{number:04}", address="203.0.113.50")
            guesser.visits("/login/?m=sms").submits("send-code", phone=guesser.number)
            guesser.submits("login-submit", sms_code="000000")

        near = citizens("13610009998", address="203.0.113.51").visits("/login/?m=sms")
        far = citizens("13610009999", address="198.51.100.50").visits("/login/?m=sms")

        assert "data-challenge" in near.text
        assert "data-challenge" not in far.text
