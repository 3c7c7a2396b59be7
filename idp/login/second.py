"""The second factor somebody lacks: what would be one, and a password set on the way.

The phone alone sets no password that counts beside the phone at once; a living face shown on this
very way says that there is more than the phone.
"""

from types import SimpleNamespace

import flask

from idp import assurance, credentials, levels, proofs, sessions
from idp.assurance import Level
from idp.credentials import TooManyChoices, WeakNewPassword
from idp.interactions import Interaction
from idp.login import demands, finishing
from idp.login.blueprint import bp
from idp.login.errors import StepMissing
from idp.login.finishing import STEP_UP
from idp.services import services
from idp.sessions import Session
from idp.store import accounts
from idp.store.accounts import Account
from idp.web import people
from idp.web.people import FIRST, Failed


def stepping_up(interaction: Interaction) -> Session | None:
    """The session that a step-up adds a factor to, while it lives."""
    session = sessions.current() if interaction.reason == STEP_UP else None
    return session if session and session.account_id == interaction.account_id else None


def lacking(interaction: Interaction) -> SimpleNamespace | None:
    """What to do for a second factor, where no method on offer is one; None where none is due."""
    if before := demands.first(interaction):
        held = accounts.by_id(before.account_id)
        return _ways(held) if held else None
    session = stepping_up(interaction)
    account = accounts.by_id(session.account_id) if session else None
    if session is None or account is None:
        return None
    asked = Level.parse(interaction.hints.get("acr", ""))
    settles = _helps(account, session) and asked is not None and asked.ial >= levels.FACE
    faces = services.realname.open_to(account, levels.FACE) if settles else []
    face_url = f"{interaction.url('/realname/form')}&m={faces[0].method}" if faces else ""
    return _ways(account, face_url)


def _ways(account: Account, face_url: str = "") -> SimpleNamespace:
    return SimpleNamespace(
        phone=not account.phone,
        until=account.password_settles_at if account.password_hash else None,
        days=services.settings.login.password_settles.days,
        face_url=face_url,
    )


def due(interaction: Interaction) -> bool:
    """Whether a password set now is the second factor: the face it takes was shown a moment ago."""
    session = stepping_up(interaction)
    account = accounts.by_id(session.account_id) if session else None
    if session is None or account is None:
        return False
    return _helps(account, session) and proofs.face_shown(interaction, account)


@bp.get("/password/new")
def new_password() -> flask.Response:
    interaction = people.entered()
    if not due(interaction):
        return people.go(interaction.url("/login/"))
    return _page(interaction)


@bp.post("/password/new")
def set_new_password() -> flask.Response:
    """Set it, and count it as shown: on to where the second factor was asked for."""
    interaction = people.entered()
    session, account = stepping_up(interaction), accounts.by_id(interaction.account_id)
    if session is None or account is None or not due(interaction):
        raise StepMissing
    chosen = people.text("new_password")
    try:
        credentials.count(account.id)
    except TooManyChoices as error:
        return _page(interaction, people.failed(error))
    if reasons := credentials.weaknesses(chosen, account.username, account.phone):
        return _page(interaction, people.failed(WeakNewPassword(), reasons=reasons))
    account.password_settles_at = None
    credentials.give(account, chosen, keep=session.id)
    return finishing.complete(interaction, account, ("pwd",), proofs.footing(account))


def _helps(account: Account, session: Session) -> bool:
    """Whether a password would add a kind of factor, of who has none that counts."""
    if "password" not in services.settings.login.methods:
        return False
    if account.password_hash is not None and account.password_settled:
        return False
    proved = proofs.counted(account, set(session.amr))
    return assurance.aal_of({*proved, "pwd"}) > session.level.aal


def _page(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    account = accounts.by_id(interaction.account_id)
    return people.page(
        "login/new_password.html",
        interaction,
        failed,
        form=people.fields(failed, submit_url=interaction.url("/login/password/new")),
        username=account.username or "" if account else "",
        decline_url=interaction.url("/login/decline"),
    )
