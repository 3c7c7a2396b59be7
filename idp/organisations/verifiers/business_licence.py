"""电子营业执照: an e-business licence, shown by scanning our picture with its mini program.

To be fitted to the interface file of the licence system; see ``idp/organisations/platforms.py``.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Self
from urllib.parse import quote

from idp.organisations import uscc
from idp.organisations.base import Answer, Licence, Role, Scan, Seen, Shown
from idp.organisations.errors import CreditCodeMalformed
from idp.organisations.platforms import Platform, unreadable
from idp.outbound import Outbound
from idp.settings import Settings

ROLES: Mapping[str, Role] = {
    "1": Role.LEGAL_PERSON,
    "2": Role.ADMINISTRATOR,
    "3": Role.CLERK,
}
"""By ``holderType``: 法定代表人, 证照管理员, 办事人员."""
_SECONDS = re.compile(r"[0-9]{1,10}")


class BusinessLicence:
    name: ClassVar[str] = "business_licence"
    method: ClassVar[str] = "licence"

    def __init__(self, platform: Platform):
        self._platform = platform

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        return cls(Platform.opened("licence", settings.organisations.licence, outbound))

    def show(self) -> Shown | Answer:
        found = self._platform.post("/qr", {"bizType": "login"})
        if isinstance(found, Answer):
            return found
        shown, content, until = (found.get(n, "") for n in ("qrId", "qrContent", "expireAt"))
        if not shown or not content or not _SECONDS.fullmatch(until):
            return unreadable(shown)
        return Shown(shown, content, datetime.fromtimestamp(int(until), UTC))

    def look(self, shown: str) -> Seen | Answer:
        found = self._platform.get(f"/qr/{quote(shown, safe='')}")
        if isinstance(found, Answer):
            return found
        said, code = found.get("state", ""), found.get("authCode", "")
        known = said in Scan.__members__ and found.get("qrId") == shown
        if not known or bool(code) != (said == Scan.CONFIRMED.value):
            return unreadable(shown)
        return Seen(Scan(said), code)

    def read(self, code: str) -> Licence | Answer:
        found = self._platform.post("/license/info", {"authCode": code})
        return found if isinstance(found, Answer) else _licence(found)


def _licence(found: Mapping[str, str]) -> Licence | Answer:
    names = ("entname", "legalPerson", "holderName", "holderCertNo", "holderType")
    name, legal_person, holder, number, role = (found.get(each, "") for each in names)
    try:
        code = uscc.read(found.get("uniscid", ""))
    except CreditCodeMalformed:
        return unreadable()
    if not name or not holder or role not in ROLES:
        return unreadable()
    return Licence(code, name, legal_person, holder, number, ROLES[role])
