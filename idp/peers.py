"""Signing in by another node of the federation: out, back, and whom that names here.

A person a node stands for is found by the name it gave us for them, and by nothing else: names and
numbers link nobody. Who comes for the first time says whether they have an account here; if so
they show it to be theirs, and if not a guest's account is opened, which has no way in but theirs.
"""

import secrets
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from http import HTTPStatus

import orjson
import structlog

from idp import browsers, interactions, levels, notices, sessions, verified
from idp.assurance import Level
from idp.audit import events
from idp.audit import log as audit
from idp.broker.answering import Assertion
from idp.broker.asking import PATH, Question
from idp.broker.errors import PeerAway, PeerRefused
from idp.broker.service import Believed, Sent
from idp.errors import N_, IdpError
from idp.federation.errors import FederationError
from idp.interactions import Interaction
from idp.services import services
from idp.sessions import Home
from idp.store import accounts, ephemeral, peer_links
from idp.store import peers as directory
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.peer_links import LinkMade, PeerLink
from idp.store.peers import Peer
from idp.store.types import now, sealer

AMR = ("fed",)
BINDINGS = ("guest", "both-accounts", "handle")
"""How it came to be known that both are one person; the names travel, see federation's §6."""
_STATE = "peer-state"
_STATE_FOR = timedelta(minutes=30)
"""As long as a person may take at home."""
_log = structlog.get_logger("idp.broker")
_FRESH = frozenset({"login", "select_account"})
_WAITING, _HOME = "peer", "home"


class PeerUnknown(IdpError):
    """Nobody of this name signs people in for this node."""

    code = "HT-8241"
    message = N_("没有找到这个地区的登录服务。")
    next_step = N_("请从列表中重新选择，或使用在本地区的账号登录。")
    status = HTTPStatus.NOT_FOUND


class ReturnUnknown(IdpError):
    """Somebody comes back from another node with a state that is over, was used, or was given to
    another browser.
    """

    code = "HT-8242"
    message = N_("这次跨地区登录已经结束，或者不是在这个浏览器中开始的。")
    next_step = N_("请返回登录页面，重新开始。")
    status = HTTPStatus.GONE


class LinkSevered(IdpError):
    """The link between the two accounts was cut: only showing both makes it anew."""

    code = "HT-8243"
    message = N_("您的这个异地账号与本地区账号的关联已经解除。")
    next_step = N_("请登录您在本地区的账号，再重新关联。")
    status = HTTPStatus.CONFLICT


class LinkSuspended(IdpError):
    """The person's home has stopped their account."""

    code = "HT-8244"
    message = N_("您的账号已在归属地停用，暂时无法登录。")
    next_step = N_("如有疑问，请联系您账号所在地区的政务服务大厅或服务热线。")
    status = HTTPStatus.FORBIDDEN


class LinkedToAnother(IdpError):
    """The account elsewhere is linked to another account here; whose is told to nobody."""

    code = "HT-8245"
    message = N_("这个异地账号已经关联了其他账号。")
    next_step = N_("请先用它登录原来的账号，在“登录方式”中解除关联。")
    status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class _Asked:
    """A browser that was sent to another node."""

    interaction: str
    browser: str
    question: Question
    at: float


def offered() -> list[Peer]:
    """The nodes whose people may come here, by region."""
    if not services.trust.on or not services.settings.federation.relying_party:
        return []
    return list(directory.all_peers())


def begin(interaction: Interaction, entity: str, *, again: bool = False) -> str:
    """Where the browser goes: to their home, or to the hub with its name. ``again``: to prove more,
    or anew. Raises IdpError.
    """
    own = services.settings.federation.home
    if entity != own and all(peer.entity_id != entity for peer in offered()):
        raise PeerUnknown
    wanted = interaction.hints.get("acr", "")
    asked = Question(
        entity=entity,
        acr_values=(wanted,) if wanted else (),
        prompt="login" if again or _anew(interaction) else "",
        ui_locales=interaction.hints.get("ui_locales", ""),
        path=tuple(interaction.hints.get(PATH, "").split()),
        max_age=_max_age(interaction.request.get("max_age", "")),
        link=services.linking.on,
    )
    sent = _sent(asked)
    waiting = _Asked(interaction.id, browsers.current(), sent.question, sent.at)
    ephemeral.put_sealed(_STATE, sent.question.state, asdict(waiting), _STATE_FOR)
    return sent.url


def _anew(interaction: Interaction) -> bool:
    """Whether a sign-in of before would not do: home is to ask the person, whoever is signed in."""
    asked = interaction.request.get("prompt", "").split()
    return interaction.reason == interactions.REAUTHENTICATE or not {
        "login",
        "select_account",
    }.isdisjoint(asked)


