"""Accounts that were made one: when, until when it can be undone, and undoing it."""

from types import SimpleNamespace

import flask

from idp import merging
from idp.account.blueprint import bp, fresh_sign_in
from idp.errors import N_
from idp.merging import TooLateToUndo
from idp.store import merges as store
from idp.store.merges import Merge
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

_WHAT = {
    "phone": N_("手机号码：合并期间已由他人使用"),
    "username": N_("用户名：合并期间已由他人使用"),
    "identity": N_("实名信息：合并期间已变更"),
}
"""What can be lost between a merge and its undoing."""


@bp.get("/merges")
def merges() -> flask.Response:
    return _list()


@bp.get("/merges/undo")
def address_of_the_undoing() -> flask.Response:
    return people.back_to("/account/merges")


@bp.post("/merges/undo")
def undo_merge() -> flask.Response:
    """Give the other account back what was its own; the answer is the last page of this session,
    for everybody signs in anew.
    """
    fresh_sign_in()
    try:
        undone = merging.undo(me(), people.text("merge"))
    except TooLateToUndo as error:
        return _list(people.failed(error))
    return people.page("account/merge_undone.html", None, lost=_lost(undone))


def _list(failed: Failed = FIRST) -> flask.Response:
    shown = [
        SimpleNamespace(
            id=each.id,
            at=each.at,
            until=each.undo_until if each.undoable and each.kept_id == me().id else None,
            undone=each.undone_at,
            lost=_lost(each),
        )
        for each in store.of(me().id)
    ]
    return people.page("account/merges.html", None, failed, merges=shown)


def _lost(merge: Merge) -> list[str]:
    return [_WHAT[name] for name in merge.lost]
