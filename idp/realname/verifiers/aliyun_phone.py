"""Aliyun cloudauth ``Mobile3MetaSimpleVerify``: name, ID number and the carrier's phone."""

from typing import ClassVar

from idp.realname.base import Answer, Statement
from idp.realname.verifiers.aliyun_register import AliyunRegister, answered

_OURS = "+86"


class AliyunPhone(AliyunRegister):
    name: ClassVar[str] = "aliyun_phone"
    method: ClassVar[str] = "register_phone"
    asks: ClassVar[tuple[str, ...]] = ("phone",)

    def check(self, statement: Statement) -> Answer:
        asked = {
            "ParamType": "normal",
            "Mobile": statement.phone.removeprefix(_OURS),
            "IdentifyNum": statement.document.number,
            "UserName": statement.name,
        }
        return answered(self._cloud, "Mobile3MetaSimpleVerify", asked)
