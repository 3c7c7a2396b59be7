"""Strangers who ask for codes keep out strangers only."""

import flask

from idp.services import services


class TestANetworkFullOfStrangers:
    def test_does_not_keep_out_who_was_here_before(self, inside: flask.Flask) -> None:
        limit = services.settings.sms.address_hour
        for number in range(limit):
            services.sms.request_code(f"137{number:08}", "login", f"b{number}", "198.51.100.9")
        sent = services.sms.request_code(
            "13900000001", "login", "mine", "198.51.100.9", proven_browser=True
        )
        assert sent.challenge_id
