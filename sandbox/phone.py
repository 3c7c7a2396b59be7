"""The fake phone: an inbox for people, and the same as JSON for programs."""

import flask

from sandbox.inbox import Inbox, as_json, plain

bp = flask.Blueprint("phone", __name__)

REFRESH = 2


@bp.get("/phone")
def phones() -> flask.typing.ResponseReturnValue:
    """All phones with messages, and a field to open another one."""
    wanted = flask.request.args.get("number", "")
    number = plain(wanted)
    if number is not None:
        return flask.redirect(flask.url_for("phone.inbox", number=number))
    return flask.render_template("phones.html", latest=_inbox().latest(), wrong=wanted)


@bp.get("/phone/<number>")
def inbox(number: str) -> flask.Response:
    """One phone's messages; the page renews itself unless asked to keep still."""
    found, still = _number(number), "still" in flask.request.args
    page = flask.render_template(
        "phone.html", number=found, texts=_inbox().of(found), still=still, seconds=REFRESH
    )
    return flask.Response(page, headers={} if still else {"Refresh": str(REFRESH)})


@bp.get("/phone/<number>/messages")
def messages(number: str) -> flask.Response:
    return flask.jsonify([as_json(text) for text in _inbox().of(_number(number))])


@bp.delete("/phone/<number>/messages")
def clear(number: str) -> tuple[str, int]:
    _inbox().clear(_number(number))
    return "", 204


@bp.get("/health")
def health() -> flask.Response:
    return flask.jsonify(status="ok")


def _number(text: str) -> str:
    number = plain(text)
    if number is None:
        flask.abort(404)
    return number


def _inbox() -> Inbox:
    inbox: Inbox = flask.current_app.extensions["inbox"]
    return inbox
