"""A code read out by a phone call: offered where the node can call, above all in elder mode."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine

from sandbox.inbox import Inbox
from tests.actors import Citizen
from tests.flows.test_throttling import solve

Citizens = Callable[..., Citizen]


@pytest.fixture
def changes(sandbox: tuple[str, Inbox]) -> dict[str, object]:
    """Texts as in the other flows, and a caller beside them."""
    return {
        "sms": {
            "providers": ("gateway",),
            "gateway": {"endpoint": f"{sandbox[0]}/gateway/send", "token": "sandbox-token"},
            "callers": ("aliyun_voice",),
            "aliyun_voice": {
                "endpoint": f"{sandbox[0]}/aliyun-voice/",
                "access_key_id": "sandbox-ak",
                "access_key_secret": "sandbox-secret",
                "template": "TTS_1001",
            },
            **{"number_minute": 1000, "number_hour": 1000, "number_day": 1000},
            "device_day": 1000,
        }
    }


def asks_for_text(citizen: Citizen, start: str = "/login/?m=sms") -> Citizen:
    citizen.visits(start).submits("send-code", phone=citizen.number)
    citizen.phone.texts()  # it has come before anything else is asked for
    return citizen


def link(citizen: Citizen, name: str) -> str:
    found = re.search(rf'id="{name}" href="([^"]+)"', citizen.text)
    assert found, citizen.text
    return unescape(found[1])


def rang(citizen: Citizen) -> bool:
    """Whether a call came last."""
    return "语音电话" in citizen.phone.texts()[0]


def test_who_got_no_message_is_called_and_signs_in(citizen: Citizen) -> None:
    asks_for_text(citizen)
    assert "打电话告诉我" in citizen.text

    citizen.submits("call-me")
    assert "正在拨打 138****0001" in citizen.text
    assert "没有接到电话" in citizen.text
    assert rang(citizen)

    citizen.submits("login-submit", sms_code=citizen.phone.code())
    citizen.submits("signup-submit", agree="yes")
    assert (citizen.at, citizen.status) == ("/account/", 200)


def test_the_code_of_the_text_before_is_no_longer_good(citizen: Citizen) -> None:
    asks_for_text(citizen)
    before = citizen.phone.code()
    citizen.submits("call-me")
    if citizen.phone.code() == before:
        citizen.submits("call-me")

    citizen.submits("login-submit", sms_code=before)
    assert "验证码错误" in citizen.text


def test_a_text_may_be_had_again_after_a_call(citizen: Citizen) -> None:
    asks_for_text(citizen).submits("call-me")
    assert rang(citizen)
    citizen.submits("send-code")

    assert "验证码已发送至" in citizen.text
    assert not rang(citizen)


def test_elder_mode_offers_the_call_beside_the_first_button(citizen: Citizen) -> None:
    assert "call-me" not in citizen.visits("/login/?m=sms").text
    citizen.visits(citizen.at_url("elder=1"))

    citizen.submits("call-me", phone=citizen.number)
    assert "正在拨打" in citizen.text
    assert rang(citizen)
    citizen.submits("login-submit", sms_code=citizen.phone.code())
    assert citizen.at == "/signup/agreement"


def test_a_number_that_is_none_is_told_beside_its_field(citizen: Citizen) -> None:
    citizen.visits("/login/?m=sms").visits(citizen.at_url("elder=1"))
    citizen.submits("call-me", phone="12345")

    assert "请输入正确的手机号码" in citizen.text
    assert 'value="12345"' in citizen.text


@pytest.mark.parametrize(
    ("start", "button"),
    [("/signup/", "code-submit"), ("/recover/", "code-submit")],
)
def test_every_page_that_asks_for_a_code_offers_it(
    citizens: Citizens, start: str, button: str
) -> None:
    citizens().signs_up()
    other = citizens("13800000001") if "recover" in start else citizens()
    asks_for_text(other, start).submits("call-me")
    assert rang(other)
    other.submits(button, sms_code=other.phone.code())
    assert "验证码错误" not in other.text


def test_the_third_call_to_a_number_of_strangers_is_refused_kindly(citizens: Citizens) -> None:
    """Two a day for who never proved it; a text is still to be had."""
    victim = citizens().number
    for _ in range(2):
        asks_for_text(citizens(victim)).submits("call-me")
    last = asks_for_text(citizens(victim))

    last.submits("call-me")
    assert "今天打给该号码的语音电话已达上限" in last.text
    last.submits("send-code")
    assert "验证码已发送至" in last.text


def test_an_unknown_and_a_known_number_are_called_alike(citizens: Citizens) -> None:
    known = citizens().signs_up().number
    pages = []
    for number in (known, "13800000099"):
        other = citizens(number)
        asks_for_text(other).submits("call-me")
        assert rang(other)
        pages.append((other.status, "正在拨打" in other.text))
    assert pages[0] == pages[1]


class TestWhereACheckIsDue:
    """Many codes asked for here and none entered."""

    @pytest.fixture
    def suspected(self, citizen: Citizen) -> Citizen:
        for _ in range(3):
            asks_for_text(citizen)
        return citizen.visits("/login/?m=sms").visits(citizen.at_url("elder=1"))

    def test_a_call_waits_for_the_check_and_loses_nothing(self, suspected: Citizen) -> None:
        suspected.submits("call-me", phone=suspected.number)
        assert "请先完成安全检查" in suspected.text
        assert suspected.number in suspected.text

        suspected.submits("call-me", phone=suspected.number, altcha=solve(suspected))
        assert rang(suspected)

    def test_who_runs_no_script_waits_and_is_called(self, suspected: Citizen) -> None:
        suspected.submits("call-me", phone=suspected.number)
        suspected.visits(link(suspected, "captcha-noscript"))
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=True):
            suspected.submits("captcha-submit")
            suspected.submits("call-me", phone=suspected.number)
            assert rang(suspected)


class TestWithoutACaller:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        return {}

    def test_no_page_offers_a_call_and_a_forged_one_rings_nowhere(self, citizen: Citizen) -> None:
        asks_for_text(citizen)
        assert "call-me" not in citizen.text
        citizen.visits(citizen.at_url("elder=1"))
        assert "call-me" not in citizen.text

        citizen.submits("send-code", by="call")
        assert "短信服务尚未开通" in citizen.text
        assert not rang(citizen)
