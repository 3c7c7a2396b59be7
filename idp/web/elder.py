"""The elder mode (长者版) of a page: large letters, strong contrast, one column.

Chosen by ``?elder=1`` (``0`` ends it) and kept in a cookie; whoever is signed in finds it again in
another browser (``idp.account``).
"""

from datetime import timedelta

import flask

from idp import cookies

COOKIE = "elder"
COOKIE_AGE = timedelta(days=365)
_CHOICES = {"1": True, "0": False}


def chosen() -> bool | None:
    """What this very request asks for; None where it asks for nothing."""
    return _CHOICES.get(flask.request.args.get("elder", ""))


def known() -> bool:
    """Whether this browser has chosen either before."""
    return cookies.read(COOKIE) in _CHOICES


def on() -> bool:
    if "elder" not in flask.g:
        asked = chosen()
        flask.g.elder = _CHOICES.get(cookies.read(COOKIE), False) if asked is None else asked
    return bool(flask.g.elder)


def remember(elder: bool) -> None:
    """Keep it in this browser."""
    flask.g.elder = elder
    cookies.set_(COOKIE, "1" if elder else "0", COOKIE_AGE)
