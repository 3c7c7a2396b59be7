"""Codes: who may have one, what proves a number, and that it does so once."""

import re
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
import redis as redis_py
import time_machine
from flask import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

from idp.sms.errors import (
    BadNumber,
    BrowserQuotaReached,
    BudgetSpent,
    CodeExpired,
    DayQuotaReached,
    HourQuotaReached,
    PlaceQuotaReached,
    SmsNotConfigured,
    SmsQuotaReached,
    TooManyTries,
    WrongCode,
)
from idp.store.engines import redis
from idp.store.servers import Server
from tests.sms.conftest import CLOSED, NUMBER, asking, work


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_read_from_the_phone_proves_the_number(sms, ask, sandbox):
    sent = ask("138 0013 8000")
    work(sms)

    assert sent.masked == "138****8000"
    assert re.fullmatch(r"\d{6}", sandbox.code())
    assert sms.check_code(sent.challenge_id, sandbox.code(), "login", "b1") == NUMBER


def test_a_code_is_used_once(sms, ask, sandbox):
    sent = ask()
    work(sms)
    sms.check_code(sent.challenge_id, sandbox.code(), "login", "b1")

    with pytest.raises(CodeExpired):
        sms.check_code(sent.challenge_id, sandbox.code(), "login", "b1")


@pytest.mark.parametrize(("purpose", "browser"), [("signup", "b1"), ("login", "b2")])
def test_a_code_is_bound_to_purpose_and_browser_and_strangers_spend_no_try(
    sms, ask, sandbox, purpose, browser
):
    sent = ask()
    work(sms)
    for _ in range(10):
        with pytest.raises(CodeExpired):
            sms.check_code(sent.challenge_id, sandbox.code(), purpose, browser)

    assert sms.check_code(sent.challenge_id, sandbox.code(), "login", "b1") == NUMBER


def test_the_fifth_wrong_try_voids_the_code(sms, ask, sandbox):
    sent = ask()
    work(sms)
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongCode) as failure:
            sms.check_code(sent.challenge_id, wrong(sandbox.code()), "login", "b1")
        assert failure.value.params == {"left": left}

    for entered in (wrong(sandbox.code()), sandbox.code()):
        with pytest.raises(TooManyTries):
            sms.check_code(sent.challenge_id, entered, "login", "b1")


@pytest.mark.parametrize("entered", ["", "1", "12345678", "abcdef", "١٢٣٤٥٦", "\x00", "💡" * 6])
def test_any_text_may_be_entered(sms, ask, entered):
    with pytest.raises(WrongCode):
        sms.check_code(ask().challenge_id, entered, "login", "b1")


def test_an_unknown_challenge_has_expired(sms):
    with pytest.raises(CodeExpired):
        sms.check_code("made-up", "123456", "login", "b1")


def test_a_code_expires(make):
    sms = make(login={"code_lifetime": 0.05})
    sent = asking(sms)()
    threading.Event().wait(0.1)

    with pytest.raises(CodeExpired):
        sms.check_code(sent.challenge_id, "123456", "login", "b1")


def test_a_new_code_replaces_the_one_before_in_the_same_place_only(sms, ask):
    first = ask(interaction="i1")
    other_tab = ask(interaction="i2")
    ask(interaction="i1")

    with pytest.raises(CodeExpired):
        sms.status(first.challenge_id, "b1")
    assert sms.status(other_tab.challenge_id, "b1").state == "queued"


