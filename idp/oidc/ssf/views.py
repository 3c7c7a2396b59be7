"""Flask's side of shared signals: requests in, answers out, nothing decided here."""

from functools import partial
from http import HTTPStatus

import flask

from idp.hearing import receiving
from idp.hearing.receiving import NotNow
from idp.oidc.http import NO_STORE, Response, json_response
from idp.oidc.ssf import answers
from idp.oidc.ssf.answers import Call, Unauthorized, Way
from idp.oidc.views import sent
from idp.services import services
from idp.signals import managing, sets
from idp.signals.managing import Refused
from idp.signals.sets import InvalidSet
from idp.store.clients import LISTEN
from idp.web.csrf import csrf

bp = flask.Blueprint("ssf", __name__)


@bp.get("/.well-known/ssf-configuration")
def metadata() -> flask.Response:
    return sent(answers.metadata())


@bp.post(f"{managing.POLLED}/<stream_id>")
@csrf.exempt
def poll(stream_id: str) -> flask.Response:
    return _answer(Way("", "POST", partial(answers.poll, stream_id=stream_id), LISTEN))


@bp.post(receiving.PATH)
@csrf.exempt
def receive() -> flask.Response:
    """RFC 8935 §2: 202 once it has been acted upon, or why not."""
    if not services.settings.federation.on:
        flask.abort(HTTPStatus.NOT_FOUND)
    if flask.request.mimetype != sets.MEDIA_TYPE:
        return _refused(InvalidSet("invalid_request", f"not {sets.MEDIA_TYPE}"))
    try:
        token = flask.request.get_data(cache=False).decode("ascii").strip()
        receiving.pushed(token, flask.request.headers.get("Authorization", ""))
    except UnicodeDecodeError:
        return _refused(InvalidSet("invalid_request", "not ASCII"))
    except InvalidSet as error:
        return _refused(error)
    except NotNow:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return sent(Response(status, b"", (*NO_STORE, ("Retry-After", "30"))))
    return sent(Response(HTTPStatus.ACCEPTED, b"", NO_STORE))


def _refused(error: InvalidSet) -> flask.Response:
    body = {"err": error.err, "description": error.description}
    return sent(json_response(body, HTTPStatus.BAD_REQUEST, ("Content-Language", "en")))


def _answer(way: Way) -> flask.Response:
    try:
        client_id = answers.receiver(flask.request.headers.get("Authorization", ""), way.scopes)
        body = answers.body_of(flask.request.get_data(cache=False))
        call = Call(client_id, flask.request.args, body)
        return sent(way.answer(call))
    except Unauthorized as unauthorized:
        return sent(unauthorized.response)
    except Refused as refused:
        return sent(answers.refusal(refused))


for _way in answers.WAYS:
    _view = partial(_answer, _way)
    _view.__name__ = _way.answer.__name__  # type: ignore[attr-defined]
    _view.__module__ = __name__
    bp.add_url_rule(_way.path, _way.answer.__name__, csrf.exempt(_view), methods=[_way.method])
