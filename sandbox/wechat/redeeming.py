"""What becomes of a code, and of whoever shows it."""

from typing import Any

import flask

from sandbox import faults
from sandbox.wechat import people
from sandbox.wechat.apps import APPS, FAILURES, MINI, OFFICIAL, SECRET, WEBSITE, App
from sandbox.wechat.codes import Codes, Grant
from sandbox.wechat.errcodes import Refused

_TWICE = 2


class Down(Exception):
    """Cut the connection."""


class Broken(Exception):
    """Say something that is not of WeChat's server."""


class AsText(Exception):
    """40029, as text."""


def app_of(app_id: str, *kinds: str) -> App:
    """Raises Refused; case counts."""
    if not app_id:
        raise Refused(41002)
    if app_id in FAILURES:
        raise Refused(FAILURES[app_id])
    app = APPS.get(app_id)
    if app is None or app.kind not in kinds:
        raise Refused(40013)
    return app


def authenticated(args: Any, *kinds: str) -> App:
    app = app_of(args.get("appid", ""), *kinds)
    if not args.get("secret"):
        raise Refused(41004)
    if args["secret"] != SECRET:
        raise Refused(40125)
    return app


def redeemed(code: str, app: App, *scopes: str) -> Grant:
    """Raises Refused, and whatever this person's number makes happen."""
    if not code:
        raise Refused(41008)
    grant = codes().tried(code, app.app_id, scopes)
    _endure(grant)
    codes().use(code)
    return grant


def _endure(grant: Grant) -> None:
    if grant.number in people.FAILURES:
        raise Refused(people.FAILURES[grant.number])
    if grant.number == people.FLAKY and grant.tries <= _TWICE:
        raise Refused(-1)
    if grant.number == people.SLOW:
        faults.take_long()
    if (trouble := _TROUBLES.get(grant.number)) is not None:
        raise trouble


_TROUBLES: dict[str, type[Exception]] = {
    people.DOWN: Down,
    people.BROKEN: Broken,
    people.TEXT: AsText,
}
BROWSER = (WEBSITE, OFFICIAL)
ALL = (WEBSITE, OFFICIAL, MINI)


def codes() -> Codes:
    found: Codes = flask.current_app.extensions["wechat-codes"]
    return found
