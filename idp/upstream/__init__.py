"""Who vouches for a person who signs in, by the name settings and bindings use."""

from idp.upstream.alipay import Alipay
from idp.upstream.base import Upstream
from idp.upstream.wechat import Wechat

UPSTREAMS: dict[str, type[Upstream]] = {
    "wechat": Wechat,
    "alipay": Alipay,
}
