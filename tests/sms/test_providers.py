"""Every provider against the sandbox, over HTTP: what is registered is tested."""

import re
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import time_machine

import idp.clouds.aliyun
import idp.clouds.tencent
from idp.outbound import Outbound
from idp.settings import SettingsError
from idp.sms.base import Accepted, Message, SmsRefused, SmsUnavailable, Verdict
from idp.sms.errors import CarrierLimit, NumberBlocked, NumberRefused, ReceiptMalformed, SmsFailed
from idp.sms.providers import PROVIDERS
from idp.sms.providers import aliyun as aliyun_module
from idp.sms.providers import gateway as gateway_module
from idp.sms.providers import tencent as tencent_module
from sandbox import magic
from tests.sms.conftest import NUMBER

ON_THE_WIRE = ["aliyun", "tencent", "gateway"]


def message(number=NUMBER, kind="code", code="012345", reference="job-1"):
    params = {"code": code} if kind == "code" else {}
    return Message(f"+86{number.removeprefix('+86')}", kind, params, reference)


@pytest.fixture
def provider(configure):
    def made(name, **changes):
        chosen = configure(**changes)
        return PROVIDERS[name].from_settings(chosen, Outbound(chosen))

    return made


def refused(provider, **asked):
    with pytest.raises(SmsRefused) as refusal:
        provider.send(message(**asked))
    return refusal.value


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_is_registered_by_its_name(name):
    assert PROVIDERS[name].name == name


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_a_code_arrives_with_its_leading_zero(provider, sandbox, name):
    accepted = provider(name).send(message())

    assert isinstance(accepted, Accepted)
    assert accepted.message_id
    assert accepted.provider == name
    assert sandbox.code() == "012345"


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_a_provider_needs_its_table(configure, name):
    chosen = configure(sms={name: None})
    with pytest.raises(SettingsError):
        PROVIDERS[name].from_settings(chosen, Outbound(chosen))


@pytest.mark.parametrize("name", ON_THE_WIRE)
@pytest.mark.parametrize("number", ["19900050001", "19900050002", "19900050007"])
def test_a_provider_that_is_down_broken_or_slow_is_unavailable(provider, name, number):
    made = provider(name)
    if name == "aliyun" and number == "19900050002":
        # Aliyun's gateway says so in words; it is no less unavailable.
        assert refused(made, number=number).verdict is Verdict.ELSEWHERE
        return

    with pytest.raises(SmsUnavailable) as failure:
        made.send(message(number))
    assert failure.value.maybe_sent


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_a_provider_nobody_reaches_has_not_sent_anything(provider, configure, name):
    table = configure().sms.model_dump()[name]
    nobody = {**table, "endpoint": "http://127.0.0.1:9/"}
    with pytest.raises(SmsUnavailable) as failure:
        provider(name, sms={name: nobody}).send(message())
    assert not failure.value.maybe_sent


@pytest.mark.parametrize("entry", {e.code: e for e in magic.ALIYUN}.values(), ids=lambda e: e.code)
def test_each_answer_of_aliyun_is_listed_and_means_the_same_over_the_wire(provider, entry):
    refusal = refused(provider("aliyun"), number=magic.number_for("aliyun", entry.code))

    assert refusal.code == entry.code
    assert refusal.verdict is aliyun_module.REFUSALS[entry.code].verdict


TENCENT = (*magic.TENCENT, *magic.TENCENT_REQUEST)


@pytest.mark.parametrize("entry", TENCENT, ids=lambda e: e.code)
def test_each_answer_of_tencent_is_listed_and_means_the_same_over_the_wire(provider, entry):
    refusal = refused(provider("tencent"), number=magic.number_for("tencent", entry.code))

    listed = tencent_module.REFUSALS
    assert refusal.code == entry.code
    expected = listed.get(entry.code) or listed[entry.code.partition(".")[0]]
    assert refusal.verdict is expected.verdict


@pytest.mark.parametrize("entry", magic.GATEWAY, ids=lambda e: e.code)
def test_each_answer_of_the_gateway_is_listed(provider, entry):
    refusal = refused(provider("gateway"), number=magic.number_for("gateway", entry.code))

    assert refusal.verdict is gateway_module.REFUSALS[entry.code].verdict


