"""What is known of WeChat's interfaces, as tables that tests are made from."""

from idp.errors import IdpError
from idp.upstream.errors import (
    CodeUnusable,
    PersonRefused,
    UpstreamBusy,
    UpstreamMisconfigured,
)

RETRY, REST, RESTART, REFUSE, ALARM = "retry", "rest", "restart", "refuse", "alarm"

ERRCODES: dict[int, tuple[str, str]] = {
    -1: ("system error", RETRY),
    40001: ("invalid credential", ALARM),
    40002: ("invalid grant_type", ALARM),
    40003: ("invalid openid", RESTART),
    40013: ("invalid appid", ALARM),
    40014: ("invalid access_token", RESTART),
    40029: ("invalid code", RESTART),
    40030: ("invalid refresh_token", RESTART),
    40066: ("invalid url", ALARM),
    40125: ("invalid appsecret", ALARM),
    40163: ("code been used", RESTART),
    40164: ("invalid ip", ALARM),
    40226: ("code blocked", REFUSE),
    41001: ("access_token missing", ALARM),
    41002: ("appid missing", ALARM),
    41003: ("refresh_token missing", ALARM),
    41004: ("appsecret missing", ALARM),
    41008: ("missing code", ALARM),
    41009: ("missing openid", ALARM),
    42001: ("access_token expired", RESTART),
    42002: ("refresh_token expired", RESTART),
    42003: ("code expired", RESTART),
    42007: ("", RESTART),
    43001: ("require GET", ALARM),
    43002: ("require POST", ALARM),
    43003: ("require https", ALARM),
    45009: ("reach max api daily quota limit", REST),
    45011: ("api minute-quota reach limit", REST),
    47001: ("data format error", ALARM),
    48001: ("api unauthorized", ALARM),
    48004: ("api forbidden", ALARM),
    50001: ("user unauthorized", REFUSE),
    50002: ("user limited", REFUSE),
}
"""By errcode: how errmsg begins, and what is to come of it (the whole of the table)."""

MEANT: dict[str, type[IdpError]] = {
    RETRY: UpstreamBusy,
    REST: UpstreamBusy,
    RESTART: CodeUnusable,
    REFUSE: PersonRefused,
    ALARM: UpstreamMisconfigured,
}

INSIDE_PAGES = {
    "10003": "redirect_uri 域名与后台配置不一致",
    "10004": "此公众号被封禁",
    "10005": "此公众号并没有这些 scope 的权限",
    "10006": "必须关注此测试号",
    "10009": "操作太频繁了，请稍后重试",
    "10010": "scope 不能为空",
    "10011": "redirect_uri 不能为空",
    "10012": "appid 不能为空",
    "10013": "state 不能为空",
    "10015": "公众号未授权第三方平台",
    "10016": "不支持微信开放平台的 Appid，请使用公众号 Appid",
}
"""What the browser inside WeChat shows instead of asking."""
