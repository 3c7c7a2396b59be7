"""Codes read out by a phone call: every caller against the sandbox, and who may be called."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from idp.outbound import Outbound
from idp.settings import SettingsError
from idp.sms import receipts
from idp.sms.base import Message, SmsRefused, SmsUnavailable, Verdict
from idp.sms.callers import CALLERS
from idp.sms.callers import aliyun as aliyun_module
from idp.sms.callers import tencent as tencent_module
from idp.sms.errors import (
    CallQuotaReached,
    CarrierLimit,
    CodeExpired,
    NotAnswered,
    NumberRefused,
    ReceiptMalformed,
    SmsNotConfigured,
)
from idp.store import sms as store
from sandbox import magic
from tests.sms.conftest import NUMBER, asking, work

TABLES = {
    "aliyun_voice": {
        "access_key_id": "sandbox-ak",
        "access_key_secret": "sandbox-secret",
        "template": "TTS_1001",
    },
    "tencent_voice": {
        "secret_id": "sandbox-id",
        "secret_key": "sandbox-key",
        "app_id": "1400000000",
    },
}


@pytest.fixture
def voiced(sandbox):
    """Settings of both callers, pointing at the sandbox."""
    return {
        "callers": ("aliyun_voice", "tencent_voice"),
        **{
            name: {**table, "endpoint": f"{sandbox.url}/{name.replace('_', '-')}/"}
            for name, table in TABLES.items()
        },
    }


@pytest.fixture
def caller(configure, voiced):
    def made(name, **changes):
        table = {name: {**voiced[name], **changes}}
        chosen = configure(sms={**voiced, **table})
        return CALLERS[name].from_settings(chosen, Outbound(chosen))

    return made


@pytest.fixture
def sms(make, voiced):
    return make(sms=voiced)


def message(number=NUMBER, code="012345"):
    return Message(f"+86{number.removeprefix('+86')}", "call", {"code": code}, "f" * 32)


def refused(caller, number=NUMBER):
    with pytest.raises(SmsRefused) as refusal:
        caller.send(message(number))
    return refusal.value


@pytest.mark.parametrize("name", CALLERS)
def test_a_caller_is_registered_by_the_name_of_its_table(name, caller, configure):
    assert CALLERS[name].name == name
    with pytest.raises(SettingsError):
        chosen = configure()
        CALLERS[name].from_settings(chosen, Outbound(chosen))


@pytest.mark.parametrize("name", CALLERS)
def test_the_phone_rings_and_says_the_code_with_its_leading_zero(caller, sandbox, name):
    accepted = caller(name).send(message())

    assert (accepted.provider, bool(accepted.message_id)) == (name, True)
    assert sandbox.code() == "012345"
    assert "语音电话" in sandbox.texts()[0]


def test_aliyun_shows_the_number_that_was_filed(caller, sandbox):
    caller("aliyun_voice", shown_number="0571-12345").send(message())

    assert sandbox.inbox.of(NUMBER.removeprefix("+86"))[0].sender == "0571-12345"


@pytest.mark.parametrize("entry", magic.ALIYUN_VOICE, ids=lambda e: e.code)
def test_each_answer_of_aliyun_is_listed_and_means_the_same_over_the_wire(caller, entry):
    refusal = refused(caller("aliyun_voice"), magic.number_for("aliyun_voice", entry.code))

    assert refusal.code == entry.code
    assert refusal.verdict is aliyun_module.REFUSALS[entry.code].verdict


@pytest.mark.parametrize("entry", magic.TENCENT_VOICE, ids=lambda e: e.code)
def test_each_answer_of_tencent_is_listed_and_means_the_same_over_the_wire(caller, entry):
    refusal = refused(caller("tencent_voice"), magic.number_for("tencent_voice", entry.code))

    listed = tencent_module.REFUSALS
    expected = listed.get(entry.code) or listed[entry.code.partition(".")[0]]
    assert (refusal.code, refusal.verdict) == (entry.code, expected.verdict)


@pytest.mark.parametrize(
    ("name", "code", "verdict", "error"),
    [
        ("aliyun_voice", "isv.MOBILE_NUMBER_ILLEGAL", Verdict.NUMBER, NumberRefused),
        ("aliyun_voice", "isv.BUSINESS_LIMIT_CONTROL", Verdict.LIMITED, CarrierLimit),
        (
            "tencent_voice",
            "InvalidParameterValue.CalledNumberVerifyFail",
            Verdict.NUMBER,
            NumberRefused,
        ),
        ("tencent_voice", "LimitExceeded.DeliveryFrequencyLimit", Verdict.LIMITED, CarrierLimit),
    ],
)
def test_an_answer_says_what_to_do_next(caller, name, code, verdict, error):
    refusal = refused(caller(name), magic.number_for(name, code))

    assert (refusal.verdict, refusal.error) == (verdict, error)


@pytest.mark.parametrize(
    ("name", "wrong", "code"),
    [
        ("aliyun_voice", {"template": "SMS_1"}, "isv.TTS_TEMPLATE_ILLEGAL"),
        ("aliyun_voice", {"access_key_secret": "another"}, "SignatureDoesNotMatch"),
        ("tencent_voice", {"app_id": "1"}, "InvalidParameterValue.SdkAppidNotExist"),
        ("tencent_voice", {"secret_key": "another"}, "AuthFailure.SignatureFailure"),
    ],
)
def test_what_the_operator_set_wrongly_raises_the_alarm(caller, name, wrong, code):
    refusal = refused(caller(name, **wrong))

    assert (refusal.code, refusal.verdict) == (code, Verdict.MISCONFIGURED)


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("number", ["19900050001", "19900050007"])
def test_a_caller_that_is_down_or_slow_may_have_called(caller, name, number):
    with pytest.raises(SmsUnavailable) as failure:
        caller(name).send(message(number))
    assert failure.value.maybe_sent


def test_a_real_limit_of_the_service_holds(start_sandbox, configure, voiced):
    real = start_sandbox(per_minute=1)
    table = {**voiced["aliyun_voice"], "endpoint": f"{real.url}/aliyun-voice/"}
    chosen = configure(sms={**voiced, "aliyun_voice": table})
    caller = CALLERS["aliyun_voice"].from_settings(chosen, Outbound(chosen))
    caller.send(message())

    assert refused(caller).verdict is Verdict.LIMITED


def test_the_next_caller_is_tried_when_the_first_cannot(sms, sandbox):
    number = magic.number_for("aliyun_voice", "isp.SYSTEM_ERROR")
    sent = asking(sms)(f"+86{number}", call=True)
    work(sms)

    assert sms.status(sent.challenge_id, "b1").state == "sent"
    assert sandbox.inbox.of(number)[0].via == "腾讯云来电"


def test_a_code_that_was_read_out_is_good_once(sms, sandbox):
    sent = asking(sms)(call=True)
    work(sms)

    assert sms.check_code(sent.challenge_id, sandbox.code(), "login", "b1") == NUMBER
    with pytest.raises(CodeExpired):
        sms.check_code(sent.challenge_id, sandbox.code(), "login", "b1")


def test_a_call_takes_the_place_of_the_text_before_it(sms, sandbox):
    text = asking(sms)()
    work(sms)
    before = sandbox.code()
    call = asking(sms)(call=True)
    work(sms)

    assert sms.check_code(call.challenge_id, sandbox.code(), "login", "b1") == NUMBER
    with pytest.raises(CodeExpired):
        sms.check_code(text.challenge_id, before, "login", "b1")


def test_nobody_is_called_where_no_caller_is_set(make):
    sms = make()
    assert not sms.calls
    with pytest.raises(SmsNotConfigured):
        asking(sms)(call=True)


def test_a_stranger_lets_a_phone_ring_twice_and_who_proved_it_once_more(sms):
    ask = asking(sms)
    for browser in ("b1", "b2"):
        ask(call=True, browser=browser)
    with pytest.raises(CallQuotaReached):
        ask(call=True, browser="b3")
    ask(browser="b3")  # a text is still to be had

    ask(call=True, browser="own", proven_browser=True)
    with pytest.raises(CallQuotaReached):
        ask(call=True, browser="own", proven_browser=True)


def test_a_call_refused_for_the_day_costs_the_number_nothing(make, voiced):
    sms = make(sms={**voiced, "number_calls": 0, "number_minute": 1, "number_hour": 2})
    ask = asking(sms)
    for _ in range(3):
        with pytest.raises(CallQuotaReached):
            ask(call=True)

    ask()


def test_calls_may_be_had_again_the_next_day(sms):
    ask = asking(sms)
    for _ in range(2):
        ask(call=True)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1), tick=True):
        ask(call=True)


def called_by(sms, caller):
    sent = asking(sms)(call=True)
    work(sms)
    store.expect_receipt(caller, "call-1", store.digest(sent.challenge_id))
    return sent.challenge_id


SAID = {
    "aliyun_voice": (
        [{"call_id": "call-1", "status_code": "200000", "duration": "22"}],
        [{"call_id": "call-1", "status_code": "200010", "duration": "0"}],
        {"code": 0, "msg": "接收成功"},
    ),
    "tencent_voice": (
        {"voicecode_callback": {"callid": "call-1", "result": "0"}},
        {"voicecode_callback": {"callid": "call-1", "result": "1"}},
        {"result": 0, "errmsg": "OK"},
    ),
}


@pytest.mark.parametrize("name", CALLERS)
class TestReceipts:
    def test_a_call_that_was_answered_has_arrived(self, sms, name):
        challenge = called_by(sms, name)
        answered, _, thanks = SAID[name]

        assert receipts.accept(name, answered) == thanks
        assert sms.status(challenge, "b1").state == "delivered"

    def test_a_call_nobody_answered_is_told_to_who_waits(self, sms, name):
        challenge = called_by(sms, name)
        receipts.accept(name, SAID[name][1])

        assert isinstance(sms.status(challenge, "b1").error, NotAnswered)

    @pytest.mark.parametrize("payload", [None, 1, "x", {}, {"voicecode_callback": 1}, [1], [{}]])
    def test_what_is_no_receipt_is_refused(self, name, payload):
        with pytest.raises(ReceiptMalformed):
            CALLERS[name].receipts(payload)


def test_tencent_says_why_a_call_failed(sms):
    challenge = called_by(sms, "tencent_voice")
    receipts.accept(
        "tencent_voice",
        {"voice_failure_callback": {"callid": "call-1", "failure_code": 8, "mobile": "1"}},
    )

    assert isinstance(sms.status(challenge, "b1").error, NotAnswered)
