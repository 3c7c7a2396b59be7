"""The way of a queued message: to a provider, to the next one, and what comes of a dead worker."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from idp.settings import SettingsError
from idp.sms import queue
from idp.sms.errors import (
    OUTCOMES,
    CarrierLimit,
    CodeExpired,
    NumberRefused,
    SmsFailed,
    SmsUnconfirmed,
)
from idp.sms.metrics import SENT
from idp.store import sms as store
from idp.store.engines import redis
from sandbox import magic
from tests.sms.conftest import NUMBER, asking, work

ALL_DOWN, ALL_BROKEN = "19900050001", "19900050002"
ALIYUN_DOWN, ALIYUN_SLOW = "19900050003", "19900050008"


def status_after(sms, number):
    sent = asking(sms)(number)
    work(sms)
    return sms.status(sent.challenge_id, "b1")


def events():
    return [fields for key in redis.keys("*audit") for _, fields in redis.xrange(key)]


def test_a_message_goes_to_the_first_provider_and_says_sent(sms, ask, sandbox):
    sent = ask()
    assert sms.status(sent.challenge_id, "b1").state == "queued"
    assert store.waiting() == 1

    assert work(sms) == 1

    assert sms.status(sent.challenge_id, "b1").state == "sent"
    assert [text.via for text in sandbox.inbox.of("13800138000")] == ["阿里云"]
    assert store.waiting() == 0
    assert sandbox.texts()[0].startswith("【互通】您的验证码为")


def test_the_worker_s_turn_works_inside_an_app_context(sms, ask, sandbox):
    ask()
    for _ in range(2):
        queue.work_once(1)
    assert len(sandbox.texts()) == 1


def test_a_status_is_for_its_own_browser(sms, ask):
    sent = ask()
    with pytest.raises(CodeExpired):
        sms.status(sent.challenge_id, "b2")


@pytest.mark.parametrize("number", [ALIYUN_DOWN, "19900050004"])
def test_a_provider_that_is_down_is_replaced_by_the_next(sms, sandbox, number):
    assert status_after(sms, number).state == "sent"
    assert [text.via for text in sandbox.inbox.of(number)] == ["腾讯云"]


def test_a_provider_that_is_slow_is_replaced_by_the_next(sms, sandbox):
    started = time.monotonic()
    assert status_after(sms, ALIYUN_SLOW).state == "sent"
    assert time.monotonic() - started < 3
    assert "腾讯云" in [text.via for text in sandbox.inbox.of(ALIYUN_SLOW)]


@pytest.mark.parametrize("number", [ALL_BROKEN, ALL_DOWN])
def test_when_every_provider_fails_the_person_is_told(sms, number):
    status = status_after(sms, number)

    assert status.state == "refused"
    assert isinstance(status.error, SmsFailed | SmsUnconfirmed)


def test_a_number_nobody_could_write_to_may_ask_again_at_once(make):
    sms = make(sms={"number_minute": 1, "providers": ("gateway",)})
    busy = magic.number_for("gateway", "BUSY")
    assert isinstance(status_after(sms, busy).error, SmsFailed)

    asking(sms)(busy)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", NumberRefused),
        ("isv.BUSINESS_LIMIT_CONTROL", CarrierLimit),
    ],
)
def test_what_is_final_for_a_number_is_not_tried_elsewhere(sms, sandbox, code, error):
    number = magic.number_for("aliyun", code)

    status = status_after(sms, number)

    assert (status.state, type(status.error)) == ("refused", error)
    assert sandbox.inbox.of(number) == []


def test_every_other_refusal_of_the_first_provider_reaches_the_person_by_the_second(sms, sandbox):
    codes = {entry.code for entry in magic.ALIYUN} - {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        "isv.BUSINESS_LIMIT_CONTROL",
    }
    numbers = [magic.number_for("aliyun", code) for code in sorted(codes)]
    for turn, number in enumerate(numbers):
        asking(sms)(number, browser=f"b{turn}")
    for _ in range(len(numbers)):
        sms.work_once(1)

    assert [[t.via for t in sandbox.inbox.of(n)] for n in numbers] == [["腾讯云"]] * len(numbers)


def test_no_notice_s_missing_template_stops_the_next_provider(sms, sandbox, make):
    sms = make(sms={"providers": ("tencent", "aliyun")})
    assert sms.send_notice(NUMBER, "new_sign_in")
    work(sms)

    assert [text.via for text in sandbox.inbox.of("13800138000")] == ["阿里云"]


def test_notices_have_a_limit_of_their_own(make):
    sms = make(sms={"notice_day": 2})

    assert [sms.send_notice(NUMBER, "new_sign_in") for _ in range(3)] == [True, True, False]


def test_without_a_provider_a_notice_is_not_queued(make):
    assert not make(sms={"providers": ()}).send_notice(NUMBER, "new_sign_in")


def test_the_trail_says_what_was_sent_and_never_to_whom(sms, ask):
    ask()
    ask(magic.number_for("aliyun", "isv.MOBILE_NUMBER_ILLEGAL"), browser="b2")
    work(sms)

    text = b"\n".join(b" ".join(e.keys()) + b" ".join(e.values()) for e in events())
    assert b"code.sent" in text
    assert b"HT-5021" in text
    assert b"1380013" not in text
    assert b"1990001" not in text


def take_by_a_worker_that_dies(provider="", outcome=""):
    """What is left when a worker is killed: a job read, perhaps an attempt written down."""
    entries = store.read("dead", 8, 1) or store.read("dead", 8, 1)
    for entry in entries:
        if provider:
            assert store.begin_attempt(entry.fields["job"], provider) == ""
        if outcome:
            store.end_attempt(entry.fields["job"], provider, outcome)
    return [entry.id for entry in entries]


def grow_silent(ids, seconds=31):
    redis.xclaim(store.QUEUE, store.GROUP, "dead", 0, ids, idle=seconds * 1000)


def test_a_dead_worker_s_job_is_taken_over_after_thirty_seconds(sms, ask, sandbox):
    ask()
    ids = take_by_a_worker_that_dies()
    grow_silent(ids, seconds=28)
    work(sms)
    assert sandbox.texts() == []

    grow_silent(ids)
    work(sms)
    assert len(sandbox.texts()) == 1
    assert store.waiting() == 0


def test_a_provider_that_may_have_sent_it_is_not_asked_again(sms, ask, sandbox):
    sent = ask()
    grow_silent(take_by_a_worker_that_dies("aliyun"))
    work(sms)

    assert [text.via for text in sandbox.inbox.of("13800138000")] == ["腾讯云"]
    assert sms.status(sent.challenge_id, "b1").state == "sent"


def test_with_one_provider_the_person_learns_that_a_message_may_come(make, sandbox):
    sms = make(sms={"providers": ("aliyun",)})
    sent = asking(sms)()
    grow_silent(take_by_a_worker_that_dies("aliyun"))
    work(sms)

    assert sandbox.texts() == []
    assert isinstance(sms.status(sent.challenge_id, "b1").error, SmsUnconfirmed)


def test_a_message_known_to_be_sent_is_not_sent_again(sms, ask, sandbox):
    sent = ask()
    grow_silent(take_by_a_worker_that_dies("aliyun", "accepted"))
    work(sms)

    assert sandbox.texts() == []
    assert sms.status(sent.challenge_id, "b1").state == "sent"


def test_a_final_answer_is_remembered_over_a_worker_s_death(sms, ask, sandbox):
    sent = ask()
    grow_silent(take_by_a_worker_that_dies("aliyun", NumberRefused.code))
    work(sms)

    assert sandbox.texts() == []
    assert isinstance(sms.status(sent.challenge_id, "b1").error, NumberRefused)


def test_a_job_is_taken_over_once(sms, ask, sandbox):
    ask()
    ids = take_by_a_worker_that_dies()
    job = redis.xrange(store.QUEUE)[0][1][b"job"].decode()
    assert not store.taken_over_before(job)
    grow_silent(ids)
    work(sms)

    assert sandbox.texts() == []
    assert store.waiting() == 0


def test_a_job_too_late_for_its_code_is_dropped(make, sandbox):
    sms = make(login={"code_lifetime": 0.05})
    asking(sms)()
    time.sleep(0.1)
    before = SENT.labels("none", "too-late")._value.get()
    work(sms)

    assert sandbox.texts() == []
    assert store.waiting() == 0
    assert SENT.labels("none", "too-late")._value.get() == before + 1


def test_an_unattended_queue_forgets_what_is_too_old(sms, ask):
    old = int((datetime.now(UTC) - timedelta(hours=2)).timestamp() * 1000)
    for n in range(300):
        redis.xadd(store.QUEUE, {"job": "x", "sealed": "x"}, id=f"{old}-{n + 1}")
    ask()

    assert store.waiting() < 300


def test_a_new_worker_forgets_those_long_dead_who_left_nothing(sms, ask, monkeypatch):
    ask()
    take_by_a_worker_that_dies()
    redis.xgroup_createconsumer(store.QUEUE, store.GROUP, "long-dead")
    monkeypatch.setattr(store, "KEPT", timedelta(milliseconds=1))
    time.sleep(0.01)
    store.forget_dead_workers()

    names = [c["name"] for c in redis.xinfo_consumers(store.QUEUE, store.GROUP)]
    assert names == [b"dead"]


@pytest.mark.parametrize("sealed", ["intl.k1.AAAA", "intl.k9.AAAA", "x"])
def test_a_job_that_cannot_be_opened_is_given_up_and_others_go_on(sms, ask, sandbox, sealed):
    """It was damaged, or its key was dropped meanwhile."""
    store.enqueue({"job": "x", "sealed": sealed})
    ask()
    work(sms)

    assert len(sandbox.texts()) == 1
    assert store.waiting() == 0


def test_every_outcome_has_words_for_the_person():
    for error in OUTCOMES.values():
        assert error.message
        assert error.next_step


def test_a_worker_killed_while_sending_loses_nothing_and_repeats_nothing(make, sandbox):
    sms = make(outbound={"timeout": 5})
    sent = asking(sms)(ALIYUN_SLOW)
    store.read("first", 1, 1)  # makes the group, so that the child's first turn finds the job
    child = os.fork()
    if not child:
        for _ in range(3):
            sms.work_once(1)
        os._exit(0)
    time.sleep(0.4)  # the provider takes a second to answer
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    ids = [
        entry["message_id"] for entry in redis.xpending_range(store.QUEUE, "workers", "-", "+", 9)
    ]
    assert len(ids) == 1
    grow_silent(ids)
    work(sms)

    assert sms.status(sent.challenge_id, "b1").state == "sent"
    assert sorted(t.via for t in sandbox.inbox.of(ALIYUN_SLOW)).count("腾讯云") == 1
    assert sms.check_code(sent.challenge_id, sandbox.code(ALIYUN_SLOW), "login", "b1")


@pytest.mark.parametrize(
    "changes",
    [
        {"sms": {"providers": ("nobody",)}},
        {"sms": {"halls": ("the hall",)}},
        {"sms": {"receipt_networks": ("10.0.0.0/33",)}},
        {"outbound": {"timeout": 15}},
    ],
)
def test_settings_that_make_no_sense_stop_the_start(make, changes):
    with pytest.raises(SettingsError):
        make(**changes)


def test_a_notice_nobody_wrote_is_a_mistake_of_ours(sms):
    with pytest.raises(ValueError, match="unheard_of"):
        sms.send_notice(NUMBER, "unheard_of")
