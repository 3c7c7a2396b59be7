"""WeChat in a browser: the open platform's website app (a picture to scan), and the official
account's web authorization inside WeChat.

Two flows of one kind that are no OAuth 2.0: parameters in WeChat's own order and names, the secret
in a query, the person beside the token. No token is kept; only who it was.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from urllib.parse import quote

from idp.errors import N_
from idp.outbound import Operator, Outbound
from idp.settings import Settings, WechatApp
from idp.settings import Wechat as Config
from idp.upstream import repeated
from idp.upstream.base import Person, Surface, Upstream, refuse_spoilt
from idp.upstream.errors import SnapshotPerson
from idp.upstream.wechat_api import Refused, WechatApi
from idp.upstream.wechat_people import person_of

EXCHANGE = "/sns/oauth2/access_token"
PAGES: Mapping[Surface, tuple[str, str]] = {
    Surface.WEBSITE: ("/connect/qrconnect", "snsapi_login"),
    Surface.INSIDE: ("/connect/oauth2/authorize", "snsapi_userinfo"),
}
"""The page and its scope: ``snsapi_base`` is answered without a unionid."""


class Wechat(Upstream):
    name: ClassVar[str] = "wechat"
    label: ClassVar[str] = N_("微信")
    code_field: ClassVar[str] = "code"

    def __init__(self, config: Config, apps: Mapping[Surface, WechatApp], http: Operator):
        self._pages, self._apps = config.pages.rstrip("/"), apps
        self._apis = {
            surface: WechatApi(config.api, app.app_id, http) for surface, app in apps.items()
        }

    @classmethod
    def from_settings(cls, settings: Settings, outbound: Outbound) -> Self | None:
        config = settings.upstream.wechat
        if config is None:
            return None
        named = {Surface.WEBSITE: config.website, Surface.INSIDE: config.official_account}
        apps = {surface: app for surface, app in named.items() if app}
        known = apps or config.mini_program  # whose people are bound here too
        return cls(config, apps, outbound.operator("wechat")) if known else None

    def surface(self, user_agent: str) -> Surface | None:
        surface = Surface.INSIDE if is_wechat(user_agent) else Surface.WEBSITE
        return surface if surface in self._apps else None

    def authorize_url(self, surface: Surface, redirect_uri: str, state: str) -> str:
        """The order and the fragment belong to it: WeChat reads its links by a pattern."""
        refuse_spoilt(redirect_uri, state)
        path, scope = PAGES[surface]
        return (
            f"{self._pages}{path}?appid={quote(self._apps[surface].app_id)}"
            f"&redirect_uri={quote(redirect_uri, safe='')}&response_type=code"
            f"&scope={scope}&state={state}#wechat_redirect"
        )

    def person(self, surface: Surface, code: str, state: str) -> Person:
        app = self._apps[surface]
        said = repeated.exchanged(app.app_id, code, state, lambda: self._exchanged(surface, code))
        if said["snapshot"]:
            raise SnapshotPerson
        return Person(app.app_id, said["openid"], said["unionid"])

    def _exchanged(self, surface: Surface, code: str) -> dict[str, Any]:
        app, api = self._apps[surface], self._apis[surface]
        query = {
            "appid": app.app_id,
            "secret": app.secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        }
        try:
            found = api.get(EXCHANGE, query)
        except Refused as refused:
            raise api.meaning(EXCHANGE, refused) from None
        who = person_of(app.app_id, found)
        snapshot = str(found.get("is_snapshotuser", 0)) == "1"
        return {"openid": who.openid, "unionid": who.unionid, "snapshot": snapshot}


def is_wechat(user_agent: str) -> bool:
    """WeCom's browser says MicroMessenger too, and knows other people."""
    return "MicroMessenger" in user_agent and "wxwork" not in user_agent
