"""The page a person's face is looked at, as a vendor shows it: here three buttons decide."""

import threading
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import flask

from sandbox.options import Options
from sandbox.registry import people

bp = flask.Blueprint("faces", __name__, url_prefix="/face")

PASSED, OTHER, FAILED, UNKNOWN, LEFT = "passed", "other", "failed", "unknown", "left"
CHOICES = (
    (PASSED, "本人，通过"),
    (FAILED, "不是本人"),
    (OTHER, "画面太暗"),
    (LEFT, "取消"),
)


@dataclass(frozen=True)
class Person:
    name: str
    number: str
    verdict: str
    """What the register says of name and number."""


@dataclass(frozen=True)
class Journey:
    """``extra`` is whatever its vendor wants to find with it again."""

    person: Person
    return_url: str
    extra: dict[str, str]
    outcome: str = ""


class Faces:
    def __init__(self) -> None:
        self._journeys: dict[str, Journey] = {}
        self._lock = threading.Lock()

    def begin(self, token: str, person: Person, return_url: str, extra: dict[str, str]) -> None:
        with self._lock:
            self._journeys[token] = Journey(person, return_url, extra)

    def of(self, token: str) -> Journey | None:
        with self._lock:
            return self._journeys.get(token)

    def end(self, token: str, outcome: str) -> None:
        with self._lock:
            self._journeys[token] = replace(self._journeys[token], outcome=outcome)


def url(token: str) -> str:
    """Where a browser finds the page."""
    return at_home(flask.url_for("faces.page", token=token))


def at_home(path: str) -> str:
    options: Options = flask.current_app.extensions["options"]
    return (options.url or flask.request.host_url.rstrip("/")) + path


def bringing(return_url: str, **told: str) -> str:
    """The address of the way back, with what this vendor adds to it."""
    glue = "&" if urlsplit(return_url).query else "?"
    return f"{return_url}{glue}{urlencode(told)}"


@bp.get("/<token>")
def page(token: str) -> str:
    journey = _found(token)
    shown = f"{journey.person.name[:1]}**" if journey.person.name else "您"
    return flask.render_template("face.html", name=shown, choices=CHOICES)


@bp.post("/<token>")
def decide(token: str) -> Any:
    journey = _found(token)
    outcome = flask.request.form.get("outcome", LEFT)
    if outcome == PASSED and journey.person.verdict == people.MISMATCH:
        outcome = FAILED
    if outcome == PASSED and journey.person.verdict == people.NO_RECORD:
        outcome = UNKNOWN
    _faces().end(token, outcome)
    return flask.redirect(journey.return_url, 303)


def _found(token: str) -> Journey:
    journey = _faces().of(token)
    if journey is None:
        flask.abort(404)
    return journey


def _faces() -> Faces:
    found: Faces = flask.current_app.extensions["faces"]
    return found
