"""The fake Aliyun answers as the real one does."""

import pytest

from tests.sandbox.conftest import aliyun, form


def test_a_message_is_taken_and_lies_in_the_inbox(client):
    answer = aliyun(client, form())

    assert answer.status_code == 200
    assert answer.json["Code"] == answer.json["Message"] == "OK"
    assert answer.json["BizId"].endswith("^0")
    assert answer.json["RequestId"]
    message = client.get("/phone/13800138000/messages").json[0]
    assert message["code"] == "012345"
    assert message["text"].startswith("【互通】您的验证码为012345，5分钟内有效")


def test_parameters_may_come_in_the_query(client):
    assert aliyun(client, form(), in_query=True).json["Code"] == "OK"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"secret": "wrong"}, 400, "SignatureDoesNotMatch"),
        ({"tamper": b"&OutId=1"}, 400, "SignatureDoesNotMatch"),
        ({"x_acs_date": "2020-01-01T00:00:00Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_date": "yesterday"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_version": "2020-01-01"}, 400, "InvalidVersion"),
        ({"x_acs_action": "SendMms"}, 404, "InvalidAction.NotFound"),
        ({"x_acs_signature_nonce": None}, 400, "SignatureNonceUsed"),
    ],
)
def test_the_gateway_s_errors_come_with_their_status(client, changes, status, code):
    answer = aliyun(client, form(), **changes)

    assert (answer.status_code, answer.json["Code"]) == (status, code)
    assert set(answer.json) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert client.get("/phone/13800138000/messages").json == []


def test_a_nonce_is_used_once(client):
    assert aliyun(client, form(), x_acs_signature_nonce="n").json["Code"] == "OK"

    again = aliyun(client, form("13800138001"), x_acs_signature_nonce="n")
    assert (again.status_code, again.json["Code"]) == (400, "SignatureNonceUsed")


def test_without_a_signature_nothing_is_taken(client):
    answer = client.post("/aliyun/", data=form())
    assert (answer.status_code, answer.json["Code"]) == (400, "IncompleteSignature")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PhoneNumbers": "123"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"TemplateCode": "x"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": '{"code":12345}'}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "{"}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": '{"code":"1"}'}, "isv.TEMPLATE_PARAMS_ILLEGAL"),
        ({"TemplateParam": '{"x":"http://a"}'}, "isv.PARAM_NOT_SUPPORT_URL"),
        ({"SignName": None}, "MissingSignName"),
    ],
)
def test_business_errors_come_with_status_200(client, changes, code):
    answer = aliyun(client, form(**changes))

    assert answer.json["Code"] == code
    assert answer.status_code == (400 if code.startswith("Missing") else 200)
    assert "BizId" not in answer.json


@pytest.mark.parametrize(
    ("options", "sent", "message"),
    [
        ({}, 1, "触发分钟级流控Permits:1"),
        ({"per_minute": 0}, 5, "触发小时级流控Permits:5"),
        ({"per_minute": 0, "per_hour": 0}, 10, "触发天级流控Permits:10"),
        ({"per_minute": 0, "per_hour": 0, "per_day": 0}, 40, "触发号码天级流控Permits:40"),
    ],
)
def test_a_number_s_limits_are_those_of_the_wire(open_client, options, sent, message):
    client = open_client(**options)
    for _ in range(sent):
        assert aliyun(client, form()).json["Code"] == "OK"

    refused = aliyun(client, form())
    assert refused.json["Code"] == "isv.BUSINESS_LIMIT_CONTROL"
    assert refused.json["Message"] == message
    assert aliyun(client, form("13800138001")).json["Code"] == "OK"


def test_a_limit_is_for_each_signature(client):
    assert aliyun(client, form()).json["Code"] == "OK"
    assert aliyun(client, form(SignName="社保")).json["Code"] == "OK"
