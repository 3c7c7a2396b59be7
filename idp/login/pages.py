"""The sign-in pages: which methods are on offer, and what each template is given."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import flask

from idp import assurance, codes, cookies, interactions, joining, linking, peers, proofs, sessions
from idp.crypto import masking
from idp.interactions import Interaction
from idp.login import bound, demands, frozen, second
from idp.login.errors import MethodUnknown
from idp.login.finishing import STEP_UP
from idp.login.methods import METHODS
from idp.login.methods.base import Attempt, LoginMethod
from idp.services import services
from idp.sessions import Session
from idp.sms.errors import BadNumber
from idp.sms.numbers import normalise
from idp.store import accounts, linked, peer_links
from idp.store.accounts import Account
from idp.web import captcha, people
from idp.web.people import FIRST, Failed

_TYPED = "typed"
_WITH_NAMES = ("password", "sms")
_REFRESH, _AGAIN = "refresh", 2
"""Where no script runs, a page that waits for a phone loads itself anew every two seconds, for who
asks for it: it takes the keyboard's place away.
"""
"""Methods whose form has a field that browsers offer passkeys in."""


def method(interaction: Interaction, name: str) -> LoginMethod:
    """One on offer on this way through sign-in. Raises MethodUnknown."""
    offered = on_offer(interaction)
    if name not in offered:
        raise MethodUnknown
    return offered[name]


def on_offer(interaction: Interaction) -> dict[str, LoginMethod]:
    """Methods turned on, in the operator's order, that can finish this interaction."""
    names = [name for name in services.settings.login.methods if name in METHODS]
    made = {name: METHODS[name].from_services(services) for name in names}
    built = {name: each for name, each in made.items() if each.works}
    account = bound.account_of(interaction)
    if account is None or not bound.has_begun(interaction, account):
        built = {name: each for name, each in built.items() if each.opens}
    waits = linking.stranger(interaction) or peers.stranger(interaction)
    if interaction.reason == joining.REASON or waits is not None:
        built = {name: each for name, each in built.items() if each.joins}
    if account is None:
        return built
    able = {name: each for name, each in built.items() if each.offered_to(account)}
    return {n: m for n, m in able.items() if _adds(interaction, account, m.amr_for(account))}


def _adds(interaction: Interaction, account: Account, amr: tuple[str, ...]) -> bool:
    """Whether a proof by ``amr`` says more than what has been proved on this way."""
    if interaction.result.get("unproven"):
        return not assurance.BROUGHT_BY_NUMBER & {*amr}
    proved = {*_proved(interaction)}
    if not proved:
        return True
    together, before = (proofs.counted(account, each) for each in (proved | {*amr}, proved))
    return assurance.aal_of(together) > assurance.aal_of(before)


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
    form = _form(interaction, offered[active], failed) if active else None
    context = {
        "methods": tabs,
        "active": active,
        "method_form": form,
        "joining": interaction.reason == joining.REASON,
        "passkey": _beside(interaction, offered, active),
        "upstreams": upstreams(interaction),
        "region_url": _region_url(interaction),
    }
    if not context["joining"]:
        context |= {
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
            lacking=None if offered or reason == "frozen" else second.lacking(interaction),
            face_url=_face_url(interaction, reason),
            **_ways_out(interaction),
        )
    page = people.page(
        "login/choose.html", interaction, failed, **context, back_url=interaction.return_to
    )
    if form and form["refreshes"]:
        page.headers["Refresh"] = str(_AGAIN)
    return page


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
    risky = bool(chosen.risky(attempt(interaction, values)))
    check = captcha.offer(risky, interaction.url("/login/wait") + f"&m={chosen.name}")
    page = chosen.page(interaction)
    path = f"/login/{chosen.name}"
    more = {
        "submit_url": _keep(interaction.url(f"{path}/finish")),
        "send_url": _keep(interaction.url(f"{path}/begin")),
        "status_url": interaction.url("/login/code") + "&p=login",
        "state_url": f"/login/scan/state?t={page.get('token', '')}",
        "refreshes": page.get("waits", False) and _REFRESH in flask.request.args,
        "refresh_url": tab(interaction, chosen.name, **{_REFRESH: "1"}),
        "still_url": tab(interaction, chosen.name),
        "refusal": codes.fares(interaction, "login")["refusal"],
        "change_url": "" if page.get("fixed") else tab(interaction, chosen.name, change="1"),
        "forgotten_url": interaction.url("/recover/"),
        "values": values,
    }
    sent = page.get("sent", False) and not _changing()
    return people.fields(failed, **more, **check, **page | {"sent": sent})


