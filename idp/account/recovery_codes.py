"""Recovery codes (恢复码): made, shown once to be printed or written down, made anew."""

import flask

from idp import recovery_codes as codes
from idp.account.blueprint import bp, for_a_factor
from idp.account.errors import FactorTurnedOff
from idp.services import services
from idp.store import recovery_codes as store
from idp.store.types import now
from idp.web import people
from idp.web.signed_in import me


@bp.get("/recovery-codes")
def recovery_codes() -> flask.Response:
    """The codes while they are being shown, else what there is of them."""
    if shown := codes.shown(me()):
        return people.page(
            "account/recovery_codes_shown.html",
            None,
            codes=shown,
            made_at=now(),
            kept_url="/account/recovery-codes/kept",
        )
    for_a_factor()
    found = store.of(me().id)
    return people.page(
        "account/recovery_codes.html",
        None,
        left=found.left if found else 0,
        made_at=found.made_at if found else None,
        few=found is not None and found.left <= codes.FEW,
        count=codes.COUNT,
        submit_url=codes.PAGE,
    )


@bp.post("/recovery-codes")
def make_recovery_codes() -> flask.Response:
    for_a_factor()
    if "recovery_code" not in services.settings.login.methods:
        raise FactorTurnedOff
    return people.go(codes.make(me()))


@bp.post("/recovery-codes/kept")
def kept_recovery_codes() -> flask.Response:
    codes.kept(me())
    return people.go("/account/methods?done=codes")
