"""Whom an answer of WeChat's names."""

from collections.abc import Mapping
from typing import Any

import structlog

from idp.upstream.base import Person
from idp.upstream.errors import UpstreamBusy

LENGTH = 128
_log = structlog.get_logger("idp.upstream")


def person_of(app_id: str, found: Mapping[str, Any]) -> Person:
    """Raises UpstreamBusy for an answer that names nobody: there is nothing to be done with it."""
    openid, unionid = found.get("openid"), found.get("unionid") or ""
    if _is_name(openid) and (unionid == "" or _is_name(unionid)):
        return Person(app_id, str(openid), str(unionid))
    _log.error("upstream_answer_unusable", service="wechat", app=app_id)
    raise UpstreamBusy


def _is_name(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= LENGTH
