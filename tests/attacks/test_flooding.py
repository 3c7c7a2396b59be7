"""Nobody makes us flood a phone, or spend money on numbers where somebody earns by it."""

from collections.abc import Iterator

import flask
import pytest

from idp import settings
from idp.store import sms as store
from idp.store.engines import redis
from sandbox.inbox import Inbox
from tests.actors import Citizen
from tests.attacks.people import Citizens
from tests.engines.pairs import Engines

ELSEWHERE = [
    "+1 900 555 0100",
    "+44 70 1234 5678",
    "+371 8123 4567",
    "+882 16 5555 0100",
    "+870 773 111 632",
    "0088216 5555 0100",
    "00 1 900 555 0100",
    "+852 9123 4567",
    "+853 6123 4567",
    "+886 912 345 678",
    "+86 10 8888 8888",
    "+86 400 812 3123",
    "95588",
    "10086",
    "12306",
    "110",
    "1008611",
    "16800000",
    "106900000000",
    "+86 140 0000 0000",
    "+86 144 0000 0000",
    "+86 1349 000 0000",
    "+86 1740 000 0000",
    "+8613800000001,13800000002",
    "13800000001;13800000002",
    "13800000001\n13800000002",
    "tel:13800000001",
    "sip:13800000001@evil.test",
    "138000000011",
    "+86+8613800000001",
]
"""Abroad, premium, satellite, machines, service numbers, and two numbers in one."""


@pytest.fixture
def configured(engines: Engines, sandbox: tuple[str, Inbox]) -> settings.Settings:
    """The limits a node starts with."""
    gateway = {"endpoint": f"{sandbox[0]}/gateway/send", "token": "sandbox-token"}
    sms = {"providers": ("gateway",), "gateway": gateway}
    return settings.load(environment="testing", **engines.settings, sms=sms)


def asks(citizen: Citizen, number: str, page: str = "/login/?m=sms") -> Citizen:
    return citizen.visits(page).submits("send-code", phone=number)


def waiting(app: flask.Flask) -> int:
    with app.app_context():
        return store.waiting()


def test_no_message_goes_where_somebody_earns_by_it(app: flask.Flask, citizens: Citizens) -> None:
    for number in ELSEWHERE:
        for page in ("/login/?m=sms", "/signup/", "/recover/"):
            refused = asks(citizens("13700000000"), number, page)
            assert refused.status == 400, (number, page)
    assert waiting(app) == 0


@pytest.mark.parametrize("page", ["/login/?m=sms", "/signup/", "/recover/"])
def test_strangers_from_everywhere_send_a_phone_three_messages_an_hour(
    app: flask.Flask, wang: Citizen, citizens: Citizens, page: str
) -> None:
    """Another browser, another network and another minute each time."""
    before = len(wang.phone.texts())
    for turn in _minutes(wang.app, 12):
        asks(citizens("13700000000", address=f"198.51.{turn}.1"), wang.number, page)

    assert len(wang.phone.texts()) - before == 2  # the sign-up was a stranger's, too


def test_the_three_pages_share_one_limit(wang: Citizen, citizens: Citizens) -> None:
    before = len(wang.phone.texts())
    for turn in _minutes(wang.app, 4):
        for page in ("/login/?m=sms", "/signup/", "/recover/"):
            asks(citizens("13700000000", address=f"198.51.{turn}.1"), wang.number, page)

    assert len(wang.phone.texts()) - before <= 3


def test_whoever_proved_the_number_before_gets_a_code_amid_the_flood(
    wang: Citizen, citizens: Citizens
) -> None:
    for turn in _minutes(wang.app, 8):
        asks(citizens("13700000000", address=f"198.51.{turn}.1"), wang.number)
    wang.visits("/login/?m=sms").visits(wang.at_url("switch=1&m=sms"))
    assert wang.phone.texts(), "the flood's messages, which may overtake one another, are here"

    wang.submits("send-code", phone=wang.number)

    assert wang.submits("login-submit", sms_code=wang.phone.code()).at == "/account/"


def test_one_browser_cannot_pump_number_after_number(app: flask.Flask, citizens: Citizens) -> None:
    pump = citizens("13700000000")
    for number in range(12):
        asks(pump, f"1391000{number:04}")

    assert "HT-9031" in pump.text
    assert waiting(app) <= 3


def test_one_network_cannot_pump_number_after_number(app: flask.Flask, citizens: Citizens) -> None:
    for number in range(40):
        last = asks(citizens("13700000000", address=f"203.0.113.{number}"), f"1391000{number:04}")

    assert "HT-9031" in last.text
    assert waiting(app) <= 30


def test_no_wrong_password_and_no_wrong_code_sends_a_message(
    wang: Citizen, citizens: Citizens
) -> None:
    """What a stranger does without the phone never reaches it, but for the code asked for."""
    _a_minute_passes(wang.app)
    stranger = asks(citizens("13700000000"), wang.number)
    wang.phone.code()
    before = len(wang.phone.texts())
    for _ in range(5):
        stranger.submits("login-submit", sms_code="000000")
    for turn in range(6):
        other = citizens("13700000000", address=f"198.51.{turn}.1")
        other.tries_password("wang_xm", "wrong password")

    assert len(wang.phone.texts()) == before


def _minutes(app: flask.Flask, count: int) -> Iterator[int]:
    """Turns a little more than a minute apart, all within the hour."""
    for turn in range(count):
        _a_minute_passes(app)
        yield turn
    _a_minute_passes(app)


def _a_minute_passes(app: flask.Flask) -> None:
    """By the clock of Redis, where messages are counted: what was sent, was sent earlier."""
    with app.app_context():
        for key in redis.scan_iter("{sms}:q:number:*"):
            for sent, at in redis.zrange(key, 0, -1, withscores=True):
                redis.zadd(key, {sent: at - 61_000})
