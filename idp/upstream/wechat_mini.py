"""WeChat's mini programs: ``wx.login`` and the number a person lets the program have.

``session_key`` would open what WeChat seals for the program; it is never kept, nor handed on.
"""

import re
from typing import Any, ClassVar, Self

import structlog

from idp.outbound import Operator, Outbound
from idp.settings import Settings, WechatApp
from idp.upstream.app_token import AppToken
from idp.upstream.base import Person
from idp.upstream.errors import NoMainlandNumber, UpstreamBusy
from idp.upstream.wechat import is_wechat
from idp.upstream.wechat_api import STALE_TOKEN, Refused, WechatApi
from idp.upstream.wechat_people import person_of

SESSION = "/sns/jscode2session"
NUMBER = "/wxa/business/getuserphonenumber"
MAINLAND = "86"
_OPENED_BY = re.compile(r"miniProgram(?:/(wx[0-9a-f]{16}))?", re.IGNORECASE)
_log = structlog.get_logger("idp.upstream")


class MiniProgram:
    """The ``code`` of each question comes from the program and is good once, for five minutes."""

    name: ClassVar[str] = "wechat"
    """Whoever is bound in a browser is known here too, by unionid."""

    def __init__(self, app: WechatApp, api: str, http: Operator):
        self._app = app
        self._api = WechatApi(api, app.app_id, http)
        self._token = AppToken(self._api, app.secret)

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self | None:
        config = settings.upstream.wechat
        if config is None or config.mini_program is None:
            return None
        return cls(config.mini_program, config.api, outbound.operator("wechat"))

    def shows(self, user_agent: str) -> bool:
        """Whether this is a ``web-view`` of this program, by what its browser says of itself; some
        do not name the program.
        """
        found = _OPENED_BY.search(user_agent) if is_wechat(user_agent) else None
        return found is not None and found[1] in {None, self._app.app_id}

    def person(self, code: str) -> Person:
        """Who called ``wx.login``."""
        query = {
            "appid": self._app.app_id,
            "secret": self._app.secret.get_secret_value(),
            "js_code": code,
            "grant_type": "authorization_code",
        }
        try:
            found = self._api.get(SESSION, query)
        except Refused as refused:
            raise self._api.meaning(SESSION, refused) from None
        return person_of(self._app.app_id, found)

    def number(self, code: str, openid: str) -> str:
        """The number, E.164, that ``openid`` chose to give: one WeChat has seen a code arrive at,
        at some time. No proof of a real name.
        """
        found = self._numbered({"code": code, "openid": openid})
        try:
            info = found["phone_info"]
            country, number = str(info["countryCode"]), str(info["purePhoneNumber"])
            about = info["watermark"]["appid"]
        except (KeyError, TypeError):
            about = ""
        if about != self._app.app_id:
            _log.error("upstream_answer_unusable", service="wechat", app=self._app.app_id)
            raise UpstreamBusy
        if country != MAINLAND:
            raise NoMainlandNumber
        return f"+{country}{number}"

    def _numbered(self, body: dict[str, str]) -> dict[str, Any]:
        token = self._token.get()
        try:
            return self._api.post(NUMBER, {"access_token": token}, body)
        except Refused as refused:
            if refused.errcode not in STALE_TOKEN:
                raise self._api.meaning(NUMBER, refused) from None
        token = self._token.instead_of(token)
        try:
            return self._api.post(NUMBER, {"access_token": token}, body)
        except Refused as refused:
            raise self._api.meaning(NUMBER, refused) from None
