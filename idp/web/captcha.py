"""Proof of work instead of a picture puzzle (altcha), and a wait for who runs no script.

Asked only when risk says so. Either proof is signed by us, bound to the browser, short-lived
and good once.
"""

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import altcha
import flask
from itsdangerous import BadSignature, URLSafeTimedSerializer

from idp import browsers, settings
from idp.errors import N_, IdpError
from idp.store import ephemeral, throttles
from idp.store.types import sealer
from idp.web.addresses import address_range, client_address

FIELD, TICKET = "altcha", "ticket"
_ALGORITHM = "PBKDF2/SHA-256"
_LONGEST = 4096


class CaptchaNeeded(IdpError):
    """Too many failures from this place: one check before the next try."""

    code = "HT-9031"
    message = N_("请先完成安全检查，再重新提交。")
    next_step = N_("安全检查会自动进行，通常只需几秒；也可以选择另一种方式验证。")
    status = 429


@dataclass(frozen=True)
class Widget:
    """What a page shows: a challenge for the script, and the way round it."""

    challenge: str
    noscript_url: str
    field: str = FIELD
    error: str = ""


def widget(noscript_url: str) -> Widget:
    """A new challenge for this browser."""
    asked = settings.current.captcha
    made = altcha.create_challenge(
        _ALGORITHM,
        asked.cost,
        expires_at=int(time.time() + asked.lifetime.total_seconds()),
        data={"browser": _browser()},
        hmac_secret=_key(),
    )
    return Widget(json.dumps(made.to_dict()), noscript_url)


def offer(risky: bool, wait_url: str) -> dict[str, Any]:
    """What a form shows: a check where risk asks for one, unless the person has waited."""
    token = flask.request.args.get(TICKET, "")
    if token and remaining(token) == 0:
        return {"captcha": None, "hidden": {TICKET: token}}
    return {"captcha": widget(wait_url) if risky else None, "hidden": {}}


def passed(form: Any) -> bool:
    """Whether ``form`` carries a proof; a proof is good once."""
    if payload := form.get(FIELD, ""):
        return _solved(payload)
    return _waited(form.get(TICKET, ""))


def ticket() -> str:
    """A ticket that becomes a proof when this browser has waited long enough."""
    return str(_signer().dumps({"browser": _browser(), "n": secrets.token_urlsafe(8)}))


def remaining(token: str) -> int:
    """Seconds this ticket still has to wait; -1 when it is not one of this browser's."""
    return _read(token)[0]


def _read(token: str) -> tuple[int, str]:
    """What ``remaining`` says, and the ticket's own number: one token has many spellings."""
    lifetime = int(settings.current.captcha.lifetime.total_seconds())
    try:
        value, made = _signer().loads(token, max_age=lifetime, return_timestamp=True)
    except BadSignature:
        return -1, ""
    if not isinstance(value, dict) or value.get("browser") != _browser():
        return -1, ""
    waited = time.time() - made.timestamp()
    left = settings.current.captcha.wait.total_seconds() - waited
    return max(0, int(left + 0.999)), value["n"]


def _waited(token: str) -> bool:
    if not token or len(token) > _LONGEST:
        return False
    left, number = _read(token)
    if left != 0:
        return False
    limits = settings.current
    place = address_range(client_address())
    waits = throttles.Counter.of(place, "waits", limits.captcha.waits, limits.login.throttle)
    if throttles.take([waits]).refused_by is not None:
        return False
    return ephemeral.first_time("captcha", number, limits.captcha.lifetime)


def _solved(payload: str) -> bool:
    if len(payload) > _LONGEST:
        return False
    try:
        said = json.loads(base64.b64decode(payload, validate=True))
        browser = said["challenge"]["parameters"]["data"]["browser"]
        signature = said["challenge"]["signature"]
        verified = altcha.verify_solution(payload, _key()).verified
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    if not verified or browser != _browser():
        return False
    return ephemeral.first_time("captcha", signature, settings.current.captcha.lifetime)


def _browser() -> str:
    """This browser, by a name that stands for it on pages only."""
    return ephemeral.digest("captcha:" + browsers.current())


def _key() -> bytes:
    return sealer().mac("captcha", b"proof of work")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(flask.current_app.secret_key), salt="web.captcha-wait")
