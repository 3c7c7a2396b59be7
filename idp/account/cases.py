"""What the person has asked the staff to decide, and what came of it."""

from types import SimpleNamespace

import flask

from idp import cases as domain
from idp.account.blueprint import bp
from idp.errors import N_
from idp.store import cases as store
from idp.store.cases import DECIDED, Case
from idp.web import people
from idp.web.signed_in import me

_OUTCOMES = {domain.CONFIRMED: N_("已通过"), domain.REFUSED: N_("未通过")}


@bp.get("/cases")
def cases() -> flask.Response:
    shown = [_shown(each) for each in store.of(me().id)]
    return people.page("account/cases.html", None, cases=shown)


def _shown(case: Case) -> SimpleNamespace:
    return SimpleNamespace(
        code=case.code,
        about=domain.TOPICS.get(case.stated.get("topic", "")) or domain.KINDS[case.kind],
        opened=case.opened_at,
        until=case.valid_until,
        state=_state(case),
        decided=case.decided_at,
        remark=case.reason if case.outcome == domain.REFUSED else "",
    )


def _state(case: Case) -> str:
    if case.state == DECIDED:
        return _OUTCOMES[case.outcome]
    return N_("待办理") if case.open else N_("已过期")
