"""Children a person is the guardian of: agreeing that a name is verified, and taking it back."""

from types import SimpleNamespace

import flask

from idp import agreements, guardians, interactions, minors
from idp.account.blueprint import bp, fresh_sign_in
from idp.assurance import Level
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.guardians import RELATIONS, GuardianNameless, GuardianNotProved, NotYourChild
from idp.levels import FACE
from idp.realname.errors import ConsentNeeded
from idp.store import guardianships as store
from idp.store import identities as people_store
from idp.store.cases import by_code
from idp.store.guardianships import Guardianship
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me

_WAYS_ON: dict[type, SimpleNamespace] = {
    GuardianNotProved: SimpleNamespace(
        url="/account/children/prove", id="to-prove", label=N_("去认证")
    ),
    GuardianNameless: SimpleNamespace(
        url="/realname/change", id="to-change", label=N_("领取受理编号")
    ),
}
"""By what keeps somebody from agreeing: what they can do about it."""


@bp.get("/children")
def children() -> flask.Response:
    return _page()


@bp.get("/children/prove")
def prove_for_children() -> flask.Response:
    """To where the guardian's own name is proved, and back."""
    hints = {"acr": Level(FACE, 1).acr}
    opened = interactions.open_(
        "/account/children", reason="realname", account_id=me().id, hints=hints
    )
    return people.go(opened.url("/realname/"))


@bp.get("/children/agree")
def address_of_the_agreeing() -> flask.Response:
    return people.back_to("/account/children")


@bp.post("/children/agree")
def agree_for_a_child() -> flask.Response:
    fresh_sign_in()
    try:
        if not people.text("agree"):
            raise ConsentNeeded
        given = (people.text("case_code"), people.text("real_name"), people.text("relation"))
        guardians.agree(me(), *given)
    except IdpError as error:
        return _page(people.failed(error, "case_code", "real_name", "relation"))
    return people.go("/account/children?done=agreed")


@bp.get("/children/<guardianship_id>/withdraw")
def ask_to_withdraw_for_a_child(guardianship_id: str) -> flask.Response:
    fresh_sign_in()
    found = store.get(guardianship_id)
    if found is None or found.guardian_id != me().id or found.ward is None:
        raise NotYourChild
    return people.page("account/child_withdraw.html", None, child=_shown(found))


@bp.post("/children/<guardianship_id>/withdraw")
def withdraw_for_a_child(guardianship_id: str) -> flask.Response:
    fresh_sign_in()
    try:
        guardians.withdraw(me(), guardianship_id)
    except NotYourChild as error:
        return _page(people.failed(error))
    return people.go("/account/children?done=withdrawn")


def _page(failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url="/account/children/agree")
    hindrance = guardians.hindrance(me())
    return people.page(
        "account/children.html",
        None,
        failed,
        children=[_shown(each) for each in store.of_guardian(me().id)],
        form=form,
        relations=[SimpleNamespace(value=key, label=said) for key, said in RELATIONS.items()],
        hindrance=hindrance,
        way_on=_WAYS_ON.get(type(hindrance)),
        rules=agreements.children(),
        done=flask.request.args.get("done", ""),
    )


def _shown(consent: Guardianship) -> SimpleNamespace:
    return SimpleNamespace(
        id=consent.id,
        name=masking.name(_name(consent)),
        relation=RELATIONS[consent.relation],
        code=consent.case_code,
        active=consent.active,
        since=consent.begun_at or consent.consented_at,
        child=minors.is_child(consent.born_on),
    )


def _name(consent: Guardianship) -> str:
    """As the hall has confirmed it; until then as the child has stated it."""
    identity = people_store.of(consent.child_id)
    if consent.active and identity is not None:
        return identity.real_name
    case = by_code(consent.case_code)
    return str(case.stated.get("name", "")) if case is not None else ""
