"""A recovery rests on the number and the password it began with, and on who began it."""

from tests.actors import Citizen
from tests.attacks.people import GOOD, NEW, OTHER, Citizens, proven


class TestRecoveryIsOfTheNumberProven:
    def test_a_number_given_up_meanwhile_resets_nothing(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        thief = proven(citizens(wang.number))
        assert thief.at == "/recover/password"
        wang.phone.number = "13900000002"
        wang.visits("/account/phone").submits("send-code", phone="13900000002")
        wang.submits("phone-submit", sms_code=wang.phone.code())
        assert wang.at == "/account/"

        thief.submits("password-submit", new_password=NEW)

        assert thief.at != "/recover/done"
        assert citizens("13700000000").signs_in_by_password("wang_xm", NEW).status == 400

    def test_a_password_set_meanwhile_stays(self, wang: Citizen, citizens: Citizens) -> None:
        thief = proven(citizens(wang.number))
        wang.visits("/account/password")
        wang.submits("password-submit", password=GOOD, new_password=OTHER)

        thief.submits("password-submit", new_password=NEW)

        assert thief.at != "/recover/done"


class TestTheNextPersonAtTheBrowser:
    def test_cannot_finish_the_recovery_of_who_signed_in_instead(
        self, wang: Citizen, citizens: Citizens
    ) -> None:
        shared = proven(citizens(wang.number))
        page = shared.page
        query = page.request.query_string.decode()
        shared.visits(f"/login/?{query}&m=password")
        shared.submits("login-submit", username="wang_xm", password=GOOD)
        assert shared.at == "/account/"
        shared.visits("/oauth/logout").submits("logout-yes")

        shared.visits(f"/recover/password?{query}")

        assert shared.at != "/recover/password"
        shared.page = page
        shared.submits("password-submit", new_password=NEW)
        assert shared.at != "/recover/done"
