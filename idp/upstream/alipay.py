"""Alipay: ``alipay.system.oauth.token``, in Alipay's app or at its pages in any browser."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

import structlog

from idp.clouds.alipay import Alipay as Cloud
from idp.errors import N_, IdpError
from idp.outbound import Outbound, OutboundFailed
from idp.settings import AlipayLogin, Settings
from idp.upstream import repeated
from idp.upstream.base import Person, Surface, Upstream, refuse_spoilt
from idp.upstream.errors import (
    CodeUnusable,
    UpstreamBusy,
    UpstreamMisconfigured,
)
from idp.upstream.wechat import is_wechat

METHOD = "alipay.system.oauth.token"
SCOPE = "auth_base"
"""Who somebody is, and nothing of them."""
MEANINGS: Mapping[str, type[IdpError]] = {
    "isv.code-invalid": CodeUnusable,
    "isv.app-call-limited": UpstreamBusy,
    "isp.unknow-error": UpstreamBusy,
    "isp.unknown-error": UpstreamBusy,
    "20000": UpstreamBusy,
    "40005": UpstreamBusy,
}
"""By ``sub_code``, else ``code``; all others say that we are wrong, or not allowed."""
_LENGTH = 128
_log = structlog.get_logger("idp.upstream")


class Alipay(Upstream):
    name: ClassVar[str] = "alipay"
    label: ClassVar[str] = N_("支付宝")
    code_field: ClassVar[str] = "auth_code"

    def __init__(self, config: AlipayLogin, cloud: Cloud):
        self._config, self._cloud = config, cloud

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self | None:
        config = settings.upstream.alipay
        if config is None:
            return None
        return cls(config, Cloud.opened(config, outbound.operator("alipay-login")))

    def surface(self, user_agent: str) -> Surface | None:
        """WeChat's browser opens no page of Alipay's."""
        if is_wechat(user_agent):
            return None
        return Surface.INSIDE if "AlipayClient" in user_agent else Surface.WEBSITE

    def authorize_url(self, surface: Surface, redirect_uri: str, state: str) -> str:
        refuse_spoilt(redirect_uri, state)
        query = {
            "app_id": self._config.app_id,
            "scope": SCOPE,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._config.page}?{urlencode(query)}"

    def person(self, surface: Surface, code: str, state: str) -> Person:
        app_id = self._config.app_id
        said = repeated.exchanged(app_id, code, state, lambda: self._exchanged(code))
        return Person(app_id, said["openid"], said["unionid"])

    def _exchanged(self, code: str) -> dict[str, Any]:
        asked = {"grant_type": "authorization_code", "code": code}
        try:
            found = self._cloud.call(METHOD, fields=asked)
        except OutboundFailed as failure:
            _log.warning("upstream_away", service="alipay", reason=failure.reason)
            raise UpstreamBusy from None
        if reason := found.get("sub_code") or found.get("code"):
            raise self._meaning(str(reason))
        # New contracts know people by open_id, one for each app; user_id is the same everywhere.
        user_id = found.get("user_id") or ""
        openid = found.get("open_id") or user_id
        if not all(isinstance(each, str) and len(each) <= _LENGTH for each in (user_id, openid)):
            raise UpstreamBusy
        if not openid:
            raise self._meaning("nobody")
        return {"openid": openid, "unionid": user_id}

    def _meaning(self, reason: str) -> IdpError:
        error = MEANINGS.get(reason, UpstreamMisconfigured)
        said = {"service": "alipay", "app": self._config.app_id, "errcode": reason}
        if error is UpstreamMisconfigured:
            _log.error("upstream_refuses_us", **said)
        else:
            _log.warning("upstream_refuses", **said)
        return error()
