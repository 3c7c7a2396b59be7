"""Who has two factors shows both before a third is added: one would soon make the other."""

from urllib.parse import quote

import flask

from idp import assurance, interactions, proofs
from idp.interactions import Interaction
from idp.login.finishing import STEP_UP
from idp.sessions import Session
from idp.store.accounts import Account
from idp.web import people

_HARDWARE = 3
"""The level that only some keys reach: it is not asked for to add something."""


def are_due(session: Session, account: Account) -> bool:
    """Whether the session has shown less than the account can."""
    return session.level.aal < assurance.aal_of(proofs.means(account)) < _HARDWARE


def first(interaction: Interaction, account: Account, page: str) -> flask.Response:
    """Off to show both, and back to ``page`` on the same way."""
    back = interaction.url(page)
    more = interactions.open_(
        quote(back, safe="/?=&"), reason=STEP_UP, account_id=account.id, hints={"back": back}
    )
    return people.go(more.url("/login/"))
