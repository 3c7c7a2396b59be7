"""Receipts: pushed by the sandbox or by hand, counted once, welcome only where expected."""

import threading
import time

import flask
import pytest
from werkzeug.serving import make_server

from idp.errors import IdpError
from idp.sms import receipts
from idp.sms.errors import NotDelivered, ReceiptMalformed, ReceiptUnwelcome
from idp.sms.views import bp
from idp.store import sms as store
from tests.sms.conftest import asking, work

ALIYUN = {"success": True, "err_code": "DELIVERED", "biz_id": "1^0", "out_id": "x"}
TENCENT = {"report_status": "SUCCESS", "errmsg": "DELIVRD", "sid": "5000:1"}
GATEWAY = {"message_id": "1", "delivered": True, "reason": "DELIVERED"}
PUSHES = {
    "aliyun": ("1^0", [ALIYUN], [{**ALIYUN, "success": False}], {"code": 0, "msg": "接收成功"}),
    "tencent": (
        "5000:1",
        [TENCENT],
        [{**TENCENT, "report_status": "FAIL"}],
        {"result": 0, "errmsg": "OK"},
    ),
    "gateway": (
        "1",
        {"receipts": [GATEWAY]},
        {"receipts": [{**GATEWAY, "delivered": False}]},
        {"code": "0"},
    ),
}


def sent_by(sms, provider, message_id):
    sent = asking(sms)()
    store.expect_receipt(provider, message_id, store.digest(sent.challenge_id))
    return sent.challenge_id


@pytest.mark.parametrize("provider", PUSHES)
def test_a_receipt_says_delivered_and_is_answered_as_expected(sms, provider):
    message_id, good, _, answer = PUSHES[provider]
    challenge = sent_by(sms, provider, message_id)

    assert receipts.accept(provider, good) == answer
    assert sms.status(challenge, "b1").state == "delivered"


@pytest.mark.parametrize("provider", PUSHES)
def test_a_receipt_says_that_the_phone_was_not_reached(sms, provider):
    message_id, _, bad, _ = PUSHES[provider]
    challenge = sent_by(sms, provider, message_id)
    receipts.accept(provider, bad)

    assert isinstance(sms.status(challenge, "b1").error, NotDelivered)


@pytest.mark.parametrize("provider", PUSHES)
def test_a_repeated_receipt_changes_nothing_and_is_answered(sms, provider):
    message_id, good, bad, answer = PUSHES[provider]
    challenge = sent_by(sms, provider, message_id)
    receipts.accept(provider, good)

    assert receipts.accept(provider, bad) == answer
    assert sms.status(challenge, "b1").state == "delivered"


def test_a_receipt_for_a_message_of_another_provider_changes_nothing(sms):
    challenge = sent_by(sms, "tencent", "1^0")
    receipts.accept("aliyun", [ALIYUN])

    assert sms.status(challenge, "b1").state == "queued"


def test_a_receipt_that_overtakes_the_worker_is_not_undone(sms, ask, sandbox):
    sent = ask()
    store.move(store.digest(sent.challenge_id), "delivered")
    work(sms)

    assert sms.status(sent.challenge_id, "b1").state == "delivered"


def test_too_many_receipts_at_once_are_refused(sms):
    with pytest.raises(ReceiptMalformed):
        receipts.accept("aliyun", [ALIYUN] * 1001)


def test_an_unknown_provider_is_unwelcome(sms):
    with pytest.raises(ReceiptUnwelcome):
        receipts.accept("nobody", [])


def receiving(sms) -> flask.Flask:
    """The mounted view, as the lead mounts it."""
    app = flask.current_app._get_current_object()
    app.register_blueprint(bp)
    app.register_error_handler(IdpError, lambda e: (flask.jsonify(code=e.code), e.status))
    return app


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("aliyun/a-secret-path", 200),
        ("aliyun/another", 404),
        ("aliyun/秘密", 404),
        ("nobody/a-secret-path", 404),
    ],
)
def test_receipts_are_welcome_on_the_secret_path_only(sms, path, status):
    client = receiving(sms).test_client()

    assert client.post(f"/sms/receipts/{path}", json=[ALIYUN]).status_code == status


def test_receipts_are_off_without_a_path(make):
    client = receiving(make(sms={"receipt_path": ""})).test_client()

    assert client.post("/sms/receipts/aliyun/", json=[]).status_code == 404
    assert client.post("/sms/receipts/aliyun/x", json=[]).status_code == 404


def test_receipts_come_from_listed_networks_only(make):
    client = receiving(make(sms={"receipt_networks": ("192.0.2.0/24",)})).test_client()
    url = "/sms/receipts/aliyun/a-secret-path"

    near = {"REMOTE_ADDR": "192.0.2.9"}
    assert client.post(url, json=[ALIYUN], environ_base=near).status_code == 200
    assert client.post(url, json=[ALIYUN]).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_receipt_is_refused(sms, body):
    client = receiving(sms).test_client()
    answer = client.post("/sms/receipts/aliyun/a-secret-path", data=body)
    assert answer.status_code == 400


@pytest.fixture
def push_from(start_sandbox):
    """A sandbox that pushes one provider's receipts to an app that is listening."""
    servers = []

    def start(provider, app):
        server = make_server("127.0.0.1", 0, app, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/sms/receipts/{provider}/a-secret-path"
        pushed = {f"{provider}_receipts": url}
        return start_sandbox(per_minute=0, receipt_delay=0.1, receipt_retries=(0.1,), **pushed)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("provider", ["aliyun", "tencent", "gateway"])
@pytest.mark.parametrize(
    ("number", "state"),
    [("13800138000", "delivered"), ("19900050011", "refused"), ("19900050013", "delivered")],
)
def test_the_sandbox_s_receipts_arrive(make, push_from, configure, provider, number, state):
    sms = make(sms={"providers": (provider,)})
    pushing = push_from(provider, receiving(sms))
    path = {"aliyun": "/aliyun/", "tencent": "/tencent/", "gateway": "/gateway/send"}[provider]
    table = {**configure().sms.model_dump()[provider], "endpoint": f"{pushing.url}{path}"}
    sms = make(sms={"providers": (provider,), provider: table})
    sent = asking(sms)(number)
    work(sms)

    until = time.monotonic() + 3
    while sms.status(sent.challenge_id, "b1").state != state and time.monotonic() < until:
        time.sleep(0.02)
    assert sms.status(sent.challenge_id, "b1").state == state
