"""The next person at a shared browser finds no proof of who signed out, in any tab."""

from tests.actors import Citizen
from tests.attacks.people import NEW, Citizens, proven


def signs_in_and_out_in_another_tab(shared: Citizen) -> None:
    shared.signs_in_by_code("/login/?m=sms")
    assert shared.at == "/account/"
    shared.visits("/oauth/logout").submits("logout-yes")


def begins_to_sign_up(shared: Citizen) -> Citizen:
    shared.visits("/signup/").submits("send-code", phone=shared.number)
    return shared.submits("code-submit", sms_code=shared.phone.code())


def test_a_number_proven_in_an_old_tab_signs_nobody_in(wang: Citizen, citizens: Citizens) -> None:
    shared = begins_to_sign_up(citizens(wang.number))
    assert shared.at == "/signup/taken"
    old_tab, shared.page = shared.page, None
    signs_in_and_out_in_another_tab(shared)

    shared.page = old_tab
    query = old_tab.request.query_string.decode() if old_tab else ""
    shared.posts(f"/login/proven?{query}")

    assert shared.visits("/account/").at == "/login/"


def test_a_recovery_begun_in_an_old_tab_resets_nothing(wang: Citizen, citizens: Citizens) -> None:
    shared = proven(citizens(wang.number))
    old_tab, shared.page = shared.page, None
    signs_in_and_out_in_another_tab(shared)

    shared.page = old_tab
    shared.submits("password-submit", new_password=NEW)

    assert shared.at != "/recover/done"