def _sent(asked: Question) -> Sent:
    """By the first route that is open. Raises what the last one did."""
    federation, failure = services.settings.federation, None
    for route in federation.routes:
        by_hub = route == "hub" and asked.entity != federation.hub
        question = replace(asked, entity=federation.hub, home=asked.entity) if by_hub else asked
        try:
            return services.broker.begin(question)
        except (PeerAway, PeerRefused) as error:
            failure = error
    raise failure or PeerUnknown


def returned(callback: dict[str, str]) -> tuple[Interaction, Believed]:
    """Who comes back, and on which way. Raises ReturnUnknown, Over, or a failure as Failed."""
    state = callback.get("state", "")
    found = ephemeral.take_sealed(_STATE, state) if state else None
    if found is None:
        raise ReturnUnknown
    question = Question(**{**found.pop("question"), "path": ()})
    waiting = _Asked(question=question, **found)
    if not secrets.compare_digest(waiting.browser, browsers.current()):
        raise ReturnUnknown
    if browsers.left_since(waiting.at):  # and who is here now may be somebody else
        raise ReturnUnknown
    interaction = interactions.find(waiting.interaction)
    if interaction.result.get("done"):
        raise Over(interaction)
    try:
        return interaction, services.broker.finish(question, waiting.at, callback)
    except IdpError as error:
        raise Failed(interaction, error) from error


class Over(Exception):
    """What this way was for has been done: nothing is done a second time."""

    def __init__(self, interaction: Interaction):
        super().__init__(interaction.reason)
        self.interaction = interaction


class Failed(Exception):
    """What went wrong with another node, on which way through sign-in."""

    def __init__(self, interaction: Interaction, error: IdpError):
        super().__init__(error.code)
        self.interaction, self.error = interaction, error


def whose(believed: Believed) -> Account | None:
    """The account a person is linked to, in the current transaction; None for a stranger.

    Raises LinkSevered, LinkSuspended.
    """
    link = peer_links.find(believed.said.issuer, believed.said.subject)
    if link is None:
        return None
    if link.status == peer_links.SEVERED:
        raise LinkSevered
    if link.status == peer_links.SUSPENDED:
        raise LinkSuspended
    _learn(link, believed)
    return accounts.by_id(link.account_id)


def was_severed(believed: Believed) -> bool:
    link = peer_links.find(believed.said.issuer, believed.said.subject)
    return link is not None and link.status == peer_links.SEVERED


def the_same_person(believed: Believed) -> Account | None:
    """The account here of whom a home has seen, where the linking service knows both for one person
    and all the rest agrees: it is linked, in the current transaction, and its phone is told.

    Both sides have seen a living face, name and birth date are the same, and the two were never cut
    apart. Nothing less links anybody by itself.
    """
    said = believed.said
    if not said.link or said.authority != said.issuer or believed.level.ial < levels.FACE:
        return None
    try:
        found = services.linking.read(said.link, said.issuer)
    except FederationError as error:
        _log.warning("handle refused", issuer=said.issuer, reason=str(error))
        return None
    account = accounts.by_id(services.linking.account_of(found))
    if account is None or not account.active or levels.of(account) < levels.FACE:
        return None
    if any(each.issuer == said.issuer for each in peer_links.of(account.id)):
        return None
    if not _agree(account, said.verified):
        _log.warning("same handle, another name", account=account.id, issuer=said.issuer)
        return None
    try:
        _link(account, believed, "handle")
    except LinkMade:
        return whose(believed)
    audit.record(events.PeerLinked(account=account.id, issuer=said.issuer))
    notices.warn(account, "peer_linked")
    return account


def _agree(account: Account, claims: Mapping[str, str]) -> bool:
    here = verified.of(account.id)
    if here is None or not here.number:  # a guest's is what a home said
        return False
    pairs = ((here.name, claims.get("name")), (here.birthdate, claims.get("birthdate")))
    return all(ours and theirs and _form(ours) == _form(theirs) for ours, theirs in pairs)


def _form(text: str) -> str:
    """Rare letters have one form each (Unicode UAX 15)."""
    return unicodedata.normalize("NFC", text)


def is_own_home(believed: Believed) -> bool:
    """Whether this node's own people have their accounts there: what they agreed to there holds
    here, and there is nothing to ask.
    """
    return believed.said.issuer == services.settings.federation.home


def opened_guest(believed: Believed, locale: str) -> Account:
    """A guest's account, in the current transaction; of two tabs both get the same. Raises
    ReturnUnknown where it went meanwhile.
    """
    try:
        return open_guest(believed, locale)
    except LinkMade:
        account = whose(believed)
        if account is None:
            raise ReturnUnknown from None
        return account


