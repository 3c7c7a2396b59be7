"""What the attacks share: passwords, and the way to the new one."""

from collections.abc import Callable

from tests.actors import Citizen

GOOD, NEW = "琴台 Lantern 7392", "Quiet-Harbour 5518 松"
OTHER, WRONG = "Another-Lantern 88 夜", "wrong password"
Citizens = Callable[..., Citizen]


def proven(citizen: Citizen) -> Citizen:
    """At the page that asks for the new password."""
    citizen.visits("/recover/").submits("send-code", phone=citizen.number)
    return citizen.submits("code-submit", sms_code=citizen.phone.code())