def upstreams(interaction: Interaction) -> list[dict[str, str]]:
    """Providers that may vouch for the person: any, or those bound to the one account wanted."""
    if linking.stranger(interaction) is not None:  # they have just come from there
        return []
    found = linking.offered(flask.request.headers.get("User-Agent", ""))
    account = bound.account_of(interaction)
    if account is not None:
        has = {each.upstream for each in linked.of(account.id)}
        adds = _adds(interaction, account, linking.AMR)
        found = [each for each in found if adds and each.name in has]
    return [
        {
            "name": each.name,
            "label": each.label,
            "url": _keep(interaction.url(f"/login/upstream/{each.name}")),
        }
        for each in found
    ]


def _region_url(interaction: Interaction) -> str:
    """Where a person of another region goes on; "" where nobody can come from one, or where one
    account alone may answer that is linked to none, or to which it would add nothing.
    """
    if not services.trust.on or not services.settings.federation.relying_party:
        return ""
    if peers.stranger(interaction) is not None:
        return ""
    account = bound.account_of(interaction)
    if account is not None:
        linked_there = bool(peer_links.live(account.id))
        if not linked_there or not _adds(interaction, account, peers.AMR):
            return ""
    return _keep(interaction.url("/login/region"))


def _beside(
    interaction: Interaction, offered: Mapping[str, LoginMethod], active: str
) -> dict[str, str] | None:
    """A passkey may be chosen where a name is typed, without going to its own tab."""
    if "passkey" not in offered or active not in _WITH_NAMES:
        return None
    return {
        "options_url": interaction.url("/login/passkey/options"),
        "submit_url": _keep(interaction.url("/login/passkey/finish")),
    }


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
    asked = interaction.reason in {STEP_UP, interactions.REAUTHENTICATE, joining.REASON}
    return asked or bool(demands.first(interaction)) or bool(interaction.result.get("unproven"))


def _second(interaction: Interaction) -> str:
    """Why one more proof is asked of somebody known; "" for an ordinary sign-in."""
    if interaction.result.get("unproven"):
        return "phone"
    if _joined(interaction):
        return "level"
    if before := demands.first(interaction):
        return before.why
    if not interaction.account_id:
        return ""
    return "level" if second.stepping_up(interaction) else "fresh"


def _face_url(interaction: Interaction, reason: str) -> str:
    """Where the person of a frozen account may show their face; "" where that says nothing."""
    account = accounts.by_id(interaction.account_id) if reason == "frozen" else None
    return interaction.url("/recover/face") if account and frozen.face_helps(account) else ""


def _proved(interaction: Interaction) -> tuple[str, ...]:
    """What has been proved already, where a proof of another kind is asked for."""
    if interaction.result.get("unproven"):
        return ("sms",)
    if seen := joining.of(interaction):
        return tuple(seen.proofs)
    if before := demands.first(interaction):
        return before.amr
    session = second.stepping_up(interaction)
    return session.amr if session else ()


def _joined(interaction: Interaction) -> str:
    """The account proved by one factor beside the one signed in."""
    seen = joining.of(interaction)
    return seen.account_id if seen else ""


def _ways_out(interaction: Interaction) -> dict[str, str]:
    if interaction.reason == joining.REASON:
        return {"back_url": interaction.return_to}
    switch = interaction.url("/login/switch")
    if back := interaction.hints.get("back"):
        return {"back_url": back, "switch_url": switch}
    decline = interaction.url("/login/decline") if interaction.reason == STEP_UP else ""
    return {"decline_url": decline, "switch_url": switch}
