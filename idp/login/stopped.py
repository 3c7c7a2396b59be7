"""An account that was stopped, shown to who has just proved it is theirs: why, and what to do."""

import time
from types import SimpleNamespace

import flask

from idp import appeals, browsers, cases, interactions, stops
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.login.blueprint import bp
from idp.login.errors import StepMissing
from idp.services import services
from idp.sessions import AccountStopped
from idp.store import cases as stored
from idp.store import stops as store
from idp.store.accounts import Account
from idp.store.stops import Stop
from idp.web import people
from idp.web.people import Failed

_STOPPED = "stopped"


def tell(interaction: Interaction, account: Account) -> flask.Response:
    """Nobody is signed in; whose account it is waits sealed with the interaction."""
    sealed = str(services.sealer.seal(_STOPPED, account.id, interaction.id))
    interactions.note(interaction, **{_STOPPED: sealed, "stopped_at": time.time()})
    return people.go(interaction.url("/login/stopped"))


@bp.get("/stopped")
def stopped() -> flask.Response:
    interaction = people.entered()
    return _page(interaction, *_told(interaction), Failed(AccountStopped()))


@bp.get("/stopped/appeal")
def address_of_the_appeal() -> flask.Response:
    return people.back_to("/login/stopped")


@bp.post("/stopped/appeal")
def appeal() -> flask.Response:
    """Whoever appeals again has the same case, with what they say now."""
    interaction = people.entered()
    account_id, stop = _told(interaction)
    try:
        said = people.text("reason")
        appeals.open_(account_id, cases.STOPPED, said, {"stop": stop.code})
    except IdpError as error:
        return _page(interaction, account_id, stop, people.failed(error, "reason"))
    return people.go(interaction.url("/login/stopped"))


def _told(interaction: Interaction) -> tuple[str, Stop]:
    """The account just proved, and why it stands still. Raises StepMissing."""
    sealed = interaction.result.get(_STOPPED)
    if not sealed or browsers.left_since(interaction.result["stopped_at"]):
        raise StepMissing
    account_id = services.sealer.open(_STOPPED, sealed, interaction.id)
    stop = store.of(account_id)
    if stop is None:  # lifted meanwhile: they may sign in
        raise StepMissing
    return account_id, stop


def _page(interaction: Interaction, account_id: str, stop: Stop, failed: Failed) -> flask.Response:
    case = stored.open_of(account_id, cases.APPEAL, cases.STOPPED)
    slip = None
    if case is not None:
        topic = cases.TOPICS[case.stated["topic"]]
        until, reason = case.valid_until, case.stated["reason"]
        slip = SimpleNamespace(code=case.code, until=until, topic=topic, reason=reason)
    return people.page(
        "login/stopped.html",
        interaction,
        failed,
        stop=SimpleNamespace(why=stops.KINDS[stop.kind], code=stop.code, at=stop.at),
        slip=slip,
        most=appeals.LONGEST,
        form=people.fields(failed, submit_url=interaction.url("/login/stopped/appeal")),
        back_url=interaction.url("/login/"),
    )
