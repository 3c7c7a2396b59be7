"""An interaction: one browser on its way through sign-in, and where it returns to.

The protocol opens an interaction and the pages work on it; neither knows the other. Its
id stands in the page's address and opens nothing by itself: the browser's cookie must
match. Every tab has its own. What a portal says of a person, and what people type, lie
sealed.
"""

import secrets
import time
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import quote

from idp import browsers, settings
from idp.errors import N_, IdpError
from idp.store import ephemeral

KIND = "interaction"


class InteractionExpired(IdpError):
    """The page was left open too long, or its address was typed or bookmarked."""

    code = "HT-0101"
    message = N_("登录已超时，请重新登录。")
    next_step = N_("请返回您要访问的网站，重新点击“登录”。")
    status = 410


class InteractionElsewhere(IdpError):
    """The page belongs to another browser: a forwarded link, or somebody trying their luck."""

    code = "HT-0102"
    message = N_("这个登录页面属于另一个浏览器，不能在这里继续。")
    next_step = N_("请在本浏览器中打开您要访问的网站，重新点击“登录”。")
    status = 403


REAUTHENTICATE = "reauthenticate"
"""Why one is open: the sign-in there was is too old, or another one is asked for."""


@dataclass(frozen=True, slots=True)
class ClientHint:
    """What pages may say of the relying party the person is on the way to."""

    client_id: str
    name: str
    home_uri: str
    redirect_origin: str
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Interaction:
    id: str
    browser: str
    return_to: str
    opened: float
    reason: str = "login"
    """Why a page is shown: ``login``, ``reauthenticate``, ``step_up``, ``consent`` …"""
    client: ClientHint | None = None
    account_id: str = ""
    """When set, only this account may finish: a step-up or a re-authentication."""
    hints: dict[str, str] = field(default_factory=dict)
    """``login_hint``, ``ui_locales``, ``acr``: what the relying party would like; ``back``: the
    page of ours to return to with nothing done.
    """
    request: dict[str, str] = field(default_factory=dict)
    """The authorization request, once its client and redirect URI are verified."""
    result: dict[str, Any] = field(default_factory=dict)
    """What the pages found out: ``denied``, ``declined``, ``done``; ``consented`` names who did."""

    @classmethod
    def restore(cls, value: dict[str, Any]) -> Self:
        client = value.pop("client")
        return cls(client=ClientHint(**client) if client else None, **value)

    def url(self, path: str) -> str:
        """The address of a page that works on this interaction."""
        back = f"&c={quote(self.client.client_id, safe=':/')}" if self.client else ""
        return f"{path}?i={self.id}{back}"


def open_(return_to: str, **given: Any) -> Interaction:
    """Begin one for this browser. ``return_to`` is a path of ours; ``{id}`` becomes the id."""
    interaction_id = secrets.token_urlsafe(16)
    interaction = Interaction(
        id=interaction_id,
        browser=browsers.current(),
        return_to=return_to.replace("{id}", interaction_id),
        opened=time.time(),
        **given,
    )
    lifetime = settings.current.sessions.interaction
    ephemeral.put_sealed(KIND, interaction_id, interaction, lifetime)
    return interaction


def find(interaction_id: str) -> Interaction:
    """The interaction of this browser, or raise InteractionExpired or InteractionElsewhere."""
    found = ephemeral.peek_sealed(KIND, interaction_id) if interaction_id else None
    if found is None:
        raise InteractionExpired
    interaction = Interaction.restore(found)
    if not secrets.compare_digest(interaction.browser, browsers.current()):
        raise InteractionElsewhere
    return interaction


def note(interaction: Interaction, **result: Any) -> Interaction:
    """Remember what a page found out; raises InteractionExpired when it is too late."""
    changed = replace(interaction, result=interaction.result | result)
    if not ephemeral.change_sealed(KIND, interaction.id, changed):
        raise InteractionExpired
    return changed


def change(interaction: Interaction, **fields: Any) -> Interaction:
    """Replace fields, for instance the reason when one page leads to the next."""
    changed = replace(interaction, **fields)
    if not ephemeral.change_sealed(KIND, interaction.id, changed):
        raise InteractionExpired
    return changed


def finish(interaction: Interaction) -> None:
    """Mark it done: its pages lead back to where the person was going, nothing more."""
    ephemeral.change_sealed(KIND, interaction.id, replace(interaction, result={"done": True}))
