"""A developer's provider: messages go to a file under ``var_dir`` and to nobody's phone."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import orjson

from idp.outbound import Outbound
from idp.settings import Settings, SettingsError
from idp.sms.base import Accepted, Message, Receipt
from idp.sms.errors import ReceiptMalformed
from idp.sms.texts import render

FILE = "outbox.jsonl"


class Outbox:
    name: ClassVar[str] = "outbox"

    def __init__(self, file: Path, signature: str, minutes: int, site: str):
        self._file = file
        self._signature = signature
        self._minutes = str(minutes)
        self._site = site

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.environment == "production":
            raise SettingsError("sms.providers: outbox sends nothing, production cannot use it")
        minutes = int(settings.login.code_lifetime.total_seconds()) // 60
        return cls(settings.var_dir / FILE, settings.sms.signature, minutes, settings.issuer)

    def send(self, message: Message) -> Accepted:
        params = {"minutes": self._minutes, "site": self._site, **message.params}
        line = orjson.dumps(
            {
                "at": datetime.now(UTC),
                "number": message.number,
                "text": render(self._signature, message.kind, params),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
        return Accepted(self.name, message.reference)

    @staticmethod
    def receipts(payload: Any) -> list[Receipt]:
        raise ReceiptMalformed

    @staticmethod
    def receipts_answer() -> dict[str, Any]:
        return {}
