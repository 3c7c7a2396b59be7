"""The page behind the link of a security notice: what happened, and: it was not me."""

from http import HTTPStatus

import flask

from idp import freezing, notices, recoveries
from idp.errors import N_, IdpError
from idp.store import accounts
from idp.store import notices as stored
from idp.store.ephemeral import digest
from idp.store.notices import Notice
from idp.web import people

bp = flask.Blueprint("links", __name__, url_prefix="/n")

_OTHER = N_("您账号的登录方式有变化。")
"""Of a notice that this release knows nothing about."""


class LinkOver(IdpError):
    """No notice has this link, or it was sent more than a week ago."""

    code = "HT-3513"
    message = N_("链接无效或已过期。")
    next_step = N_("请登录“我的账号”查看最近的登录；登录不了的，请选择“找回账号”。")
    status = HTTPStatus.NOT_FOUND


@bp.get("/<token>")
def opened(token: str) -> flask.Response:
    """Looking does nothing: message apps open links to show a picture of them."""
    people.language()
    notice = _found(token)
    account = accounts.by_id(notice.account_id)
    found = recoveries.pending_of(notice.account_id)
    return people.page(
        "recovery/not_me.html",
        None,
        what=notices.SAID.get(notice.about, _OTHER),
        at=notice.at,
        good=notice.good,
        frozen=account is not None and freezing.is_frozen(account),
        hall=found is not None and not recoveries.WAYS[found.way].stopped_by_number,
        submit_url=flask.url_for("links.not_me", token=token),
        login_url="/login/",
        recover_url="/recover/",
    )


@bp.post("/<token>")
def not_me(token: str) -> flask.Response:
    """Pressing it twice does it once."""
    freezing.freeze(_found(token))
    return people.go(flask.url_for("links.opened", token=token))


def _found(token: str) -> Notice:
    found = stored.by_token(digest(token))
    if found is None or (not found.good and found.used_at is None):
        raise LinkOver
    return found
