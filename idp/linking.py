"""Signing in by an account elsewhere: from our page to theirs, back, and whom that names here.

An account elsewhere never opens one by itself. A stranger waits, sealed, with their interaction
until they have signed in or signed up another way and said yes to the binding.
"""

import secrets
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus

import orjson

from idp import browsers, interactions, notices, sessions
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.services import services
from idp.store import ephemeral, linked
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.ephemeral import digest
from idp.store.linked import LinkedAccount, LinkTaken
from idp.store.types import now, sealer
from idp.upstream.base import Person, Surface, Upstream, new_state

REASON = "link"
"""Why an interaction is open: to bind an account elsewhere to the one signed in."""
AMR = ("fed",)
_STATE = "upstream-state"
_STATE_FOR = timedelta(minutes=15)
"""Longer than a picture of WeChat's waits to be scanned."""
_STRANGER = "stranger"


class UpstreamUnknown(IdpError):
    """No such provider here, or not for this browser."""

    code = "HT-8111"
    message = N_("这里不能使用这种登录方式。")
    next_step = N_("请返回登录页面，选择其他登录方式。")
    status = HTTPStatus.NOT_FOUND


class ReturnUnknown(IdpError):
    """Somebody comes back from a provider with a state that is over, used with another code, or
    was given to another browser.
    """

    code = "HT-8112"
    message = N_("这次授权已经结束，或者不是在这个浏览器中开始的。")
    next_step = N_("请返回登录页面，重新开始。")
    status = HTTPStatus.GONE


class LinkedElsewhere(IdpError):
    """The account elsewhere is bound to another account here; whose is told to nobody."""

    code = "HT-8113"
    message = N_("这个%(label)s已经绑定了其他账号。")
    next_step = N_("如需改绑，请先用它登录原来的账号，在“登录方式”中解除绑定。")
    status = HTTPStatus.CONFLICT


class LinkedAlready(IdpError):
    """The account here has an account of this provider bound already."""

    code = "HT-8114"
    message = N_("您的账号已经绑定了另一个%(label)s。")
    next_step = N_("如需更换，请先在“登录方式”中解除绑定。")
    status = HTTPStatus.CONFLICT


class NamesDisagree(IdpError):
    """The unionid names one account here and the openid another: after an app was moved from one
    operator to another, perhaps. Nobody is signed in by it; the audit has both.
    """

    code = "HT-8115"
    message = N_("暂时不能用这个%(label)s登录。")
    next_step = N_("请换一种方式登录，解除绑定后重新绑定。")
    status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Waiting:
    """A browser that was sent to a provider."""

    interaction: str
    browser: str
    upstream: str
    surface: str
    at: float
    code: str = ""
    """The digest of the code it came back with first: no other counts."""


def offered(user_agent: str) -> list[Upstream]:
    """Those that a person with this browser can be asked by, in the order of the registry."""
    return [each for each in services.upstream.offered.values() if each.surface(user_agent)]


def begin(interaction: Interaction, name: str, user_agent: str) -> str:
    """Where the browser goes to be asked. Raises UpstreamUnknown."""
    upstream = services.upstream.offered.get(name)
    surface = upstream.surface(user_agent) if upstream else None
    if upstream is None or surface is None:
        raise UpstreamUnknown
    state = new_state()
    waiting = Waiting(interaction.id, browsers.current(), name, surface, time.time())
    ephemeral.put(_STATE, state, waiting, _STATE_FOR)
    return upstream.authorize_url(surface, _callback(name), state)


def returned(name: str, callback: dict[str, str]) -> tuple[Interaction, Upstream, Person]:
    """Who comes back, and on which way. The same address asked twice answers alike.

    Raises ReturnUnknown, InteractionExpired, Over where the way has been gone to its end, or a
    failure of the provider's (``idp.upstream``) as Failed.
    """
    state = callback.get("state", "")
    found = ephemeral.peek(_STATE, state) if state else None
    waiting = Waiting(**found) if found else None
    if waiting is None or waiting.upstream != name:
        raise ReturnUnknown
    if not secrets.compare_digest(waiting.browser, browsers.current()):
        raise ReturnUnknown
    if browsers.left_since(waiting.at):  # and who is here now may be somebody else
        raise ReturnUnknown
    interaction = interactions.find(waiting.interaction)
    upstream = services.upstream.offered.get(name)
    if upstream is None:
        raise UpstreamUnknown
    try:
        code = upstream.code_from(callback)
        if waiting.code and not secrets.compare_digest(waiting.code, digest(code)):
            raise ReturnUnknown
        if interaction.result.get("done"):
            raise Over(interaction)
        kept = asdict(waiting) | {"code": digest(code)}
        ephemeral.change(_STATE, state, kept)
        person = upstream.person(Surface(waiting.surface), code, state)
    except IdpError as error:
        raise Failed(interaction, error) from error
    return interaction, upstream, person


