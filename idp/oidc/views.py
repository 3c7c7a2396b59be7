"""Flask's side of the protocol: requests in, responses out, nothing decided here."""

from functools import partial
from typing import Any

import flask

from idp.errors import IdpError
from idp.oidc import authorize as authorization
from idp.oidc import discovery, end_session, machines
from idp.oidc.adapters import EPOCH
from idp.oidc.endpoints import ENDPOINTS, Endpoint
from idp.oidc.errors import MalformedRequest
from idp.oidc.http import EMPTY, FORM, FormPost, Page, Params, Request, Response
from idp.store import buckets
from idp.store import grants as store
from idp.web import errors, headers
from idp.web.csrf import csrf

bp = flask.Blueprint("oidc", __name__)
CORS_ALLOWED = "Authorization, Content-Type"
CORS_FOR = "600"


def received() -> Request:
    """Flask's request, as the protocol reads it. Raises MalformedRequest."""
    request = flask.request
    form = EMPTY
    try:
        query = Params.parse(request.query_string.decode("ascii"))
        if request.method == "POST" and request.mimetype == FORM:
            form = Params.parse(request.get_data(cache=False).decode("ascii"))
    except ValueError:
        raise MalformedRequest from None
    return Request(
        request.method,
        query,
        form,
        request.headers.get("Authorization", ""),
        request.headers.get("Origin", ""),
    )


def sent(answer: Response | Page | FormPost) -> flask.Response:
    match answer:
        case Response(status, body, header):
            return flask.Response(body, status, list(header))
        case FormPost(action, fields):
            headers.allow_form_action(action)
            page = flask.render_template("form_post.html", redirect_uri=action, fields=fields)
            return flask.make_response(page)
        case Page(template, context, status, frames, form_action):
            for frame in frames:
                headers.allow_frame(frame)
            if form_action:
                headers.allow_form_action(form_action)
            return flask.make_response(flask.render_template(template, **context), status)


@bp.get(authorization.PATH)
@bp.post(authorization.PATH)
@csrf.exempt
def authorize() -> Any:
    """RFC 6749 §3.1; what a relying party may not be told is shown at an address of its own."""
    try:
        return sent(authorization.authorize(received()))
    except IdpError as error:
        return flask.redirect(errors.error_url(error), 303)


@bp.get(end_session.PATH)
@bp.post(end_session.PATH)
@csrf.exempt
def logout() -> Any:
    """RP-Initiated Logout 1.0 §2."""
    try:
        return sent(end_session.logout(received()))
    except IdpError as error:
        return flask.redirect(errors.error_url(error), 303)


@bp.post(end_session.PATH + "/confirm")
def logout_confirmed() -> Any:
    """The person answered the question; the form carries our token."""
    form = flask.request.form
    params = Params({"handle": form.get("handle", "")})
    end_session.current()
    if form.get("decision") != "yes":
        return sent(end_session.declined(params))
    return sent(end_session.confirmed(params, everywhere=form.get("scope") == "everywhere"))


def metadata() -> flask.Response:
    return sent(discovery.metadata_response())


@bp.get(discovery.JWKS_PATH)
def jwks() -> flask.Response:
    return sent(discovery.jwks_response())


@bp.get(discovery.GM_JWKS_PATH)
def gm_jwks() -> flask.Response:
    return sent(discovery.gm_jwks_response())


def _machine(endpoint: Endpoint) -> flask.Response:
    return sent(machines.answer(endpoint, received()))


def _preflight(endpoint: Endpoint) -> flask.Response:
    """What a browser asks before a page of another origin may call us."""
    origin = flask.request.headers.get("Origin", "")
    EPOCH.set(store.read_epoch(buckets.draw()))
    allowed = machines.cors(origin) if endpoint.cors else ()
    if allowed:
        methods = ", ".join(endpoint.methods)
        allowed = (
            *allowed,
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", CORS_ALLOWED),
            ("Access-Control-Max-Age", CORS_FOR),
        )
    return sent(Response(204, b"", allowed))


def _register(endpoint: Endpoint) -> None:
    name = endpoint.name
    view = csrf.exempt(_named(name, partial(_machine, endpoint)))
    bp.add_url_rule(
        endpoint.path, name, view, methods=endpoint.methods, provide_automatic_options=False
    )
    preflight = _named(f"{name}_preflight", partial(_preflight, endpoint))
    bp.add_url_rule(endpoint.path, f"{name}_preflight", csrf.exempt(preflight), methods=["OPTIONS"])


def _named(name: str, view: Any) -> Any:
    view.__name__ = name
    view.__module__ = __name__
    return view


for _path in discovery.PATHS:
    bp.add_url_rule(_path, "metadata", metadata)
for _endpoint in ENDPOINTS:
    _register(_endpoint)
