"""While no provider takes messages, nobody may guess more often."""

import flask
import pytest

from idp.errors import IdpError
from idp.services import services
from idp.sms.errors import SmsQuotaReached


class TestAnOutageIsNoLicenceToGuess:
    @pytest.fixture
    def changes(self) -> dict[str, object]:
        sms = {
            "providers": ("gateway",),
            "gateway": {"endpoint": "http://127.0.0.1:9/none", "token": "x"},
            "number_minute": 1,
            "number_hour": 5,
            "number_day": 10,
        }
        return {"sms": sms}

    def test_guesses_at_one_number_are_bounded(self, inside: flask.Flask) -> None:
        judged = 0
        services.sms.work_once(1)
        for turn in range(30):
            try:
                sent = services.sms.request_code(
                    "13900000001", "login", f"browser{turn}", "198.51.100.1"
                )
            except SmsQuotaReached:
                break
            for code in range(5):
                try:
                    services.sms.check_code(
                        sent.challenge_id, f"{code:06}", "login", f"browser{turn}"
                    )
                except IdpError as error:
                    judged += error.code in {"HT-5011", "HT-5013"}
            services.sms.work_once(1)
        assert judged <= 25, judged

    def test_a_code_nobody_got_opens_nothing(self, inside: flask.Flask) -> None:
        services.sms.work_once(1)
        sent = services.sms.request_code("13900000001", "login", "b", "198.51.100.1")
        services.sms.work_once(1)
        with pytest.raises(IdpError) as told:
            services.sms.check_code(sent.challenge_id, "000000", "login", "b")
        assert told.value.code == "HT-5012"
