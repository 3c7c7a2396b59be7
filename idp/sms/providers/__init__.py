"""The text message providers on offer, by the name settings use."""

from idp.sms.base import SmsProvider
from idp.sms.providers.aliyun import Aliyun
from idp.sms.providers.gateway import Gateway
from idp.sms.providers.outbox import Outbox
from idp.sms.providers.tencent import Tencent

PROVIDERS: dict[str, type[SmsProvider]] = {
    "aliyun": Aliyun,
    "tencent": Tencent,
    "gateway": Gateway,
    "outbox": Outbox,
}