def test_of_parallel_right_entries_one_wins(sms, ask, sandbox):
    sent = ask()
    work(sms)
    code, app, won = sandbox.code(), current_app._get_current_object(), []

    def enter():
        with app.app_context(), suppress(CodeExpired, TooManyTries):
            won.append(sms.check_code(sent.challenge_id, code, "login", "b1"))

    threads = [threading.Thread(target=enter) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert won == [NUMBER]


def test_of_parallel_guesses_no_more_than_five_are_compared(sms, ask, sandbox):
    sent = ask()
    work(sms)
    guess, app, compared = wrong(sandbox.code()), current_app._get_current_object(), []

    def enter():
        with app.app_context():
            try:
                sms.check_code(sent.challenge_id, guess, "login", "b1")
            except WrongCode:
                compared.append(1)
            except TooManyTries:
                pass

    threads = [threading.Thread(target=enter) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(compared) == 4  # the fifth says "too many" itself


def test_nothing_in_redis_shows_number_or_code(sms, ask, sandbox):
    ask()
    dumped = b"".join(redis.dump(key) or b"" for key in redis.keys("*"))
    keys = b" ".join(redis.keys("*"))
    work(sms)

    for secret in (b"13800138000", sandbox.code().encode()):
        assert secret not in dumped + keys


def test_a_number_nobody_may_write_to_gets_the_same_answer_and_no_message(sms, ask, sandbox):
    sent = ask(deliver=False)
    assert sms.status(sent.challenge_id, "b1").state == "queued"
    work(sms)

    for seconds, state in ((1, "sent"), (7, "delivered")):
        with time_machine.travel(timedelta(seconds=seconds)):
            assert sms.status(sent.challenge_id, "b1").state == state
    assert sent.masked == "138****8000"
    assert sandbox.texts() == []
    with pytest.raises(WrongCode):
        sms.check_code(sent.challenge_id, "000000", "login", "b1")


def test_without_receipts_nothing_seems_delivered(make):
    sms = make(sms={"receipt_path": ""})
    sent = asking(sms)(deliver=False)

    with time_machine.travel(timedelta(minutes=4)):
        assert sms.status(sent.challenge_id, "b1").state == "sent"


def test_a_bad_number_is_refused_before_anything_is_counted(sms, ask):
    with pytest.raises(BadNumber):
        ask("12345")
    assert redis.keys("*") == []


def test_one_code_a_minute_five_an_hour_ten_a_day(make):
    sms = make(sms=CLOSED)
    ask = asking(sms)

    ask(proven_browser=True)
    with pytest.raises(SmsQuotaReached) as failure:
        ask(proven_browser=True)
    assert type(failure.value) is SmsQuotaReached
    assert 58 <= failure.value.params["seconds"] <= 60


def fill(sms, times, **asked):
    """Codes already sent some minutes ago, written as the store writes them."""
    phone = sms._sealer.index("phone", NUMBER)
    now = redis.time()
    at = now[0] * 1000 - asked.pop("ago") * 1000
    key = f"{{sms}}:q:number:{phone}"
    redis.zadd(key, {f"{asked['mark']}{n}{at}": at + n for n in range(times)})


def test_an_hour_s_codes_are_spent_by_proven_browsers_only_up_to_the_limit(make):
    sms = make(sms=CLOSED)
    fill(sms, 5, mark="p", ago=600)

    with pytest.raises(HourQuotaReached) as failure:
        asking(sms)(proven_browser=True)
    assert 49 <= failure.value.params["minutes"] <= 51


def test_a_day_s_codes_are_spent_up_to_the_limit(make):
    sms = make(sms=CLOSED)
    fill(sms, 10, mark="p", ago=7200)

    with pytest.raises(DayQuotaReached):
        asking(sms)(proven_browser=True)


def test_yesterday_s_codes_do_not_count(make):
    sms = make(sms=CLOSED)
    fill(sms, 10, mark="p", ago=86_500)

    asking(sms)()


def test_strangers_cannot_spend_the_share_of_browsers_that_proved_the_number(make):
    sms = make(sms=CLOSED)
    fill(sms, 3, mark="s", ago=600)

    with pytest.raises(HourQuotaReached):
        asking(sms)(proven_browser=False, browser="stranger")
    asking(sms)(proven_browser=True)


def test_half_a_day_s_codes_are_kept_too(make):
    sms = make(sms=CLOSED)
    fill(sms, 5, mark="s", ago=7200)

    with pytest.raises(DayQuotaReached):
        asking(sms)(proven_browser=False)
    asking(sms)(proven_browser=True)


def test_a_browser_has_a_day_s_limit_for_all_numbers(make):
    ask = asking(make(sms={"device_day": 2}))
    ask("13800138001")
    ask("13800138002")

    with pytest.raises(BrowserQuotaReached):
        ask("13800138003")
    ask("13800138003", browser="b2")


def test_an_address_range_has_a_limit_and_a_hall_a_larger_one(make):
    ask = asking(make(sms={"address_hour": 2, "halls": ("198.51.100.7/32",), "hall_hour": 4}))
    for n in range(2):
        ask(f"1380013800{n}", browser=f"b{n}", address=f"203.0.113.{n}")

    with pytest.raises(PlaceQuotaReached) as failure:
        ask("13800138009", browser="b9", address="203.0.113.200")
    assert failure.value.params["minutes"] == 60
    ask("13800138009", browser="b9", address="203.0.114.200")
    for n in range(4):
        ask(f"1390013800{n}", browser=f"h{n}", address="198.51.100.7")
    with pytest.raises(PlaceQuotaReached):
        ask("13900138009", browser="h9", address="198.51.100.7")


@pytest.mark.parametrize("address", ["2001:db8:1:2::1", "::ffff:192.0.2.1", "", "nonsense"])
def test_any_address_is_counted_somewhere(make, address):
    ask = asking(make(sms={"address_hour": 1}))
    ask("13800138001", address=address)

    with pytest.raises(PlaceQuotaReached):
        ask("13800138002", browser="b2", address=address)


def test_a_spent_budget_leaves_codes_for_proven_browsers(make, caplog):
    ask = asking(make(sms={"day_budget": 2}))
    ask("13800138001")
    ask("13800138002")

    with pytest.raises(BudgetSpent):
        ask("13800138003")
    ask("13800138003", proven_browser=True)


def test_the_budget_raises_the_alarm_once_at_each_mark(make, capsys):
    sms = make(sms={"day_budget": 10, "device_day": 100})
    for n in range(10):
        asking(sms)(f"1380013800{n}")

    events = [dict(f) for k in redis.keys("*audit") for _, f in redis.xrange(k)]
    assert sum(b"sms.budget_near" in b" ".join(event.values()) for event in events) == 2


def test_a_refusal_leaves_nothing_counted(make):
    sms = make(sms={**CLOSED, "device_day": 2})
    ask = asking(sms)
    ask()
    for _ in range(5):
        with pytest.raises(SmsQuotaReached):
            ask()

    ask("13800138001")


def test_parallel_requests_for_one_number_get_one_code(make):
    sms = make(sms=CLOSED)
    app, granted = current_app._get_current_object(), []

    def request(n):
        with app.app_context(), suppress(SmsQuotaReached):
            granted.append(asking(sms)(browser=f"b{n}"))

    threads = [threading.Thread(target=request, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(granted) == 1


def test_without_redis_no_code_is_given(sms, ask):
    current_app.extensions["redis"] = Server(
        unix_socket_path="/nonexistent.sock", retry=Retry(NoBackoff(), 0)
    )

    with pytest.raises(redis_py.ConnectionError):
        ask()


def test_without_a_provider_the_answer_says_so(make):
    with pytest.raises(SmsNotConfigured):
        asking(make(sms={"providers": ()}))()


def test_the_budget_s_day_ends_at_midnight_in_beijing(make):
    with time_machine.travel("2026-11-22T15:59:00Z", tick=True):
        asking(make())()
        assert redis.keys("*budget*") == [b"{sms}:q:budget:20261122"]
    with time_machine.travel("2026-11-22T16:01:00Z", tick=True):
        asking(make())()
        assert redis.keys("*budget*") == [b"{sms}:q:budget:20261123"]
