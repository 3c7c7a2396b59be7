"""api.weixin.qq.com as it is on the wire, and what each ``errcode`` of its means to us.

Whatever the HTTP status says, the body decides: JSON in UTF-8, of type text/plain without a
charset on ``/sns/``. Numbers come as numbers or as text.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog

from idp.errors import IdpError
from idp.outbound import Answer, Operator, OutboundFailed
from idp.store import ephemeral
from idp.upstream.errors import (
    CodeUnusable,
    PersonRefused,
    UpstreamBusy,
    UpstreamMisconfigured,
)

BUSY = -1
TRIES = 3
DAY_FULL, MINUTE_FULL = 45009, 45011
REST = timedelta(minutes=1)
STALE_TOKEN = frozenset({40001, 40014, 42001})
"""Of calls that carry the app's token: it is not good any more."""
PER_PERSON = frozenset({"/sns/jscode2session"})
"""Where ``MINUTE_FULL`` is about one person: nobody else waits for them."""

MEANINGS: Mapping[int, type[IdpError]] = {
    BUSY: UpstreamBusy,
    DAY_FULL: UpstreamBusy,
    MINUTE_FULL: UpstreamBusy,
    **dict.fromkeys((40003, 40014, 40029, 40030, 40163, 42001, 42002, 42003, 42007), CodeUnusable),
    **dict.fromkeys((40226, 50001, 50002), PersonRefused),
}
"""All others say that we are wrong, or not allowed."""

_RID = re.compile(r"(?:rid|req_id): ([A-Za-z0-9.-]{1,64})")
_log = structlog.get_logger("idp.upstream")


class Refused(Exception):
    """WeChat's answer is an ``errcode``."""

    def __init__(self, errcode: int, rid: str):
        super().__init__(errcode)
        self.errcode, self.rid = errcode, rid


class WechatApi:
    """What one app asks."""

    def __init__(self, base: str, app_id: str, http: Operator):
        self.app_id = app_id
        self._base, self._http = base.rstrip("/"), http

    def get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises Refused, or UpstreamBusy. Everything travels in the query, as WeChat wants it."""
        url = f"{self._base}{path}?{urlencode(query)}"
        return self._asked(path, lambda: self._http.get(url))

    def post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        url = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        sent, headers = orjson.dumps(body), {"Content-Type": "application/json"}
        return self._asked(path, lambda: self._http.post(url, content=sent, headers=headers))

    def meaning(self, path: str, refused: Refused) -> IdpError:
        """What a refusal means; alarms the operator where it is ours to mend."""
        error = MEANINGS.get(refused.errcode, UpstreamMisconfigured)
        ours = error is UpstreamMisconfigured or refused.errcode == DAY_FULL
        said = {"service": "wechat", "app": self.app_id, "path": path, "rid": refused.rid}
        told = _log.error if ours else _log.warning
        event = "upstream_refuses_us" if ours else "upstream_refuses"
        told(event, errcode=refused.errcode, **said)
        return error()

    def _asked(self, path: str, ask: Any) -> dict[str, Any]:
        if ephemeral.peek("upstream-rest", self._resting(path)):
            raise UpstreamBusy
        for _ in range(TRIES):
            try:
                found, errcode = _read(ask())
            except OutboundFailed as failure:
                _log.warning("upstream_away", service="wechat", path=path, reason=failure.reason)
                raise UpstreamBusy from None
            if errcode != BUSY:
                break
        if not errcode:
            return found
        if errcode == DAY_FULL or (errcode == MINUTE_FULL and path not in PER_PERSON):
            ephemeral.put("upstream-rest", self._resting(path), {"errcode": errcode}, REST)
        rid = _RID.search(str(found.get("errmsg", "")))
        raise Refused(errcode, rid[1] if rid else "")

    def _resting(self, path: str) -> str:
        return f"wechat:{self.app_id}:{path}"


def _read(answer: Answer) -> tuple[dict[str, Any], int]:
    """The body and its errcode. Raises OutboundFailed for what is no answer of WeChat's."""
    found = answer.json()
    if not isinstance(found, dict):
        raise OutboundFailed("answer", maybe_sent=True)
    try:
        return found, int(found.get("errcode", 0))
    except (TypeError, ValueError):
        raise OutboundFailed("answer", maybe_sent=True) from None
