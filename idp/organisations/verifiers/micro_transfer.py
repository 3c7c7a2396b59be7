"""对公打款: a random amount under one yuan, paid to the corporate account and read off there.

To be fitted to the interface file of the payer; see ``idp/organisations/platforms.py``.
"""

from typing import ClassVar, Self
from urllib.parse import quote

from idp.organisations.base import Answer, Paid, Payee, Payment
from idp.organisations.platforms import Platform, unreadable
from idp.outbound import Outbound
from idp.outcomes import Outcome
from idp.settings import Settings

LEAST, MOST = 1, 99
"""Fen."""
TRIES = {"0": 0, "1": 1, "2": 2, "3": 3}
_YUAN = 100


class MicroTransfer:
    name: ClassVar[str] = "micro_transfer"
    method: ClassVar[str] = "transfer"

    def __init__(self, platform: Platform):
        self._platform = platform

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        return cls(Platform.opened("transfer", settings.organisations.transfer, outbound))

    def pay(self, payee: Payee, reference: str) -> Paid | Answer:
        asked = {
            "bizSeq": reference,
            "accountName": payee.name,
            "accountNo": payee.account,
            "bankCode": payee.bank,
        }
        found = self._platform.post("/transfers", asked)
        return found if isinstance(found, Answer) else _paid(found, found.get("transferId", ""))

    def look(self, paid: str) -> Paid | Answer:
        found = self._platform.get(_path(paid))
        return found if isinstance(found, Answer) else _paid(found, paid)

    def confirm(self, paid: str, fen: int) -> Paid | Answer:
        if not LEAST <= fen <= MOST:  # no try is spent on what cannot be
            return Answer(Outcome.INVALID, paid, "amount")
        asked = {"amount": f"{fen // _YUAN}.{fen % _YUAN:02}"}
        found = self._platform.post(f"{_path(paid)}/verify", asked)
        return found if isinstance(found, Answer) else _paid(found, paid)


def _path(paid: str) -> str:
    return f"/transfers/{quote(paid, safe='')}"


def _paid(found: dict[str, str], expected: str) -> Paid | Answer:
    said, left = found.get("state", ""), found.get("triesLeft", "")
    ours = bool(expected) and found.get("transferId") == expected
    if not ours or said not in Payment.__members__ or left not in TRIES:
        return unreadable(expected)
    return Paid(expected, Payment(said), TRIES[left])
