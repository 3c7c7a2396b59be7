"""Which browser this is: a long-lived random cookie, known to us by its digest only.

It proves nothing about a person. It binds an interaction to the browser that opened it,
and lets strangers' failures slow strangers without slowing who has been here before.
"""

import secrets
import time
from datetime import timedelta
from functools import lru_cache

import flask

from idp import cookies
from idp.store import ephemeral
from idp.store.ephemeral import digest

LIFETIME = timedelta(days=400)
_LENGTH = 43
_LEFT = "browser-left"


def current() -> str:
    """This browser's id; a browser that has none is given one with this answer."""
    if "browser" not in flask.g:
        secret = cookies.read("browser")
        if len(secret) != _LENGTH:
            secret = secrets.token_urlsafe(32)
            cookies.set_("browser", secret, LIFETIME)
        flask.g.browser = digest("browser:" + secret)
    return flask.g.browser


def left(browser: str, remembered: timedelta) -> None:
    """Somebody signed out there: what they proved in other tabs is not for the next person."""
    ephemeral.put(_LEFT, browser, {"at": time.time()}, remembered)


def left_since(moment: float) -> bool:
    """Whether somebody signed out in this browser after ``moment``."""
    found = ephemeral.peek(_LEFT, current())
    return found is not None and bool(found["at"] >= moment)


def terminal() -> str:
    """A few plain words for the kind of browser that asks, such as ``Chrome · Windows``."""
    return terminal_of(flask.request.headers.get("User-Agent", ""))


@lru_cache(4096)
def terminal_of(agent: str) -> str:
    """The same for a ``User-Agent``: there are few of them, and every request has one."""
    return " · ".join(filter(None, (_first(_BROWSERS, agent), _first(_SYSTEMS, agent)))) or "—"


_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("AlipayClient", "支付宝"),
    ("HuaweiBrowser", "华为浏览器"),
    ("MiuiBrowser", "小米浏览器"),
    ("QQBrowser", "QQ浏览器"),
    ("UCBrowser", "UC浏览器"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((word for mark, word in table if mark in agent), "")
