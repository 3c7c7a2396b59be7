"""Tencent Cloud faceid ``BankCard4EVerification``: name, ID number, phone and bank card."""

from collections.abc import Mapping
from typing import ClassVar

from idp.realname.base import Answer, Outcome, Statement
from idp.realname.verifiers.tencent_register import TencentRegister, answered

OUTCOMES: Mapping[str, Outcome] = {
    "0": Outcome.MATCH,
    "-1": Outcome.MISMATCH,
    "-2": Outcome.INVALID,
    "-3": Outcome.INVALID,
    "-4": Outcome.INVALID,
    "-5": Outcome.MISMATCH,
    "-6": Outcome.NO_RECORD,
    "-8": Outcome.INVALID,
    "-9": Outcome.NO_RECORD,
    "-16": Outcome.NO_RECORD,
    "-17": Outcome.UNAVAILABLE,
    "-18": Outcome.RATE_LIMITED,
}
"""The other codes speak of the card itself (lost, expired, restricted): another card may do."""
_OURS = "+86"


class TencentBankCard(TencentRegister):
    name: ClassVar[str] = "tencent_bank_card"
    method: ClassVar[str] = "register_bank_card"
    asks: ClassVar[tuple[str, ...]] = ("phone", "bank_card")

    def check(self, statement: Statement) -> Answer:
        asked = {
            "Name": statement.name,
            "BankCard": statement.bank_card,
            "Phone": statement.phone.removeprefix(_OURS),
            "IdCard": statement.document.number,
            "CertType": "0",
        }
        answer = answered(self._cloud, "BankCard4EVerification", asked, OUTCOMES)
        if answer.code.lstrip("-").isdigit() and answer.code not in OUTCOMES:
            return Answer(Outcome.MISMATCH, answer.reference, answer.code)
        return answer