class Over(Exception):
    """What this way was for has been done: nothing is done a second time."""

    def __init__(self, interaction: Interaction):
        super().__init__(interaction.reason)
        self.interaction = interaction


class Failed(Exception):
    """What went wrong with a provider, on which way through sign-in."""

    def __init__(self, interaction: Interaction, error: IdpError):
        super().__init__(error.code)
        self.interaction = interaction
        self.error = error


def whose(upstream: Upstream, person: Person) -> LinkedAccount | None:
    """Whose account the person is bound to; what is new of their names is learnt, in the current
    transaction. Raises NamesDisagree.
    """
    across = linked.by_unionid(upstream.name, person.unionid) if person.unionid else None
    here = linked.by_openid(upstream.name, person.app_id, person.openid)
    if across is not None and here is not None and across.id != here.id:
        audit.record(events.LinkRefused(account=across.account_id, target=here.account_id))
        db.session.commit()
        raise NamesDisagree(label=upstream.label)
    found = across or here
    if found is not None:
        try:
            linked.learn(found, person.app_id, person.openid, person.unionid)
        except LinkTaken:
            raise NamesDisagree(label=upstream.label) from None
        found.used_at = now()
    return found


def is_bound(name: str, person: Person) -> bool:
    """Whether anybody here has the person bound; nothing is learnt of their names."""
    if person.unionid and linked.by_unionid(name, person.unionid):
        return True
    return linked.by_openid(name, person.app_id, person.openid) is not None


def wait(interaction: Interaction, upstream: Upstream, person: Person) -> Interaction:
    """Keep a stranger until they have signed in another way."""
    said = orjson.dumps({"upstream": upstream.name, "at": time.time(), **asdict(person)}).decode()
    sealed = str(sealer().seal(_STRANGER, said, interaction.id))
    return interactions.note(interaction, **{_STRANGER: sealed})


def stranger(interaction: Interaction) -> tuple[Upstream, Person] | None:
    """Who waits to be bound on this way; nobody once somebody has signed out in the browser."""
    sealed = interaction.result.get(_STRANGER)
    if not sealed:
        return None
    said = orjson.loads(sealer().open(_STRANGER, sealed, interaction.id))
    upstream = services.upstream.offered.get(said.pop("upstream"))
    if upstream is None or browsers.left_since(said.pop("at")):
        return None
    return upstream, Person(**said)


def onward(interaction: Interaction) -> str:
    """Where somebody who has just signed in is asked about the binding; "" where nobody waits."""
    return interaction.url("/login/linking") if stranger(interaction) else ""


def bind(account: Account, upstream: Upstream, person: Person) -> None:
    """Let the person sign in to ``account``, and commit. Nothing where it is so already.

    Raises LinkedElsewhere, LinkedAlready or NamesDisagree.
    """
    found = whose(upstream, person)
    if found is not None and found.account_id != account.id:
        db.session.rollback()
        raise LinkedElsewhere(label=upstream.label)
    if found is None:
        if any(each.upstream == upstream.name for each in linked.of(account.id)):
            raise LinkedAlready(label=upstream.label)
        made = linked.add(account.id, upstream.name)
        try:
            linked.learn(made, person.app_id, person.openid, person.unionid)
        except LinkTaken:  # in another browser, in this very moment
            raise LinkedElsewhere(label=upstream.label) from None
        audit.record(events.AccountLinked(account=account.id, upstream=upstream.name))
        notices.warn(account, "linked_added")
    db.session.commit()


def unbind(account: Account, found: LinkedAccount, keep: str) -> bool:
    """End the binding and every session but ``keep``. False: another tab was first."""
    if not linked.remove(found):
        db.session.rollback()
        return False
    audit.record(events.AccountUnlinked(account=account.id, upstream=found.upstream))
    notices.warn(account, "linked_removed")
    sessions.end_all(account.id, reason="linked_removed", keep=keep, keep_offline=False)
    return True


def _callback(name: str) -> str:
    return f"{services.settings.issuer}/login/upstream/{name}"
