"""The platforms organisations are asked after at: numbered questions, signed answers.

To be fitted to the interface file each platform hands out with its contract: the shapes are
those the public guides describe, the names of the fields our own.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from idp.clouds.signed_json import SignedJson
from idp.organisations.base import Answer
from idp.outbound import Outbound, OutboundFailed
from idp.outcomes import Outcome
from idp.settings import Platform as Config
from idp.settings import SettingsError

OK = "0"
REFUSALS: Mapping[str, Outcome] = {
    "MISMATCH": Outcome.MISMATCH,
    "NO_RECORD": Outcome.NO_RECORD,
    "INVALID": Outcome.INVALID,
    "USED": Outcome.INVALID,
    "LIMITED": Outcome.RATE_LIMITED,
}
"""By ``code``; all others say that they or we are not ready."""


@dataclass(frozen=True)
class Platform:
    wire: SignedJson
    app_id: str

    @classmethod
    def opened(cls, name: str, config: Config | None, outbound: Outbound) -> Self:
        """Raises SettingsError where the operator has no such contract."""
        if config is None:
            raise SettingsError(f"organisations.{name}: organisations.verifiers needs it set")
        http = outbound.operator(f"organisations-{name}")
        return cls(SignedJson(name, config.endpoint, config.key, http), config.app_id)

    def get(self, path: str) -> dict[str, str] | Answer:
        try:
            return _read(self.wire.get(path, self._numbered({}), echoed=("nonce",)))
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, code=failure.reason)

    def post(self, path: str, asked: Mapping[str, str]) -> dict[str, str] | Answer:
        """What was answered; an ``Answer`` where that is no result."""
        try:
            return _read(self.wire.post(path, self._numbered(asked), echoed=("nonce",)))
        except OutboundFailed as failure:
            return Answer(Outcome.UNAVAILABLE, code=failure.reason)

    def _numbered(self, asked: Mapping[str, str]) -> dict[str, str]:
        """An answer repeats the number, so none is good for another question."""
        stamp = {"nonce": secrets.token_hex(16), "timestamp": str(int(time.time()))}
        return {**asked, "appId": self.app_id, **stamp}


def unreadable(reference: str = "") -> Answer:
    """An answer that is signed and makes no sense."""
    return Answer(Outcome.UNAVAILABLE, reference, "answer")


def _read(found: dict[str, str]) -> dict[str, str] | Answer:
    code = found.get("code", "")
    if code == OK:
        return found
    return Answer(REFUSALS.get(code, Outcome.UNAVAILABLE), code=code or "answer")
