"""What a person was told by text message, and which of it they want to be told."""

from datetime import timedelta
from types import SimpleNamespace

import flask

from idp import notices
from idp.account.blueprint import bp, fresh_sign_in
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import N_
from idp.store import notices as store
from idp.store.engines import db
from idp.store.notices import NOT_SENT, PROMISED, Notice
from idp.store.paging import PageEnd
from idp.store.types import now
from idp.web import people
from idp.web.signed_in import me

_LIMIT = 50
_PATIENCE = timedelta(days=1)
"""What nobody could send for so long is sent no more."""
_WORDS = {
    "new_sign_in": (N_("在新设备上登录"), N_("只在没有发现异常时可以不通知。")),
    "case_decided": (N_("申请有了处理结果"), N_("结果一直可以在“我的申请”中查看。")),
}
"""Of each optional notice: its label, and what to know about it."""
_OTHER = N_("您的账号有变化。")
"""Of a notice that this release knows nothing about."""


@bp.get("/notices")
def told() -> flask.Response:
    """A page of it, the latest first; ``before`` is where the page before ended."""
    before = PageEnd.parse(flask.request.args.get("before", ""))
    found = store.of(me().id, _LIMIT + 1, before)
    shown, rest = found[:_LIMIT], found[_LIMIT:]
    end = str(PageEnd(shown[-1].at, shown[-1].id)) if rest else ""
    return people.page(
        "account/notices.html",
        None,
        rows=[_row(each) for each in shown],
        older_url=flask.url_for("account.told", before=end) if end else "",
        choices=None if before else [_choice(about) for about in notices.OPTIONAL],
        has_number=me().phone is not None,
        notice=N_("设置已保存。") if "done" in flask.request.args else "",
    )


@bp.post("/notices")
def choose() -> flask.Response:
    """A box that is not ticked is a notice that is not wanted; who wants less proves themselves."""
    account, ticked = me(), flask.request.form.getlist("notice")
    off = [about for about in notices.OPTIONAL if about not in ticked]
    before = account.notices_off or []
    if fewer := {*off} - {*before}:
        fresh_sign_in()
    if {*off} != {*before}:
        account.notices_off = off
        audit.record(events.NoticesChosen(account=account.id, off=tuple(off)))
        if fewer:
            notices.warn(account, "notices_off")
        db.session.commit()
    return people.go("/account/notices?done=1")


def _row(row: Notice) -> SimpleNamespace:
    unsent = row.state == NOT_SENT or (row.state == PROMISED and row.at < now() - _PATIENCE)
    return SimpleNamespace(
        at=row.at,
        text=notices.SAID.get(row.about, _OTHER),
        number=masking.phone(row.number),
        linked=row.token is not None,
        unsent=unsent,
        waiting=row.state == PROMISED and not unsent,
        used=row.used_at is not None,
    )


def _choice(about: str) -> SimpleNamespace:
    label, more = _WORDS[about]
    return SimpleNamespace(name=about, label=label, more=more, checked=notices.wanted(me(), about))
