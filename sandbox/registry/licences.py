"""电子营业执照: the licence system, and the phone that scans its pictures.

The system's interface file is not public: this is our own guess at its shape.
"""

import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

import flask

from sandbox.options import Options
from sandbox.registry import faces, numbered
from sandbox.registry.companies import MAGIC, Companies, Entry

bp = flask.Blueprint("licences", __name__, url_prefix="/licence")

WAIT, SCANNED, CONFIRMED, CANCELLED, EXPIRED = (
    "WAIT",
    "SCANNED",
    "CONFIRMED",
    "CANCELLED",
    "EXPIRED",
)
CHOICES = ((CONFIRMED, "出示并确认"), (CANCELLED, "取消"), (EXPIRED, "让二维码过期"))
ROLES = (("1", "法定代表人"), ("2", "证照管理员"), ("3", "办事人员"))
MAGIC_CODE = "91110000MA00000077"


@dataclass(frozen=True)
class Picture:
    until: float
    state: str = WAIT
    auth_code: str = ""
    info: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> str:
        over = self.state in {WAIT, SCANNED} and time.time() > self.until
        return EXPIRED if over else self.state


class Pictures:
    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}
        self._lock = threading.Lock()

    def put(self, shown: str, picture: Picture) -> None:
        with self._lock:
            self._pictures[shown] = picture

    def of(self, shown: str) -> Picture | None:
        with self._lock:
            return self._pictures.get(shown)

    def spend(self, code: str) -> dict[str, str] | None:
        """What the code opens; it opens it once."""
        with self._lock:
            for shown, picture in self._pictures.items():
                if code and picture.auth_code == code and picture.info:
                    self._pictures[shown] = replace(picture, info={})
                    return picture.info
        return None


@bp.post("/qr")
def show() -> flask.Response:
    def answer(_asked: numbered.Said) -> numbered.Said:
        shown, until = secrets.token_hex(16), time.time() + _options().licence_life
        _pictures().put(shown, Picture(until))
        content = faces.at_home(flask.url_for("licences.phone", shown=shown))
        return {"qrId": shown, "qrContent": content, "expireAt": str(int(until))}

    return _answered(answer)


@bp.get("/qr/<shown>")
def look(shown: str) -> flask.Response:
    def answer(_asked: numbered.Said) -> numbered.Said:
        picture = _pictures().of(shown)
        if picture is None:
            raise numbered.Refused("NO_RECORD")
        said = {"qrId": shown, "state": picture.now}
        return {**said, "authCode": picture.auth_code} if picture.auth_code else said

    return _answered(answer)


@bp.post("/license/info")
def info() -> flask.Response:
    def answer(asked: numbered.Said) -> numbered.Said:
        found = _pictures().spend(asked.get("authCode", ""))
        if found is None:
            raise numbered.Refused("USED")
        magic = MAGIC.get(found["entname"], ("", ""))[0]
        numbered.endure(magic, numbered.CODES)
        return found

    return _answered(answer)


@bp.get("/scan/<shown>")
def phone(shown: str) -> str:
    """What the phone shows that has scanned the picture."""
    picture = _found(shown)
    if picture.now == WAIT:
        picture = replace(picture, state=SCANNED)
        _pictures().put(shown, picture)
    return _page(picture)


@bp.post("/scan/<shown>")
def choose(shown: str) -> str:
    picture, chosen = _found(shown), flask.request.form
    outcome = chosen.get("outcome", CANCELLED)
    if picture.now in {WAIT, SCANNED} and outcome in {CONFIRMED, CANCELLED, EXPIRED}:
        picture = replace(picture, state=outcome)
        if outcome == CONFIRMED:
            said = _info(chosen.get("licence", ""), chosen.get("role", "1"))
            picture = replace(picture, auth_code=secrets.token_urlsafe(24), info=said)
        _pictures().put(shown, picture)
    return _page(picture)


def _licences() -> dict[str, tuple[str, Entry]]:
    """What is in the phone's wallet, by name: credit code and what the licence says."""
    companies: Companies = flask.current_app.extensions["companies"]
    held = {entry.name: (code, entry) for code, entry in companies.known().items()}
    return held | {name: (MAGIC_CODE, Entry(name, "张三")) for name in MAGIC}


def _info(name: str, role: str) -> dict[str, str]:
    code, entry = _licences()[name]
    holder = (entry.legal_person, entry.legal_person_number) if role == "1" else ("赵雪", "")
    return {
        "uniscid": code,
        "entname": entry.name,
        "legalPerson": entry.legal_person,
        "holderName": holder[0],
        "holderCertNo": holder[1],
        "holderType": role,
    }


def _page(picture: Picture) -> str:
    return flask.render_template(
        "licence.html", state=picture.now, licences=_licences(), roles=ROLES, choices=CHOICES
    )


def _answered(answer: Any) -> flask.Response:
    options = _options()
    return numbered.answered(options.licence_app, options.licence_key, answer)


def _found(shown: str) -> Picture:
    picture = _pictures().of(shown)
    if picture is None:
        flask.abort(404)
    return picture


def _pictures() -> Pictures:
    found: Pictures = flask.current_app.extensions["licences"]
    return found


def _options() -> Options:
    options: Options = flask.current_app.extensions["options"]
    return options
