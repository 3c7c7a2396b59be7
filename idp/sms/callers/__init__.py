"""The services that read a code out by a phone call, by the name settings use."""

from idp.sms.base import SmsProvider
from idp.sms.callers.aliyun import AliyunVoice
from idp.sms.callers.tencent import TencentVoice

CALLERS: dict[str, type[SmsProvider]] = {
    "aliyun_voice": AliyunVoice,
    "tencent_voice": TencentVoice,
}
