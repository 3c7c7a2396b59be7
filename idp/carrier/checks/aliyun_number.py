"""Aliyun number encyclopaedia (号码百科): Dytnsapi 2020-02-17, DescribePhoneTwiceTelVerify."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from idp.carrier.base import Answer
from idp.clouds.aliyun import Aliyun
from idp.outbound import Operator, Outbound, OutboundFailed
from idp.settings import AliyunNumbers, Settings, SettingsError

VERSION = "2020-02-17"
ANSWERS: Mapping[str, Answer] = {
    "0": Answer.UNKNOWN,
    "1": Answer.REISSUED,
    "2": Answer.KEPT,
    "3": Answer.UNKNOWN,
    "4": Answer.REISSUED,
}
"""By ``VerifyResult``: undecided, re-issued, not re-issued, out of service (yet a code has just
arrived there), transferred to another holder."""
_BEIJING = ZoneInfo("Asia/Shanghai")
_OURS = "+86"


class AliyunNumber:
    name: ClassVar[str] = "aliyun_number"

    def __init__(self, config: AliyunNumbers, http: Operator):
        self._config = config
        self._cloud = Aliyun(VERSION, config, http)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self:
        if settings.carrier.aliyun is None:
            raise SettingsError("carrier.aliyun: carrier.checks names it, so it must be set")
        return cls(settings.carrier.aliyun, outbound.operator("aliyun-dytnsapi"))

    def answer(self, number: str, since: datetime) -> Answer:
        if not number.startswith(_OURS):
            return Answer.UNKNOWN
        asked = {
            "AuthCode": self._config.auth_code.get_secret_value(),
            "InputNumber": number.removeprefix(_OURS),
            "Mask": "NORMAL",
            "StartTime": since.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        }
        try:
            _, found = self._cloud.call("DescribePhoneTwiceTelVerify", asked)
        except OutboundFailed:
            return Answer.UNKNOWN
        data = found.get("Data")
        if found["Code"] != "OK" or not isinstance(data, dict):
            return Answer.UNKNOWN
        return ANSWERS.get(str(data.get("VerifyResult")), Answer.UNKNOWN)
