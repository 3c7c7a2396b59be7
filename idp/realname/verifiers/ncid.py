"""国家网络身份认证公共服务: the network credential (网证), shown in the state's App (令第173号).

To be fitted to the platform's interface file, which is handed out with the contract only: paths,
names and the signature here are our own. What is known is kept to: the App returns data sealed
for one business number, our server hands it to the platform, and the platform answers with
nothing but a verdict and an identifier of the holder that is this organisation's alone.
"""

import re
import time
from collections.abc import Mapping
from typing import ClassVar, Self
from urllib.parse import urlencode

from idp.clouds.signed_json import SignedJson
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.realname.base import Answer, Begun, Outcome, Statement
from idp.realname.documents import NETWORK_CREDENTIAL, Document
from idp.settings import NetworkCredential, Settings, SettingsError

CREDENTIAL_ALONE = "0"
"""The mode: no password beside it, no face."""
PASSED = "0"

OUTCOMES: Mapping[str, Outcome] = {
    PASSED: Outcome.MATCH,
    "1": Outcome.MISMATCH,
    "2": Outcome.INVALID,
    "3": Outcome.RATE_LIMITED,
}
"""By ``authResult``: passed, not passed, data used before or of another business, too often."""
_PID = re.compile(r"[0-9A-Za-z_-]{8,128}")


class Ncid:
    name: ClassVar[str] = "ncid"
    method: ClassVar[str] = "network_credential"
    documents: ClassVar[frozenset[str]] = frozenset({NETWORK_CREDENTIAL})
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: NetworkCredential, http: Operator):
        self._config = config
        self._platform = SignedJson("ncid", config.endpoint, config.key, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.realname.ncid is None:
            raise SettingsError("realname.ncid: realname.verifiers names it, so it must be set")
        return cls(settings.realname.ncid, outbound.operator("ncid"))

    def begin(self, statement: Statement, reference: str, return_url: str) -> Begun | Answer:
        asked = {
            "orgId": self._config.org_id,
            "appId": self._config.app_id,
            "bizSeq": reference,
            "type": CREDENTIAL_ALONE,
            "returnUrl": return_url,
        }
        return Begun(f"{self._config.app_url}?{urlencode(asked)}", reference)

    def finish(self, token: str, statement: Statement, brought: Mapping[str, str]) -> Answer | None:
        shown = brought.get("idCardAuthData", "")
        if not shown:
            return None
        asked = {
            "orgId": self._config.org_id,
            "appId": self._config.app_id,
            "bizSeq": token,
            "mode": CREDENTIAL_ALONE,
            "idCardAuthData": shown,
            "timestamp": str(int(time.time())),
        }
        try:
            found = self._platform.post("/auth", asked, echoed=("bizSeq",))
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, token, failure.reason)
        said, pid = found.get("authResult", ""), found.get("pid", "")
        outcome = OUTCOMES.get(said, Outcome.UNAVAILABLE)
        if outcome is not Outcome.MATCH:
            return Answer(outcome, token, said)
        if not _PID.fullmatch(pid):
            return Answer(Outcome.UNAVAILABLE, token, "answer")
        return Answer(outcome, token, said, Document(NETWORK_CREDENTIAL, pid))
