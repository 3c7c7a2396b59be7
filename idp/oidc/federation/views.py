"""Flask's side of the federation endpoints; where the node is in no federation there are none."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

import flask

from idp.oidc.federation import answers
from idp.oidc.federation.answers import Asked, Refused
from idp.oidc.http import Response
from idp.oidc.views import sent
from idp.services import services
from idp.trust import own
from idp.trust.linking import PATH
from idp.web.csrf import csrf

bp = flask.Blueprint("federation", __name__)


class Way(NamedTuple):
    path: str
    method: str
    answer: Callable[[Asked], Response]
    superiors_only: bool = True
    """Whether only who vouches for others answers here."""


WAYS = (
    Way("/.well-known/openid-federation", "GET", answers.configuration, superiors_only=False),
    Way(own.HISTORICAL_KEYS, "GET", answers.historical_keys, superiors_only=False),
    Way(PATH, "POST", answers.linking, superiors_only=False),
    Way(own.FETCH, "GET", answers.fetch),
    Way(own.LIST, "GET", answers.list_),
    Way(own.RESOLVE, "GET", answers.resolve),
    Way(own.MARK, "GET", answers.trust_mark),
    Way(own.MARK_STATUS, "POST", answers.trust_mark_status),
    Way(own.MARK_LIST, "GET", answers.trust_marked),
)


def _answer(way: Way) -> flask.Response:
    federation = services.settings.federation
    if not federation.on or (way.superiors_only and not federation.vouches):
        flask.abort(HTTPStatus.NOT_FOUND)
    given = flask.request.args if way.method == "GET" else flask.request.form
    try:
        return sent(way.answer({name: given.getlist(name) for name in given}))
    except Refused as refused:
        return sent(refused.response)


for _way in WAYS:
    _view = partial(_answer, _way)
    _view.__name__ = _way.answer.__name__  # type: ignore[attr-defined]
    _view.__module__ = __name__
    bp.add_url_rule(_way.path, _way.answer.__name__, csrf.exempt(_view), methods=[_way.method])
