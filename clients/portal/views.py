"""The portal's pages: home, my page, sign in, sign out."""

import secrets
from functools import partial
from typing import Any, cast

import flask
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuthError
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from clients.portal import logout_token
from clients.portal.sessions import Sessions, SignedIn
from clients.portal.settings import Portal

bp = flask.Blueprint("portal", __name__)

TEXTS = {
    "access_denied": ("您取消了本次登录", "没有任何信息提供给我们。需要办理业务时，请重新登录。"),
    "interrupted": ("登录没有完成", "登录页面可能停留过久，或在另一个窗口中打开过。请重新登录。"),
    "unmet": (
        "还没有达到办理所需的认证级别",
        "这里的业务需要确认是您本人。请重新登录，并按页面提示完成实名认证和两种方式的验证。",
    ),
    "unavailable": ("暂时无法连接统一身份认证平台", "请稍等片刻再试；您的办件不受影响。"),
    "refused": ("统一身份认证平台没有完成登录", "请重新登录；多次出现时请拨打服务热线。"),
}


@bp.get("/")
def home() -> ResponseReturnValue:
    return flask.render_template("home.html", person=_person())


@bp.get("/my")
def my() -> ResponseReturnValue:
    """A page for people who are signed in: everybody else is sent to the provider."""
    person = _person()
    if person is None:
        return flask.redirect(flask.url_for("portal.login"))
    return flask.render_template("my.html", person=person)


@bp.get("/login")
def login() -> ResponseReturnValue:
    """State, nonce and the PKCE verifier are made by Authlib and kept in our own cookie."""
    return cast(flask.Response, _provider().authorize_redirect(f"{_portal().base_url}/callback"))


@bp.get("/callback")
def callback() -> ResponseReturnValue:
    """The provider sent the browser back: with a code, or with the reason why not."""
    if flask.request.args.get("iss", _portal().issuer) != _portal().issuer:
        return _sorry("refused", 400)  # RFC 9207 §2.4: an answer by somebody else
    try:
        token = _provider().authorize_access_token()
        claims = _provider().userinfo(token=token)
    except OAuthError as error:
        return _not_signed_in(error)
    if claims.get("sub") != token["userinfo"]["sub"]:
        return _sorry("refused", 400)  # OIDC Core §5.3.4: two different people
    who = SignedIn(claims["sub"], token["userinfo"]["sid"], token["id_token"], dict(claims))
    _forget_browser()
    flask.session["handle"] = _sessions().start(who)
    return flask.redirect(flask.url_for("portal.my"))


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out here first, then at the provider, which tells the other portals."""
    person = _person()
    _forget_browser()
    if person is None:
        return flask.redirect(flask.url_for("portal.home"))
    return cast(
        flask.Response,
        _provider().logout_redirect(
            f"{_portal().base_url}/signed-out", person.id_token, state=secrets.token_urlsafe(16)
        ),
    )


@bp.get("/signed-out")
def signed_out() -> ResponseReturnValue:
    """Where the provider sends people after sign-out; ``state`` shows that we asked for it."""
    try:
        _provider().validate_logout_response()
    except OAuthError:
        return flask.redirect(flask.url_for("portal.home"))
    return flask.render_template("signed_out.html")


@bp.post("/backchannel-logout")
def backchannel_logout() -> ResponseReturnValue:
    """The provider's server says that a session ended. No browser and no cookie are involved."""
    portal = _portal()
    try:
        told = logout_token.check(
            flask.request.form.get("logout_token", ""),
            issuer=portal.issuer,
            client_id=portal.client_id,
            keys=partial(_provider().fetch_jwk_set),
        )
    except logout_token.BadLogoutToken as error:
        flask.current_app.logger.warning("logout token refused: %s", error)
        return {"error": "invalid_request", "error_description": str(error)}, 400
    if not _sessions().end_told(told.jti, told.expires, sid=told.sid, subject=told.subject):
        return {"error": "invalid_request", "error_description": "jti was used before"}, 400
    return "", 200


@bp.app_errorhandler(RequestException)
def unreachable(_error: RequestException) -> ResponseReturnValue:
    return _sorry("unavailable", 503)


@bp.app_errorhandler(AuthlibBaseError)
@bp.app_errorhandler(JoseError)
def unconvincing(error: Exception) -> ResponseReturnValue:
    """An ID token that does not verify: nobody is signed in."""
    flask.current_app.logger.warning("sign-in refused: %s", type(error).__name__)
    return _sorry("refused", 400)


def _not_signed_in(error: OAuthError) -> ResponseReturnValue:
    if _person() is not None:  # the back button led to a callback that was already used
        return flask.redirect(flask.url_for("portal.my"))
    flask.current_app.logger.warning("sign-in not completed: %s", error.error)
    if error.error == "access_denied":
        return _sorry("access_denied", 200)
    if error.error == "unmet_authentication_requirements":
        return _sorry("unmet", 200)
    if error.error == "mismatching_state":
        return _sorry("interrupted", 400)
    return _sorry("refused", 400)


def _sorry(reason: str, status: int) -> ResponseReturnValue:
    title, text = TEXTS[reason]
    page = flask.render_template("sorry.html", reason=reason, title=title, text=text)
    return page, status


def _person() -> SignedIn | None:
    handle = flask.session.get("handle")
    return _sessions().find(handle) if handle else None


def _forget_browser() -> None:
    """End what this browser had, so that nothing planted before sign-in survives it."""
    if handle := flask.session.get("handle"):
        _sessions().end(handle)
    flask.session.clear()


@bp.app_template_filter("masked_phone")
def masked_phone(number: str) -> str:
    local = number.removeprefix("+86")
    return f"{local[:3]}****{local[-4:]}"


def _portal() -> Portal:
    return cast(Portal, flask.current_app.config["PORTAL"])


def _sessions() -> Sessions:
    return cast(Sessions, flask.current_app.extensions["portal.sessions"])


def _provider() -> FlaskOAuth2App | Any:
    return flask.current_app.extensions["authlib.integrations.flask_client"].hutong
