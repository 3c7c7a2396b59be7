"""Why a person is shown a page on the way to a code: reason, page, error and test side by side.

The first prompt that applies is shown; with ``prompt=none`` its error goes back instead
(Core §3.1.2.6). Each page does its part and returns here, where the list is read again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from authlib.oauth2 import OAuth2Error

from idp import assurance
from idp.interactions import Interaction
from idp.oidc.checks import Wanted
from idp.oidc.errors import (
    ConsentRequired,
    InteractionRequired,
    LoginRequired,
    UnmetAuthenticationRequirements,
)
from idp.sessions import Session
from idp.store import accounts
from idp.store.clients import Registration


class Granted(NamedTuple):
    """What a client has of this person: its ``sub`` for them, and the claims it may be told."""

    sub: str
    claims: frozenset[str]
    known: bool
    """Whether the person has ever said yes, or a statute did; False always asks."""
    basis: str = ""

    def value(self) -> dict[str, Any]:
        return {"sub": self.sub, "claims": sorted(self.claims), "basis": self.basis}


class Situation(NamedTuple):
    """Everything a prompt may look at."""

    client: Registration
    wanted: Wanted
    session: Session | None
    interaction: Interaction | None
    hinted_sub: str
    """The subject of ``id_token_hint`` or of the ``claims`` parameter, when there is one."""
    granted: Callable[[], Granted]
    """Looked up only when somebody is signed in."""
    moment: float
    """The time, in seconds."""

    @property
    def signed_in_here(self) -> bool:
        """Whether the person proved who they are within this very interaction."""
        if self.session is None or self.interaction is None:
            return False
        return self.session.proved_at > self.interaction.opened

    @property
    def consented_here(self) -> bool:
        """Whether it was this person who said yes within this very interaction."""
        if self.session is None or self.interaction is None:
            return False
        return bool(self.interaction.result.get("consented") == self.session.account_id)

    def result(self, name: str) -> bool:
        return self.interaction is not None and bool(self.interaction.result.get(name))


@dataclass(frozen=True, slots=True)
class Prompt:
    reason: str
    page: str
    error: type[OAuth2Error]
    applies: Callable[[Situation], bool]
    same_person: bool = False
    """Whether only the person of the session may finish it."""


def nobody_is_signed_in(now: Situation) -> bool:
    return now.session is None


def a_fresh_sign_in_is_asked_for(now: Situation) -> bool:
    asked = now.wanted.prompt & {"login", "select_account"} or now.wanted.max_age == 0
    return bool(asked) and not now.signed_in_here


def the_sign_in_is_too_old(now: Situation) -> bool:
    if now.session is None or now.wanted.max_age is None or now.signed_in_here:
        return False
    return now.moment - now.session.auth_time > now.wanted.max_age


def somebody_else_is_signed_in(now: Situation) -> bool:
    """Only the hinted person may answer; another one who has just signed in cannot."""
    if not now.hinted_sub or now.granted().sub == now.hinted_sub:
        return False
    if now.signed_in_here:
        raise LoginRequired
    return True


def the_level_is_too_low(now: Situation) -> bool:
    """A missing level is offered once; only a binding one can refuse (DESIGN §2)."""
    session, wanted = now.session, now.wanted
    asked = assurance.most(wanted.binding, wanted.voluntary)
    if session is None or asked is None or session.level.covers(asked):
        return False
    binding_met = wanted.binding is None or session.level.covers(wanted.binding)
    target = wanted.binding if not binding_met else asked
    if target is not None and not now.result("declined") and reachable(session).covers(target):
        return True
    if not binding_met:
        raise UnmetAuthenticationRequirements
    return False


def reachable(session: Session) -> assurance.Level:
    """The level this person could reach here and now with what they have."""
    account = accounts.by_id(session.account_id)
    if account is None:
        return session.level
    methods = {*session.amr} | ({"sms"} if account.phone else set())
    if account.password_hash and account.password_settled:
        methods.add("pwd")
    elif not account.password_settled:
        methods.discard("pwd")
    return assurance.Level(session.level.ial, assurance.aal_of(methods))


def consent_is_missing(now: Situation) -> bool:
    if now.client.statutory:
        return False
    if "consent" in now.wanted.prompt and not now.consented_here:
        return True
    granted = now.granted()
    return not granted.known or not now.wanted.all_claims <= granted.claims


PROMPTS = (
    Prompt("login", "/login/", LoginRequired, nobody_is_signed_in),
    Prompt("reauthenticate", "/login/", LoginRequired, a_fresh_sign_in_is_asked_for),
    Prompt("reauthenticate", "/login/", LoginRequired, the_sign_in_is_too_old),
    Prompt("reauthenticate", "/login/", LoginRequired, somebody_else_is_signed_in),
    Prompt("step_up", "/login/", InteractionRequired, the_level_is_too_low, same_person=True),
    Prompt("consent", "/consent/", ConsentRequired, consent_is_missing, same_person=True),
)
"""In the order they are read."""


def first(now: Situation) -> Prompt | None:
    return next((prompt for prompt in PROMPTS if prompt.applies(now)), None)
