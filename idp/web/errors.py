"""What can go wrong on any page, and the address an error may be shown at."""

from contextlib import suppress
from typing import Any

import flask
from itsdangerous import BadData, URLSafeSerializer

from idp.errors import N_, IdpError, catalogue
from idp.web.requests import request_id


class BadRequest(IdpError):
    """The request could not be read. Usually a broken or hand-written client."""

    code = "HT-9001"
    message = N_("无法识别这次请求。")
    next_step = N_("请返回上一页重新操作；如果仍然出现，请从原网站重新进入。")
    oauth_error = "invalid_request"


class PageNotFound(IdpError):
    """No such page. If many people see it, a portal links to an address we never had."""

    code = "HT-9002"
    message = N_("您访问的页面不存在。")
    next_step = N_("请检查网址，或返回首页。")
    status = 404
    oauth_error = "invalid_request"


class MethodNotAllowed(IdpError):
    """The address exists but does not answer this HTTP method."""

    code = "HT-9003"
    message = N_("此页面不支持这种访问方式。")
    next_step = N_("请返回上一页，使用页面上的按钮继续。")
    status = 405
    oauth_error = "invalid_request"


class BodyTooLarge(IdpError):
    """The request body is longer than ``serve.max_body``."""

    code = "HT-9004"
    message = N_("提交的内容过大。")
    next_step = N_("请减少填写的内容后重新提交。")
    status = 413
    oauth_error = "invalid_request"


class FormExpired(IdpError):
    """The form carried no token of this browser: cookies are off, were cleared, or another
    site tried to submit it."""

    code = "HT-9005"
    message = N_("页面已失效，操作没有进行。")
    next_step = N_("请返回上一页刷新后重新提交，并确认浏览器允许使用 Cookie。")
    oauth_error = "invalid_request"


class Unforeseen(IdpError):
    """A bug. The log entry with this request id has the traceback; please report it."""

    code = "HT-9006"
    message = N_("系统出现意外错误。")
    next_step = N_("请稍后重试；如果仍然出现，请拨打服务热线并告知错误编号和请求编号。")
    status = 500
    oauth_error = "server_error"


class MediaTypeUnsupported(IdpError):
    """The request body has a type this address does not read."""

    code = "HT-9007"
    message = N_("提交的内容格式不受支持。")
    next_step = N_("请返回上一页，使用页面上的表单提交。")
    status = 415
    oauth_error = "invalid_request"


def error_url(error: IdpError) -> str:
    """The address of a page that shows ``error``, for errors no portal may be told.

    What fills the message travels signed: nobody else can put words on our page.
    """
    about = _signer().dumps({"p": error.params, "r": request_id()})
    return flask.url_for("web.error_page", code=error.code, about=about)


def read_error_url(code: str, about: str) -> tuple[IdpError, str]:
    """The error an address of ``error_url`` stands for, and the id of the request it is of.

    Raises PageNotFound when there is no such error.
    """
    found = next((error for error in catalogue() if error.code == code), None)
    if found is None:
        raise PageNotFound
    said: dict[str, Any] = {}
    # An address that was cut or written by hand still gets the plain error.
    with suppress(BadData):
        said = _signer().loads(about)
    # Made without its own __init__, which may want what only the failing code knew.
    error = found.__new__(found)
    IdpError.__init__(error, **said.get("p", {}))
    return error, said.get("r", "")


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(flask.current_app.secret_key), salt="web.error-page")
