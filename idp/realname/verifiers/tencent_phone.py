"""Tencent Cloud faceid ``PhoneVerification``: name, ID number and the carrier's phone."""

from collections.abc import Mapping
from typing import ClassVar

from idp.realname.base import Answer, Outcome, Statement
from idp.realname.verifiers.tencent_register import TencentRegister, answered

OUTCOMES: Mapping[str, Outcome] = {
    "0": Outcome.MATCH,
    "-4": Outcome.MISMATCH,
    "-6": Outcome.INVALID,
    "-7": Outcome.INVALID,
    "-8": Outcome.INVALID,
    "-9": Outcome.NO_RECORD,
    "-11": Outcome.UNAVAILABLE,
    "-12": Outcome.RATE_LIMITED,
    "-13": Outcome.NO_RECORD,  # a number range the carriers' register does not cover
}
_OURS = "+86"


class TencentPhone(TencentRegister):
    name: ClassVar[str] = "tencent_phone"
    method: ClassVar[str] = "register_phone"
    asks: ClassVar[tuple[str, ...]] = ("phone",)

    def check(self, statement: Statement) -> Answer:
        asked = {
            "IdCard": statement.document.number,
            "Name": statement.name,
            "Phone": statement.phone.removeprefix(_OURS),
            "VerifyMode": "1",
        }
        return answered(self._cloud, "PhoneVerification", asked, OUTCOMES)
