"""The sign-in pages: which methods are on offer, and what each template is given."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import flask

from idp import assurance, codes, cookies, interactions, sessions
from idp.crypto import masking
from idp.interactions import Interaction
from idp.login.errors import MethodUnknown
from idp.login.methods import METHODS
from idp.login.methods.base import Attempt, LoginMethod
from idp.services import services
from idp.sessions import Session
from idp.sms.errors import BadNumber
from idp.sms.numbers import normalise
from idp.store import accounts
from idp.web import captcha, people
from idp.web.people import FIRST, Failed

STEP_UP, FRESH = "step_up", "reauthenticate"
_TYPED = "typed"


def method(interaction: Interaction, name: str) -> LoginMethod:
    """One on offer on this way through sign-in. Raises MethodUnknown."""
    offered = on_offer(interaction)
    if name not in offered:
        raise MethodUnknown
    return offered[name]


def on_offer(interaction: Interaction) -> dict[str, LoginMethod]:
    """Methods turned on, in the operator's order, that can finish this interaction."""
    names = [name for name in services.settings.login.methods if name in METHODS]
    built = {name: METHODS[name].from_services(services) for name in names}
    bound_to = interaction.account_id or interaction.result.get("unproven")
    account = accounts.by_id(bound_to) if bound_to else None
    if account is not None:
        built = {name: each for name, each in built.items() if each.offered_to(account)}
    kinds = {assurance.FACTORS.get(each) for each in _proved(interaction)}
    return {n: m for n, m in built.items() if assurance.FACTORS[m.amr[0]] not in kinds}


def attempt(interaction: Interaction, form: Mapping[str, str]) -> Attempt:
    return Attempt(interaction, form, people.here())


def show(interaction: Interaction, name: str = "", failed: Failed = FIRST) -> flask.Response:
    """The sign-in page with the tab ``name``, or the one asked for, or used here before."""
    session = sessions.current()
    offered = on_offer(interaction)
    wanted = (name, flask.request.args.get("m", ""), cookies.read("method"), *offered)
    active = next((each for each in wanted if each in offered), "")
    if session is not None and not _asks_again(interaction, failed):
        return _already(interaction, session)
    tabs = [
        {"name": n, "label": m.label, "url": tab(interaction, n), "active": n == active}
        for n, m in offered.items()
    ]
    context = {
        "methods": tabs,
        "active": active,
        "method_form": _form(interaction, offered[active], failed) if active else None,
        "signup_url": interaction.url("/signup/"),
        "recover_url": interaction.url("/recover/"),
    }
    if reason := _second(interaction):
        return people.page(
            "login/second_factor.html",
            interaction,
            failed,
            **context,
            reason=reason,
            **_ways_out(interaction),
        )
    return people.page("login/choose.html", interaction, failed, **context)


def tab(interaction: Interaction, name: str, **more: str) -> str:
    rest = "".join(f"&{key}={value}" for key, value in more.items())
    return _keep(f"{interaction.url('/login/')}&m={name}{rest}")


def _keep(url: str) -> str:
    """Whoever chose to be somebody else has chosen it for the pages that follow."""
    return f"{url}&switch=1" if "switch" in flask.request.args else url


def keep_typed(interaction: Interaction, failed: Failed) -> None:
    """Somebody without a script leaves for a page that waits: keep what was typed."""
    sealed = services.sealer.seal(_TYPED, json.dumps(dict(failed.values)), interaction.id)
    interactions.note(interaction, typed=str(sealed))


def done(interaction: Interaction) -> flask.Response:
    return people.page("login/done.html", interaction, home_url="/account/")


def _already(interaction: Interaction, session: Session) -> flask.Response:
    """Somebody is signed in here, in another tab perhaps: they may go on, or be someone else."""
    account = accounts.by_id(session.account_id)
    known = account.phone if account else None
    masked = masking.phone(known) if known else (account.username or "" if account else "")
    return people.page(
        "login/choose.html",
        interaction,
        methods=[],
        active="",
        method_form=None,
        session=SimpleNamespace(account_id=session.account_id, masked=masked),
        continue_url=interaction.return_to,
        switch_url=f"{interaction.url('/login/')}&switch=1",
    )


def _form(interaction: Interaction, chosen: LoginMethod, failed: Failed) -> dict[str, Any]:
    values = dict(failed.values) or _typed(interaction) or _hinted(interaction, chosen)
    risky = chosen.risky(attempt(interaction, values))
    check = captcha.offer(risky, interaction.url("/login/wait") + f"&m={chosen.name}")
    page = chosen.page(interaction)
    path = f"/login/{chosen.name}"
    more = {
        "submit_url": _keep(interaction.url(f"{path}/finish")),
        "send_url": _keep(interaction.url(f"{path}/begin")),
        "status_url": interaction.url("/login/code") + "&p=login",
        "refusal": codes.fares(interaction, "login")["refusal"],
        "change_url": "" if page.get("fixed") else tab(interaction, chosen.name, change="1"),
        "forgotten_url": interaction.url("/recover/"),
        "values": values,
    }
    sent = page.get("sent", False) and not _changing()
    return people.fields(failed, **more, **check, **page | {"sent": sent})


def _changing() -> bool:
    """Whether the person is entering a number, be it another one."""
    return "change" in flask.request.args or "phone" in flask.request.form


def _typed(interaction: Interaction) -> dict[str, str]:
    sealed = interaction.result.get(_TYPED)
    return json.loads(services.sealer.open(_TYPED, sealed, interaction.id)) if sealed else {}


def _hinted(interaction: Interaction, chosen: LoginMethod) -> dict[str, str]:
    """OIDC Core §3.1.2.1: the portal may know whom it sends."""
    hint = interaction.hints.get("login_hint", "")[:64]
    if not hint or interaction.account_id:
        return {}
    return {name: hint for name in chosen.keeps if name != "phone" or _is_number(hint)}


def _is_number(text: str) -> bool:
    try:
        normalise(text)
    except BadNumber:
        return False
    return True


def _asks_again(interaction: Interaction, failed: Failed) -> bool:
    """Whether a proof is wanted though somebody is signed in."""
    if failed.error is not None or "switch" in flask.request.args:
        return True
    return interaction.reason in {STEP_UP, FRESH} or bool(interaction.result.get("unproven"))


def _second(interaction: Interaction) -> str:
    """Why one more proof is asked of somebody known; "" for an ordinary sign-in."""
    if interaction.result.get("unproven"):
        return "phone"
    if not interaction.account_id:
        return ""
    return "level" if _second_for(interaction) else "fresh"


def _second_for(interaction: Interaction) -> Session | None:
    """The session that a step-up adds a factor to, while it lives."""
    session = sessions.current() if interaction.reason == STEP_UP else None
    return session if session and session.account_id == interaction.account_id else None


def _proved(interaction: Interaction) -> tuple[str, ...]:
    """What has been proved already, where a proof of another kind is asked for."""
    if interaction.result.get("unproven"):
        return ("sms",)
    session = _second_for(interaction)
    return session.amr if session else ()


def _ways_out(interaction: Interaction) -> dict[str, str]:
    decline = interaction.url("/login/decline") if interaction.reason == STEP_UP else ""
    switch = interaction.url("/login/switch")
    return {"decline_url": decline, "switch_url": switch}
