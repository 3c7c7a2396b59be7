"""The fake Tencent Cloud answers as the real one does: always 200, errors in the body."""

import pytest

from tests.sandbox.conftest import body, tencent


def error(answer):
    assert answer.status_code == 200
    assert answer.json["Response"]["RequestId"]
    return answer.json["Response"]["Error"]["Code"]


def statuses(answer):
    return [status["Code"] for status in answer.json["Response"]["SendStatusSet"]]


def test_a_message_is_taken_and_lies_in_the_inbox(client):
    status = tencent(client, body()).json["Response"]["SendStatusSet"][0]

    assert status["Code"] == "Ok"
    assert status["SerialNo"]
    assert status["SessionContext"] == "ours"
    assert client.get("/phone/+8613800138000/messages").json[0]["code"] == "012345"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"late": -310}, "AuthFailure.SignatureExpire"),
        ({"late": 310}, "AuthFailure.SignatureExpire"),
        ({"headers": {"Authorization": None}}, "AuthFailure.SignatureFailure"),
        ({"headers": {"X-TC-Region": None}}, "MissingParameter"),
        ({"headers": {"X-TC-Version": "2019-07-11"}}, "InvalidAction"),
    ],
)
def test_a_request_that_fails_says_so_for_the_whole(client, changes, code):
    assert error(tencent(client, body(), **changes)) == code
    assert client.get("/phone/13800138000/messages").json == []


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"{", "InvalidParameter"),
        (b"[]", "InvalidParameter"),
        (body(PhoneNumberSet=[]), "MissingParameter"),
        (body(PhoneNumberSet="x"), "InvalidParameterValue"),
        (body(SmsSdkAppId="1"), "InvalidParameterValue.SdkAppIdNotExist"),
    ],
)
def test_a_body_that_is_wrong_is_refused(client, sent, code):
    assert error(tencent(client, sent)) == code


def test_one_number_s_failure_is_its_own(client):
    numbers = ("+8613800138000", "123", "+8619900020011")

    assert statuses(tencent(client, body(*numbers))) == [
        "Ok",
        "InvalidParameterValue.IncorrectPhoneNumber",
        "FailedOperation.PhoneNumberInBlacklist",
    ]


def test_the_same_content_waits_thirty_seconds_and_other_content_does_not(client):
    assert statuses(tencent(client, body())) == ["Ok"]
    again = tencent(client, body())
    assert statuses(again) == ["LimitExceeded.PhoneNumberThirtySecondLimit"]
    assert statuses(tencent(client, body(TemplateParamSet=["999999"]))) == ["Ok"]


def test_a_number_has_ten_messages_a_day(client):
    for n in range(10):
        assert statuses(tencent(client, body(TemplateParamSet=[f"00000{n}"]))) == ["Ok"]

    refused = tencent(client, body(TemplateParamSet=["123456"]))
    assert statuses(refused) == ["LimitExceeded.PhoneNumberDailyLimit"]
