"""Accounts elsewhere (微信, 支付宝) bound to this one: bound, and taken off again."""

from types import SimpleNamespace

import flask

from idp import interactions, linking
from idp.account.blueprint import bp, for_a_factor
from idp.account.errors import NoSuchFactor
from idp.account.methods import obstacle
from idp.errors import N_, IdpError
from idp.linking import LinkedAlready, LinkedElsewhere, NamesDisagree
from idp.services import services
from idp.store import accounts, linked
from idp.store.linked import LinkedAccount
from idp.upstream import errors
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

_PAGE = "/account/linked"
_DONE = {
    "bound": N_("已绑定，下次可以直接用它登录。"),
    "removed": N_("已解除绑定，其他设备上的登录已退出。"),
}
_FAILURES: dict[str, type[IdpError]] = {
    each.code: each
    for each in (
        LinkedElsewhere,
        LinkedAlready,
        NamesDisagree,
        errors.Declined,
        errors.CodeUnusable,
        errors.SnapshotPerson,
        errors.PersonRefused,
        errors.UpstreamBusy,
        errors.UpstreamMisconfigured,
    )
}
"""What the way there and back may end in, by the code in this page's address."""


@bp.get("/linked")
def my_linked() -> flask.Response:
    args = flask.request.args
    failure = _FAILURES.get(args.get("failed", ""))
    failed = Failed(failure(label=_label(args.get("of", "")))) if failure else FIRST
    return _list(_DONE.get(args.get("done", ""), ""), failed)


@bp.get("/linked/<name>/bind")
def ask_to_bind(name: str) -> flask.Response:
    """Proofs are asked for before the provider is."""
    for_a_factor()
    if name not in services.upstream.offered:
        raise NoSuchFactor
    return people.page(
        "account/linked_new.html",
        None,
        label=services.upstream.offered[name].label,
        submit_url=f"{_PAGE}/{name}/bind",
    )


@bp.post("/linked/<name>/bind")
def bind(name: str) -> flask.Response:
    for_a_factor()
    interaction = interactions.open_(_PAGE, reason=linking.REASON, account_id=me().id)
    try:
        where = linking.begin(interaction, name, flask.request.headers.get("User-Agent", ""))
    except IdpError as error:
        return _list(failed=people.failed(error))
    return people.page("redirecting.html", None, client=None, continue_url=where)


@bp.get("/linked/<linked_id>/remove")
def ask_to_unbind(linked_id: str) -> flask.Response:
    for_a_factor()
    found = _found(linked_id)
    return _removal(found, obstacle(me(), "linked", found.id))


@bp.post("/linked/<linked_id>/remove")
def unbind(linked_id: str) -> flask.Response:
    """Of two tabs that take away two, the second sees what the first has left."""
    for_a_factor()
    accounts.hold(me().id)
    found = _found(linked_id)
    if hindrance := obstacle(me(), "linked", found.id):
        return _removal(found, hindrance)
    if not linking.unbind(me(), found, keep=mine().id):
        raise NoSuchFactor
    return people.go(f"{_PAGE}?done=removed")


def _found(linked_id: str) -> LinkedAccount:
    """Raises NoSuchFactor."""
    found = linked.get(me().id, linked_id)
    if found is None:
        raise NoSuchFactor
    return found


def _label(upstream: str) -> str:
    found = services.upstream.offered.get(upstream)
    return found.label if found else N_("账号")


def _list(notice: str = "", failed: Failed = FIRST) -> flask.Response:
    bound = {each.upstream: each for each in linked.of(me().id)}
    able = {each.name for each in linking.offered(flask.request.headers.get("User-Agent", ""))}
    names = [*services.upstream.offered, *(each for each in bound if each not in able)]
    shown = [
        SimpleNamespace(name=name, label=_label(name), bound=bound.get(name), able=name in able)
        for name in dict.fromkeys(names)
    ]
    return people.page("account/linked.html", None, failed, upstreams=shown, notice=notice)


def _removal(found: LinkedAccount, hindrance: IdpError | None) -> flask.Response:
    return people.page(
        "account/linked_remove.html",
        None,
        people.failed(hindrance) if hindrance else FIRST,
        label=_label(found.upstream),
        impossible=hindrance is not None,
        submit_url=f"{_PAGE}/{found.id}/remove",
        back_url=_PAGE,
    )
