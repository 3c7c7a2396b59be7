"""The checks on offer, by the name settings use."""

from idp.carrier.base import NumberCheck
from idp.carrier.checks.aliyun_number import AliyunNumber

CHECKS: dict[str, type[NumberCheck]] = {
    "aliyun_number": AliyunNumber,
}
