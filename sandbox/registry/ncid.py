"""国家网络身份认证: a page that stands for the state's App, and the platform behind it.

The platform's interface file is not public: this is our own guess at its shape.
"""

import secrets
import threading
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import flask

from sandbox import faults, sm3
from sandbox.options import Options
from sandbox.registry import faces, people
from sandbox.registry.people import Registry

bp = flask.Blueprint("ncid", __name__, url_prefix="/ncid")

PASSED, FAILED, ELSEWHERE, LIMITED, BUSY, DOWN, SLOW, LEFT = (
    "passed",
    "failed",
    "elsewhere",
    "limited",
    "busy",
    "down",
    "slow",
    "left",
)
CHOICES = (
    (PASSED, "出示网证"),
    (FAILED, "网证未通过"),
    (ELSEWHERE, "出示为另一笔业务生成的网证数据"),
    (LIMITED, "认证次数超限"),
    (BUSY, "平台维护"),
    (DOWN, "平台断开连接，没有应答"),
    (SLOW, "平台 --slow 秒后才应答"),
    (LEFT, "取消"),
)
_RESULTS = {PASSED: "0", SLOW: "0", FAILED: "1", ELSEWHERE: "2", LIMITED: "3", BUSY: "9"}
SPENT = "2"


@dataclass(frozen=True)
class Shown:
    """What the App sealed: whose credential, for which business number."""

    number: str
    biz_seq: str
    outcome: str


class Credentials:
    """Sealed data handed out by the App, each good for one question."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}
        self._lock = threading.Lock()

    def seal(self, shown: Shown) -> str:
        data = secrets.token_urlsafe(32)
        with self._lock:
            self._shown[data] = shown
        return data

    def take(self, data: str) -> Shown | None:
        with self._lock:
            return self._shown.pop(data, None)


@bp.get("/app")
def app() -> str:
    registry: Registry = flask.current_app.extensions["registry"]
    known = registry.known() or {"11000019900307001X": people.Entry("张三")}
    return flask.render_template("app.html", known=known, choices=CHOICES)


@bp.post("/app")
def show() -> Any:
    """The browser goes back with sealed data, or with none."""
    asked, chosen = flask.request.args, flask.request.form
    outcome = chosen.get("outcome", LEFT)
    back = asked.get("returnUrl", "")
    if outcome == LEFT or not people.possible(chosen.get("number", "")):
        return flask.redirect(back, 303)
    seq = asked.get("bizSeq", "") if outcome != ELSEWHERE else secrets.token_hex(16)
    credentials: Credentials = flask.current_app.extensions["credentials"]
    data = credentials.seal(Shown(chosen["number"], seq, outcome))
    told = faces.bringing(back, idCardAuthData=data, bizSeq=asked.get("bizSeq", ""))
    return flask.redirect(told, 303)


@bp.post("/auth")
def auth() -> flask.Response:
    options: Options = flask.current_app.extensions["options"]
    credentials: Credentials = flask.current_app.extensions["credentials"]
    try:
        asked = sm3.fields(options.ncid_key)
    except sm3.Refused:
        return sm3.refusal()
    if (asked.get("orgId"), asked.get("appId")) != (options.ncid_org, options.ncid_app):
        return sm3.refusal()
    seq, shown = asked.get("bizSeq", ""), credentials.take(asked.get("idCardAuthData", ""))
    if shown is None or shown.biz_seq != seq:
        return sm3.answer(options.ncid_key, {"bizSeq": seq, "authResult": SPENT})
    if shown.outcome == DOWN:
        return faults.hang_up()
    if shown.outcome == SLOW:
        faults.take_long()
    said = {"bizSeq": seq, "authResult": _RESULTS[shown.outcome]}
    if said["authResult"] == _RESULTS[PASSED]:
        said["pid"] = pid(options, shown.number)
    return sm3.answer(options.ncid_key, said)


def pid(options: Options, number: str) -> str:
    """网络身份应用标识: another one for every organisation and app."""
    whose = f"{options.ncid_org}|{options.ncid_app}|{number}"
    return sha256(whose.encode()).hexdigest()[:40]
