"""Why a person is shown a page on the way to a code: reason, page, error and test side by side.

The first prompt that applies is shown; with ``prompt=none`` its error goes back instead
(Core §3.1.2.6). Each page does its part and returns here, where the list is read again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from authlib.oauth2 import OAuth2Error

from idp import assurance, consents, levels, mandates, proofs, represented
from idp.interactions import REAUTHENTICATE, Interaction
from idp.oidc.checks import Wanted
from idp.oidc.errors import (
    ConsentRequired,
    InteractionRequired,
    LoginRequired,
    UnmetAuthenticationRequirements,
)
from idp.services import services
from idp.sessions import Home, Session
from idp.store import accounts
from idp.store.clients import Registration

CLOCKS = 60
"""Seconds by which the clock of a node that stands for somebody may differ from ours."""


class Granted(NamedTuple):
    """What a client has of this person: its ``sub`` for them, and the claims it may be told."""

    sub: str
    claims: frozenset[str]
    known: bool
    """Whether the person has ever said yes, or a statute did; False always asks."""
    basis: str = ""

    def value(self) -> dict[str, Any]:
        return {"sub": self.sub, "claims": sorted(self.claims), "basis": self.basis}


class Hinted(NamedTuple):
    """Whom the portal means, by ``id_token_hint`` or the ``claims`` parameter."""

    sub: str = ""
    whom: str | None = None
    """For whom they act as the hint says (``represented.whom``); None where there is none."""


class Situation(NamedTuple):
    """Everything a prompt may look at."""

    client: Registration
    wanted: Wanted
    session: Session | None
    interaction: Interaction | None
    hinted: Hinted
    granted: Callable[[], Granted]
    """Looked up only when somebody is signed in."""
    moment: float
    """The time, in seconds."""

    @property
    def signed_in_here(self) -> bool:
        """Whether the person proved who they are within this very interaction."""
        if self.session is None or self.interaction is None:
            return False
        home = self.session.home
        if home is not None and home.heard > self.interaction.opened:
            return home.auth_time > self.interaction.opened - CLOCKS
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
    raises: bool = False
    """Whether its page is there to reach the level that is missing."""


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
    if not now.hinted.sub or now.granted().sub == now.hinted.sub:
        return False
    if now.signed_in_here:
        raise LoginRequired
    return True


def the_name_is_too_weak(now: Situation) -> bool:
    level = missing(now)
    return level is not None and now.session is not None and level.ial > now.session.level.ial


def the_home_can_say_more(now: Situation) -> bool:
    """Another node stands for the person: what is missing is first asked for there, once."""
    level = missing(now)
    if level is None or now.session is None or now.session.home is None:
        return False
    return not now.result("home_asked") and _most(now.session.home).covers(level)


def the_sign_in_is_too_weak(now: Situation) -> bool:
    level = missing(now)
    return level is not None and now.session is not None and level.aal > now.session.level.aal


def missing(now: Situation) -> assurance.Level | None:
    """The level to offer: of those asked for the least that can be had. It is offered once, and
    not at all where no page may be shown; only a binding one can refuse (DESIGN §2).
    """
    session, wanted = now.session, now.wanted
    if session is None or not (wanted.binding or wanted.voluntary):
        return None
    refused = not assurance.meets(session.level, wanted.binding)
    wished = wanted.voluntary if "none" not in wanted.prompt else ()
    asked = wanted.binding if refused else wished
    if assurance.meets(session.level, asked):
        return None
    if not now.result("declined") and (level := _offered(session, asked, refused)):
        return level
    if refused:
        raise UnmetAuthenticationRequirements
    return None


def _offered(
    session: Session, asked: tuple[assurance.Level, ...], refused: bool
) -> assurance.Level | None:
    """The first level that can be had now; else, where nothing less will do, the factor that lets
    one be had in a few days: said by a page of ours, before a name is asked for that would not
    help today.
    """
    reach = {level: reachable(session, level) for level in asked}
    for level in asked:
        if reach[level].covers(level):
            return level
    for level in asked if refused else ():
        if reach[level].ial >= level.ial and level.aal <= MADE_IN_TIME:
            return assurance.Level(session.level.ial, level.aal)
    return None


def _most(home: Home) -> assurance.Level:
    """What the node that stands for a person could be believed at most."""
    return assurance.Level.parse(home.most) or assurance.Level(1, 1)


MADE_IN_TIME = 2
"""The authenticator level anybody reaches who sets a password and lets it settle."""


def reachable(session: Session, asked: assurance.Level) -> assurance.Level:
    """The level this person could reach here and now: with what they have, and where a living
    face is asked for with a password set on the way, which that face settles.
    """
    account = accounts.by_id(session.account_id)
    if account is None:
        return session.level
    if session.home is not None and _most(session.home).covers(asked):
        return _most(session.home)
    ial = max(session.level.ial, account.ial, services.realname.reach)
    means = proofs.means(account, session.amr)
    if asked.ial >= levels.FACE and "password" in services.settings.login.methods:
        means |= {"pwd"} if services.realname.open_to(account, levels.FACE) else set()
    return assurance.Level(ial, assurance.aal_of(means))


def consent_is_missing(now: Situation) -> bool:
    if now.client.statutory:
        return False
    ask_anew = "consent" in now.wanted.prompt or now.wanted.all_claims & consents.ASKED_EACH_TIME
    if ask_anew and not now.consented_here:
        return True
    granted = now.granted()
    return not granted.known or not now.wanted.all_claims <= granted.claims


def it_is_open_whom_they_act_for(now: Situation) -> bool:
    """Asked once in a session, of who may act for an organisation here; and whenever they act for
    one that this client is not for.
    """
    session, client = now.session, now.client
    if session is None or not now.wanted.organisation:
        return False
    if session.acting is not None:
        return not acts_here(session, client, now.moment)
    known = session.stored.grant(client.client_id) or {}
    if session.chosen or known.get("whom"):
        return False
    return any(each.holds_for(client.client_id) for each in mandates.in_force(session.account_id))


def acts_here(session: Session, client: Registration, moment: float) -> bool:
    """Whether the person acts for an organisation, by a mandate that holds for this client."""
    return session.acting is not None and session.acting.holds_for(client.client_id, moment)


def they_act_for_another_than_hinted(now: Situation) -> bool:
    """Whoever renews a session silently keeps what it knew of it: that must be of the same one.
    Where the person is there, the answer says for whom it is.
    """
    session, wanted, hinted = now.session, now.wanted, now.hinted.whom
    if session is None or hinted is None or "none" not in wanted.prompt or not wanted.organisation:
        return False
    told = now.client.tellable(wanted.all_claims)
    if session.acting is None or represented.CLAIMS.isdisjoint(told):
        return hinted != ""
    if represented.MANDATE in told:
        return hinted != session.acting.mandate
    return hinted != represented.code(session.acting)


PROMPTS = (
    Prompt("login", "/login/", LoginRequired, nobody_is_signed_in),
    Prompt(REAUTHENTICATE, "/login/", LoginRequired, a_fresh_sign_in_is_asked_for),
    Prompt(REAUTHENTICATE, "/login/", LoginRequired, the_sign_in_is_too_old),
    Prompt(REAUTHENTICATE, "/login/", LoginRequired, somebody_else_is_signed_in),
    Prompt(
        "home",
        "/login/home",
        InteractionRequired,
        the_home_can_say_more,
        same_person=True,
        raises=True,
    ),
    Prompt(
        "realname",
        "/realname/",
        InteractionRequired,
        the_name_is_too_weak,
        same_person=True,
        raises=True,
    ),
    Prompt(
        "step_up",
        "/login/",
        InteractionRequired,
        the_sign_in_is_too_weak,
        same_person=True,
        raises=True,
    ),
    Prompt(
        "organisation",
        "/organisations/choose",
        InteractionRequired,
        it_is_open_whom_they_act_for,
        same_person=True,
    ),
    Prompt(
        "organisation",
        "/organisations/choose",
        InteractionRequired,
        they_act_for_another_than_hinted,
        same_person=True,
    ),
    Prompt("consent", "/consent/", ConsentRequired, consent_is_missing, same_person=True),
)
"""In the order they are read."""


def first(now: Situation) -> Prompt | None:
    return next((prompt for prompt in PROMPTS if prompt.applies(now)), None)
