"""Signing up: number, code, agreement; nothing twice, nothing told to strangers."""

from tests.actors import Citizen


def test_a_new_number_signs_up_in_one_go_and_lands_signed_in(citizen: Citizen) -> None:
    citizen.visits("/login/?m=sms").submits("send-code", phone=citizen.number)
    citizen.submits("login-submit", sms_code=citizen.phone.code())
    assert citizen.at == "/signup/agreement"

    citizen.submits("signup-submit", agree="yes")

    assert (citizen.at, citizen.status) == ("/account/", 200)
    assert "138****0001" in citizen.text
