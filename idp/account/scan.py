"""The phone's side of a scan: what asks to be signed in, and the person's yes or no.

Only a session that proved itself a moment ago may say yes: it lends what it proved to the screen,
and a phone left unlocked is not its owner. What was lent to it by a scan it does not lend on.
"""

import time
from dataclasses import replace
from types import SimpleNamespace

import flask

from idp import assurance, proofs
from idp.account.blueprint import bp, fresh_sign_in
from idp.account.errors import NothingToLend, ScannedByAnother, ScannedTooLate
from idp.audit import events
from idp.audit import log as audit
from idp.services import services
from idp.store import clients, scans
from idp.store.engines import db
from idp.store.scans import Scan, State
from idp.web import i18n, people
from idp.web.signed_in import me, mine

_LENT = ("possession", "knowledge")
"""Kinds of factors a session may lend, the better first; never what only its device can know."""
_ELSEWHERE = {"hwk": "swk"}
"""Beside another key's ``mfa`` one that cannot leave its device would make aal3 where it is not."""


@bp.get("/scan/<token>")
def scan(token: str) -> flask.Response:
    """To look is to have scanned: the screen says so, and other phones are too late."""
    found = _mine(token)
    fresh_sign_in()
    _lent()
    if found.state is State.SCANNED:
        return people.page(
            "account/scan.html",
            None,
            asks=SimpleNamespace(
                name=_name(found.client_id), terminal=found.terminal, place=_place(found.place)
            ),
            submit_url=f"/account/scan/{found.token}",
        )
    return people.page("account/scanned.html", None, confirmed=found.state is not State.DENIED)


@bp.post("/scan/<token>")
def answer_scan(token: str) -> flask.Response:
    """Raises ScannedTooLate or ScannedByAnother."""
    found = _mine(token)
    fresh_sign_in()
    yes = people.text("answer") == "yes"
    method = _lent()
    if found.state is State.SCANNED:
        footing = proofs.footing(me())
        said = State.CONFIRMED if yes else State.DENIED
        decided = replace(found, state=said, method=method, footing=footing)
        if scans.move(found, decided, services.settings.login.scan) is None:
            raise ScannedTooLate
        audit.record(
            events.ScanAnswered(
                account=me().id, client_id=found.client_id, outcome="ok" if yes else "refused"
            )
        )
        db.session.commit()
    return people.go(f"/account/scan/{found.token}")


def _mine(token: str) -> Scan:
    """The scan this phone has, or has now. Raises ScannedTooLate or ScannedByAnother."""
    found = scans.find(token)
    if found is not None and found.state is State.WAITING:
        scanned = replace(found, state=State.SCANNED, account_id=me().id, session=mine().id)
        found = scans.move(found, scanned, services.settings.login.scan) or scans.find(token)
    if found is None:
        raise ScannedTooLate
    if (found.account_id, found.session) != (me().id, mine().id):
        raise ScannedByAnother
    return found


def _lent() -> str:
    """What this session proved a moment ago, one method. Raises NothingToLend."""
    since = time.time() - services.settings.login.fresh.total_seconds()
    fresh = [method for method, at in mine().shown.items() if at >= since]
    kinds = {assurance.FACTORS.get(method): method for method in reversed(fresh)}
    lent = next((kinds[kind] for kind in _LENT if kind in kinds), "")
    if not lent:
        raise NothingToLend
    return _ELSEWHERE.get(lent, lent)


def _name(client_id: str) -> str:
    client = clients.look_up(client_id) if client_id else None
    return i18n.named(client).name if client else ""


def _place(range_: str) -> str:
    """``203.0.113.*`` says as much as ``203.0.113.0/24``, to more people."""
    network = range_.partition("/")[0]
    return network.removesuffix(".0") + ".*" if "." in network else network
