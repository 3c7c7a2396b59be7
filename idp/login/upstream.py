"""WeChat and Alipay on the sign-in pages: out, back, and who they are bound to."""

import time

import flask

from idp import interactions, linking, sessions
from idp.crypto import masking
from idp.errors import IdpError
from idp.interactions import Interaction
from idp.linking import Failed, ReturnUnknown
from idp.login import both_factors, numbers, pages, trail
from idp.login.blueprint import bp
from idp.login.errors import PersonMismatch, StepMissing
from idp.login.methods.base import Proved
from idp.services import services
from idp.sessions import Session
from idp.store import accounts
from idp.store.accounts import Account
from idp.store.engines import db
from idp.upstream.base import Person, Upstream
from idp.web import people


@bp.post("/upstream/<name>")
def to_upstream(name: str) -> flask.Response:
    """Off to the provider, on a page of its own: a form may lead to portals only."""
    interaction = people.entered()
    try:
        if name not in {each["name"] for each in pages.upstreams(interaction)}:
            raise linking.UpstreamUnknown
        where = linking.begin(interaction, name, _agent())
    except IdpError as error:
        return pages.show(interaction, failed=people.failed(error))
    return people.page("redirecting.html", interaction, client=None, continue_url=where)


@bp.get("/upstream/<name>")
def from_upstream(name: str) -> flask.Response:
    """Back from the provider. Raises ReturnUnknown where nothing of it began in this browser."""
    if "i" in flask.request.args:  # the address of the form, reloaded
        return people.back_to("/login/")
    try:
        interaction, upstream, person = linking.returned(name, flask.request.args.to_dict())
        if interaction.reason == linking.REASON:
            return _bind_here(interaction, upstream, person)
        return _signed(interaction, upstream, person)
    except linking.Over as over:
        own = over.interaction.reason == linking.REASON
        return people.go("/account/linked" if own else over.interaction.url("/login/"))
    except Failed as failed:
        if isinstance(failed.error, ReturnUnknown):
            raise failed.error from None
        if failed.interaction.reason == linking.REASON:
            return people.go(f"/account/linked?failed={failed.error.code}")
        return pages.show(failed.interaction, failed=people.failed(failed.error))


@bp.get("/unknown")
def stranger() -> flask.Response:
    """Nobody here is bound to whom the provider named: sign in or sign up, then bind."""
    interaction = people.entered()
    waiting = linking.stranger(interaction)
    if waiting is None:
        return people.go(interaction.url("/login/"))
    return people.page(
        "login/stranger.html",
        interaction,
        label=waiting[0].label,
        login_url=interaction.url("/login/"),
        signup_url="" if interaction.account_id else interaction.url("/signup/"),
    )


@bp.get("/linking")
def ask_to_link() -> flask.Response:
    interaction = people.entered()
    _session, account, (upstream, _person) = _just_signed_in(interaction)
    known = masking.phone(account.phone) if account.phone else account.username or ""
    return people.page(
        "login/linking.html",
        interaction,
        label=upstream.label,
        known=known,
        submit_url=interaction.url("/login/linking"),
    )


@bp.post("/linking")
def link() -> flask.Response:
    """Bind, or not: on to where the person was going either way."""
    interaction = people.entered()
    session, account, (upstream, person) = _just_signed_in(interaction)
    if people.text("answer") == "yes":
        if both_factors.are_due(session, account):
            return both_factors.first(interaction, account, "/login/linking")
        try:
            linking.bind(account, upstream, person)
        except IdpError as error:
            return people.page(
                "login/linking_failed.html",
                interaction,
                people.failed(error),
                submit_url=interaction.url("/login/linking"),
            )
    return people.leave(interaction)


def _signed(interaction: Interaction, upstream: Upstream, person: Person) -> flask.Response:
    try:
        found = linking.whose(upstream, person)
        account = accounts.by_id(found.account_id) if found else None
        if account is None:
            return people.go(linking.wait(interaction, upstream, person).url("/login/unknown"))
        db.session.commit()
        return numbers.settle(interaction, Proved(account, linking.AMR))
    except (PersonMismatch, linking.NamesDisagree) as error:
        trail.failed("", upstream.name, error.code)
        return pages.show(interaction, failed=people.failed(error))


def _bind_here(interaction: Interaction, upstream: Upstream, person: Person) -> flask.Response:
    """To the account that is signed in, which asked for it. Raises StepMissing."""
    session = sessions.current()
    account = accounts.by_id(session.account_id) if session else None
    if account is None or account.id != interaction.account_id:
        raise StepMissing
    try:
        linking.bind(account, upstream, person)
    except IdpError as error:
        return people.go(f"/account/linked?failed={error.code}&of={upstream.name}")
    interactions.finish(interaction)
    return people.go("/account/linked?done=bound")


def _just_signed_in(
    interaction: Interaction,
) -> tuple[Session, Account, tuple[Upstream, Person]]:
    """Raises StepMissing unless somebody has signed in on this way and a stranger waits on it."""
    session, waiting = sessions.current(), linking.stranger(interaction)
    account = accounts.by_id(session.account_id) if session else None
    if session is None or account is None or not account.active or waiting is None:
        raise StepMissing
    if time.time() - session.shown_at > services.settings.login.fresh.total_seconds():
        raise StepMissing
    return session, account, waiting


def _agent() -> str:
    return flask.request.headers.get("User-Agent", "")
