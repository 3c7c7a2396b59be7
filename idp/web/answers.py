"""How a failure is answered: a page for people, JSON for programs, the cause in the log."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import flask
import structlog
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from idp.errors import EngineUnavailable, IdpError
from idp.store.failures import ENGINE_FAILURES
from idp.web import errors, paths
from idp.web.i18n import translate
from idp.web.requests import request_id

_BY_STATUS: dict[int, type[IdpError]] = {
    404: errors.PageNotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.MediaTypeUnsupported,
}
_log = structlog.get_logger("idp.web")

bp = flask.Blueprint("web", __name__)


def init_app(app: flask.Flask) -> None:
    app.register_error_handler(IdpError, _foreseen)
    app.register_error_handler(HTTPException, _http)
    for failure in ENGINE_FAILURES:
        app.register_error_handler(failure, _engine)
    app.register_error_handler(Exception, _bug)
    app.register_blueprint(bp)


@bp.get("/error/<code>")
def error_page(code: str) -> flask.Response:
    error, of_request = errors.read_error_url(code, flask.request.args.get("about", ""))
    return show(error, of_request=of_request)


def show(error: IdpError, *, of_request: str = "") -> flask.Response:
    """The page that tells a person what failed and what to do next."""
    template = (
        "errors/busy.html" if error.status == EngineUnavailable.status else "errors/error.html"
    )
    page = flask.render_template(
        template,
        error=error.oauth_error,
        message=_fill(error.message, error.params),
        next_step=_fill(error.next_step, error.params),
        code=error.code,
        request_id=of_request or request_id(),
        back_url=_back_url(),
        retry_url=flask.request.full_path if flask.request.method == "GET" else "",
    )
    return flask.make_response(page, error.status)


def answer(error: IdpError) -> flask.Response:
    """The answer whoever asked can read."""
    if not _for_program():
        return show(error)
    body = {
        "error": error.oauth_error,
        "error_description": f"{type(error).__name__} ({error.code})",
        "request_id": request_id(),
    }
    response = flask.make_response(flask.json.dumps(body), error.status)
    response.mimetype = "application/json"
    return response


def _foreseen(error: IdpError) -> flask.Response:
    _log.info("refused", code=error.code, failure=type(error).__name__)
    return answer(error)


def _http(error: HTTPException) -> Any:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    if isinstance(error, CSRFError):
        return _foreseen(errors.FormExpired())
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _bug(error)
    response = _foreseen(_BY_STATUS.get(status, errors.BadRequest)())
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _engine(error: Exception) -> flask.Response:
    _log.error("engine unavailable", code=EngineUnavailable.code, exc_info=error)
    response = answer(EngineUnavailable())
    response.headers["Retry-After"] = "5"
    return response


def _bug(error: Exception) -> flask.Response:
    _log.error("bug", code=errors.Unforeseen.code, exc_info=error)
    try:
        return answer(errors.Unforeseen())
    except Exception as second:  # the bug is in what every page shares
        _log.error("bug on the error page", exc_info=second)
        said = f"{errors.Unforeseen.message} {errors.Unforeseen.code} {request_id()}"
        return flask.Response(said, errors.Unforeseen.status, mimetype="text/plain")


def _for_program() -> bool:
    if paths.for_programs(flask.request.path):
        return True
    return flask.request.accept_mimetypes.best == "application/json"


def _fill(text: str, params: Mapping[str, Any]) -> str:
    said = translate(text)
    try:
        return said % params if params else said
    except (KeyError, ValueError, TypeError):
        return said


def _back_url() -> str:
    """A page of ours the person came from; anything else leads home."""
    origin = flask.request.host_url
    referrer = flask.request.referrer or ""
    path = referrer.removeprefix(origin) if referrer.startswith(origin) else ""
    return "/" + path.lstrip("/\\")
