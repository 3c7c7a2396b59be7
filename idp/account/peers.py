"""Accounts in other regions linked to this one: shown, and cut off."""

from types import SimpleNamespace

import flask

from idp import peers
from idp.account.blueprint import bp, for_a_factor
from idp.account.errors import NoSuchFactor
from idp.account.methods import obstacle
from idp.errors import N_, IdpError
from idp.services import services
from idp.store import accounts, peer_links
from idp.store.peer_links import PeerLink
from idp.web import people
from idp.web.people import FIRST
from idp.web.signed_in import me, mine

_PAGE = "/account/peers"
_DONE = {"removed": N_("已解除关联，其他设备上的登录已退出。")}
_STATES = {
    peer_links.ACTIVE: "",
    peer_links.SUSPENDED: N_("已在归属地停用"),
    peer_links.SEVERED: N_("已解除关联"),
}


@bp.get("/peers")
def my_peers() -> flask.Response:
    shown = [
        SimpleNamespace(
            id=each.id,
            name=services.broker.name(each.issuer),
            linked_at=each.linked_at,
            used_at=each.used_at,
            state=_STATES[each.status],
            live=each.status != peer_links.SEVERED,
        )
        for each in peer_links.of(me().id)
    ]
    notice = _DONE.get(flask.request.args.get("done", ""), "")
    return people.page("account/peers.html", None, peers=shown, notice=notice)


@bp.get("/peers/<link_id>/remove")
def ask_to_sever(link_id: str) -> flask.Response:
    for_a_factor()
    found = _found(link_id)
    return _removal(found, obstacle(me(), "peer", found.id))


@bp.post("/peers/<link_id>/remove")
def sever(link_id: str) -> flask.Response:
    """Of two tabs that take away two, the second sees what the first has left."""
    for_a_factor()
    accounts.hold(me().id)
    found = _found(link_id)
    if hindrance := obstacle(me(), "peer", found.id):
        return _removal(found, hindrance)
    if not peers.sever(me(), found, keep=mine().id):
        raise NoSuchFactor
    return people.go(f"{_PAGE}?done=removed")


def _found(link_id: str) -> PeerLink:
    """Raises NoSuchFactor."""
    found = peer_links.get(me().id, link_id)
    if found is None or found.status == peer_links.SEVERED:
        raise NoSuchFactor
    return found


def _removal(found: PeerLink, hindrance: IdpError | None) -> flask.Response:
    return people.page(
        "account/peers_remove.html",
        None,
        people.failed(hindrance) if hindrance else FIRST,
        label=services.broker.name(found.issuer),
        impossible=hindrance is not None,
        submit_url=f"{_PAGE}/{found.id}/remove",
        back_url=_PAGE,
    )