@pytest.mark.parametrize(
    ("name", "code", "verdict", "error"),
    [
        ("aliyun", "isv.MOBILE_NUMBER_ILLEGAL", Verdict.NUMBER, NumberRefused),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", Verdict.LIMITED, CarrierLimit),
        ("aliyun", "isv.AMOUNT_NOT_ENOUGH", Verdict.MISCONFIGURED, SmsFailed),
        ("aliyun", "SignatureDoesNotMatch", Verdict.MISCONFIGURED, SmsFailed),
        ("aliyun", "isp.SYSTEM_ERROR", Verdict.ELSEWHERE, SmsFailed),
        ("aliyun", "Throttling.User", Verdict.ELSEWHERE, SmsFailed),
        ("tencent", "InvalidParameterValue.IncorrectPhoneNumber", Verdict.NUMBER, NumberRefused),
        ("tencent", "LimitExceeded.PhoneNumberDailyLimit", Verdict.LIMITED, CarrierLimit),
        ("tencent", "FailedOperation.PhoneNumberInBlacklist", Verdict.ELSEWHERE, NumberBlocked),
        ("tencent", "AuthFailure.SignatureFailure", Verdict.MISCONFIGURED, SmsFailed),
        ("tencent", "RequestLimitExceeded", Verdict.ELSEWHERE, SmsFailed),
        ("gateway", "TOO_FREQUENT", Verdict.LIMITED, CarrierLimit),
    ],
)
def test_an_answer_says_what_to_do_next(provider, name, code, verdict, error):
    refusal = refused(provider(name), number=magic.number_for(name, code))

    assert (refusal.verdict, refusal.error) == (verdict, error)
    assert refusal.permanent is (verdict is Verdict.NUMBER)


@pytest.mark.parametrize(
    ("message_part", "wait"), [("分钟级", 60), ("小时级", 3600), ("Permits:10", 86400)]
)
def test_aliyun_s_limit_says_how_long_to_wait(provider, message_part, wait):
    number = magic.number_for("aliyun", "isv.BUSINESS_LIMIT_CONTROL", message_part)

    assert refused(provider("aliyun"), number=number).retry_after == timedelta(seconds=wait)


@pytest.mark.parametrize(
    ("name", "key", "code"),
    [
        ("aliyun", "access_key_secret", "SignatureDoesNotMatch"),
        ("aliyun", "access_key_id", "InvalidAccessKeyId.NotFound"),
        ("tencent", "secret_key", "AuthFailure.SignatureFailure"),
        ("tencent", "secret_id", "AuthFailure.SecretIdNotFound"),
        ("tencent", "app_id", "InvalidParameterValue.SdkAppIdNotExist"),
        ("gateway", "token", "UNAUTHORIZED"),
    ],
)
def test_a_wrong_key_of_ours_is_an_alarm(provider, configure, name, key, code):
    table = {**configure().sms.model_dump()[name], key: "wrong"}
    refusal = refused(provider(name, sms={name: table}))

    assert (refusal.code, refusal.verdict) == (code, Verdict.MISCONFIGURED)


@pytest.mark.parametrize(
    ("name", "minutes", "code"),
    [
        ("aliyun", 16, "InvalidTimeStamp.Expired"),
        ("aliyun", -16, "InvalidTimeStamp.Expired"),
        ("tencent", 6, "AuthFailure.SignatureExpire"),
        ("tencent", -6, "AuthFailure.SignatureExpire"),
    ],
)
def test_a_wrong_clock_of_ours_is_an_alarm(provider, monkeypatch, name, minutes, code):
    made = provider(name)
    cloud = {"aliyun": idp.clouds.aliyun.Aliyun, "tencent": idp.clouds.tencent.Tencent}[name]
    headers = cloud._headers

    def at_another_time(self, action, body):
        with time_machine.travel(timedelta(minutes=minutes), tick=False):
            return headers(self, action, body)

    monkeypatch.setattr(cloud, "_headers", at_another_time)
    assert refused(made).code == code


def test_aliyun_s_answers_at_the_root_as_well(provider, sandbox, configure):
    table = {**configure().sms.model_dump()["aliyun"], "endpoint": f"{sandbox.url}/"}
    provider("aliyun", sms={"aliyun": table}).send(message())

    assert len(sandbox.texts()) == 1


def test_a_notice_without_a_template_is_not_sent(provider, sandbox):
    assert refused(provider("tencent"), kind="new_sign_in").code == "no-template"
    assert sandbox.texts() == []


def test_the_gateway_gets_the_whole_text(provider, sandbox):
    provider("gateway").send(message())

    assert sandbox.texts() == [
        "【互通】您的验证码为012345，5分钟内有效，请勿泄露给他人。如非本人操作，请忽略本短信。"
    ]


def test_a_code_s_message_is_billed_as_one(provider, sandbox):
    provider("gateway").send(message())
    assert len(sandbox.texts()[0]) <= 70


def test_the_outbox_writes_a_file_only_its_owner_reads(provider, tmp_path: Path):
    provider("outbox").send(message())

    file = tmp_path / "outbox.jsonl"
    assert orjson.loads(file.read_bytes())["number"] == NUMBER
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ON_THE_WIRE)
@pytest.mark.parametrize("payload", [None, 1, "x", [1], [{}], {}, {"receipts": [{}]}])
def test_a_receipt_in_another_form_is_refused(name, payload):
    with pytest.raises(ReceiptMalformed):
        PROVIDERS[name].receipts(payload)


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_no_error_holds_the_number_or_the_code(provider, name):
    made = provider(name)
    for number in ("19900050001", "19900010005", "19900020014", "19900040001"):
        try:
            made.send(message(number))
        except (SmsRefused, SmsUnavailable) as error:
            assert not re.search(r"1990005|1990001|012345", repr(error))
