"""The receipts' address in the whole provider."""

import pytest

from idp import settings


@pytest.fixture
def configured(engines):
    sms = {"receipt_path": "a-secret-path"}
    return settings.load(environment="testing", sms=sms, **engines.settings)


def test_a_provider_s_push_needs_no_form_token(client):
    answer = client.post("/sms/receipts/aliyun/a-secret-path", json=[])

    assert (answer.status_code, answer.json) == (200, {"code": 0, "msg": "接收成功"})


def test_a_push_to_another_path_finds_nothing(client):
    assert client.post("/sms/receipts/aliyun/guess", json=[]).status_code == 404
