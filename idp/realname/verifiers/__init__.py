"""The verifiers on offer, by the name settings use."""

from idp.realname.base import Verifier
from idp.realname.verifiers.alipay_face import AlipayFace
from idp.realname.verifiers.aliyun_face import AliyunFace
from idp.realname.verifiers.aliyun_phone import AliyunPhone
from idp.realname.verifiers.aliyun_register import AliyunRegister
from idp.realname.verifiers.ncid import Ncid
from idp.realname.verifiers.tencent_bank_card import TencentBankCard
from idp.realname.verifiers.tencent_face import TencentFace
from idp.realname.verifiers.tencent_phone import TencentPhone
from idp.realname.verifiers.tencent_register import TencentRegister

VERIFIERS: dict[str, type[Verifier]] = {
    "tencent_register": TencentRegister,
    "aliyun_register": AliyunRegister,
    "tencent_phone": TencentPhone,
    "aliyun_phone": AliyunPhone,
    "tencent_bank_card": TencentBankCard,
    "tencent_face": TencentFace,
    "aliyun_face": AliyunFace,
    "alipay_face": AlipayFace,
    "ncid": Ncid,
}
