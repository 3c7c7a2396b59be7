"""What stories about acting for a company begin with."""

from typing import Any

import flask

from idp import mandates
from idp.mandates import Terms
from idp.store import accounts
from idp.store.accounts import Account
from tests.oidc.actors import Person, Portal, registered

CLAIMS = ["organisation", "mandate"]
SCOPE = "openid organisation offline_access"


def account_of(person: Person) -> Account:
    account = accounts.by_id(person.account_id)
    assert account is not None
    return account


def mandated(app: flask.Flask, boss: Person, company: str, agent: Person, **terms: Any) -> str:
    """The id of a mandate the agent has accepted."""
    with app.app_context():
        to = ("李秀英", account_of(agent).phone or "")
        made = mandates.offer(account_of(boss), company, to, Terms(["tax"], **terms))
        return mandates.accept(account_of(agent), made.id).id


def for_organisations(app: flask.Flask, client_id: str = "etax", **metadata: Any) -> Portal:
    """A portal that would know for whom people act, by law."""
    given = {
        "legal_basis": "statutory",
        "statute": "《税收征收管理法》",
        "claims": CLAIMS,
        "scope": f"{SCOPE} phone",
        "backchannel_logout_uri": f"https://{client_id}.test/logout",
    } | metadata
    return registered(app, client_id, **given)


def arrives(person: Person, portal: Portal, **asked: Any) -> Person:
    """At the portal's authorization request, signed in."""
    person.opens(portal.url(**{"scope": SCOPE, **asked}))
    if person.page.request.path == "/login/":
        person.signs_in()
    return person


def redeemed(person: Person, portal: Portal) -> dict[str, Any]:
    answer = portal.redeems(person.arrived["code"])
    assert answer.status_code == 200, answer.json
    return answer.json