def open_guest(believed: Believed, locale: str) -> Account:
    """An account with no way in but the person's home, in the current transaction.

    Raises LinkMade where another tab was first.
    """
    account = accounts.add_guest(locale)
    _link(account, believed, "guest")
    audit.record(events.AccountOpened(account=account.id, method="peer"))
    return account


def link(account: Account, believed: Believed) -> None:
    """Both accounts were shown in this browser: from now on either leads to this one. Commits.

    Raises LinkedToAnother.
    """
    found = peer_links.find(believed.said.issuer, believed.said.subject)
    if found is not None and found.account_id != account.id:
        raise LinkedToAnother
    if found is not None:
        found.status, found.severed_at = peer_links.ACTIVE, None
        _learn(found, believed)
    else:
        try:
            _link(account, believed, "both-accounts")
        except LinkMade:
            raise LinkedToAnother from None
    audit.record(events.PeerLinked(account=account.id, issuer=believed.said.issuer))
    notices.warn(account, "peer_linked")
    db.session.commit()


def sever(account: Account, found: PeerLink, keep: str) -> bool:
    """Cut a link; it is never made again by itself. False: another tab was first."""
    if found.status == peer_links.SEVERED:
        return False
    found.status, found.severed_at = peer_links.SEVERED, now()
    audit.record(events.PeerUnlinked(account=account.id, issuer=found.issuer))
    notices.warn(account, "peer_unlinked")
    sessions.end_all(account.id, reason="peer_unlinked", keep=keep, keep_offline=False)
    return True


def accounts_are_at(page: str) -> str:
    """Where this node's people have a ``page`` of the account's instead; "" where it is here."""
    home = services.settings.federation.home
    return f"{home}{page}" if home else ""


def home_of(believed: Believed) -> Home:
    said = believed.said
    return Home(
        issuer=said.issuer,
        subject=said.subject,
        authority=said.authority,
        ial=believed.level.ial,
        aal=believed.level.aal,
        most=believed.ceiling.acr,
        amr=said.amr,
        auth_time=said.auth_time,
        sid=said.sid,
        heard=time.time(),
    )


def keep_home(interaction: Interaction, believed: Believed) -> Interaction:
    """Remember on this way who stands for the person, until their session begins."""
    said = orjson.dumps(home_of(believed)._asdict()).decode()
    return interactions.note(
        interaction, **{_HOME: str(sealer().seal(_HOME, said, interaction.id))}
    )


def home_kept(interaction: Interaction, account: Account) -> Home | None:
    """Who stands for ``account`` on this way."""
    sealed = interaction.result.get(_HOME)
    if not sealed:
        return None
    found = orjson.loads(sealer().open(_HOME, sealed, interaction.id))
    link = peer_links.find(found["issuer"], found["subject"])
    if link is None or link.account_id != account.id or browsers.left_since(found["heard"]):
        return None
    return Home(**found)


def waits_since(interaction: Interaction) -> float:
    """Since when a stranger waits on this way, in seconds."""
    sealed = interaction.result[_WAITING]
    return float(orjson.loads(sealer().open(_WAITING, sealed, interaction.id))["at"])


def wait(interaction: Interaction, believed: Believed) -> Interaction:
    """Keep a stranger until they have said whether they have an account here."""
    said = orjson.dumps({"at": time.time(), **asdict(believed)}).decode()
    sealed = str(sealer().seal(_WAITING, said, interaction.id))
    return interactions.note(interaction, **{_WAITING: sealed})


def stranger(interaction: Interaction) -> Believed | None:
    """Who waits on this way; nobody once somebody has signed out in the browser."""
    sealed = interaction.result.get(_WAITING)
    if not sealed:
        return None
    said = orjson.loads(sealer().open(_WAITING, sealed, interaction.id))
    if browsers.left_since(said["at"]):
        return None
    return Believed(
        said=Assertion(**{**said["said"], "level": Level(**said["said"]["level"])}),
        level=Level(**said["level"]),
        ceiling=Level(**said["ceiling"]),
    )


def onward(interaction: Interaction) -> str:
    """Where somebody who has just signed in is asked about the link; "" where nobody waits."""
    return interaction.url("/login/region/link") if stranger(interaction) else ""


def _link(account: Account, believed: Believed, binding: str) -> None:
    said = believed.said
    made = PeerLink(
        account_id=account.id,
        issuer=said.issuer,
        subject=said.subject,
        binding=binding,
        level=believed.level.acr,
    )
    peer_links.add(made)
    _learn(made, believed)


def _learn(found: PeerLink, believed: Believed) -> None:
    """What the home says of the person now takes the place of what it said before."""
    found.used_at = now()
    found.verified = {
        "claims": dict(believed.said.verified),
        "authority": believed.said.authority,
        "ial": believed.level.ial,
        "at": int(time.time()),
    }


def _max_age(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
