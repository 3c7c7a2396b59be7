"""What follows here from what another node says: of its own people, and of entities it vouches for.

Nothing it says touches anybody but through the link it has itself made them known by; and news that
comes late does not undo what is newer.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from idp import closing, homes, proofs, sessions
from idp.audit import log as audit
from idp.audit.events import SignalHeard
from idp.federation.errors import FederationError
from idp.services import services
from idp.signals import sets
from idp.signals.sets import Heard
from idp.store import accounts, peer_links, throttles
from idp.store.peer_links import ACTIVE, SUSPENDED, PeerLink
from idp.store.throttles import Counter
from idp.web import metrics

_ENTITIES, _WITHIN = 1200, timedelta(minutes=10)
"""Events of entities one superior may send: each has every process look at everybody anew."""
_log = structlog.get_logger("idp.hearing")


class TooMany(Exception):
    """A superior says more of entities than a country has: it should say it again later."""


def act(heard: Heard) -> bool:
    """Bring about what an event means, and record that it was heard, in the current transaction or
    with commits of its own; harmless to repeat. False: it means nothing here.
    """
    of_person, of_entity = _OF_PEOPLE.get(heard.type), _OF_ENTITIES.get(_own(heard))
    if of_person is not None:
        return _of_person(heard, of_person)
    if of_entity is not None:
        return _of_entity(heard, of_entity)
    return False


def _of_person(heard: Heard, act_on: "_OnPerson") -> bool:
    link = peer_links.held(heard.issuer, heard.user) if heard.user else None
    at = datetime.fromtimestamp(heard.at, UTC)
    if link is None or (link.told_at is not None and at < link.told_at):
        return False
    if heard.type in _LASTING:
        link.told_at = at
    audit.record(SignalHeard(account=link.account_id, issuer=heard.issuer, type=heard.type))
    act_on(heard, link)
    metrics.heard(heard.type)
    return True


def _of_entity(heard: Heard, act_on: "_OnEntity") -> bool:
    """Only who vouches for an entity has a say of it. What is known of entities is written on
    connections of its own: before anything is in this transaction, which would keep them waiting.
    """
    if not heard.entity or not _vouches(heard.issuer, heard.entity):
        return False
    counter = Counter.of(heard.issuer, "ssf-entities", _ENTITIES, _WITHIN)
    if throttles.take([counter]).refused_by is not None:
        raise TooMany
    act_on(heard)
    audit.record(SignalHeard(issuer=heard.issuer, type=heard.type, entity=heard.entity))
    metrics.heard(_own(heard))
    return True


def _disabled(heard: Heard, link: PeerLink) -> None:
    """Nobody comes in by it until home says otherwise. Their own ways in here stay."""
    if link.status == ACTIVE:
        link.status = SUSPENDED
    homes.end(heard.issuer, link.account_id, "home_ended")


def _enabled(_heard: Heard, link: PeerLink) -> None:
    """They may come again; what ended stays ended."""
    if link.status == SUSPENDED:
        link.status = ACTIVE


def _purged(heard: Heard, link: PeerLink) -> None:
    """The account there is no more, and its name is nobody's: a guest's account goes with it."""
    account = accounts.by_id(link.account_id)
    homes.end(heard.issuer, link.account_id, "home_ended")
    peer_links.remove(link)
    if account is not None and not proofs.means(account) and not peer_links.of(account.id):
        closing.close(account.id, "home_purged")


def _ended(heard: Heard, link: PeerLink) -> None:
    homes.end(heard.issuer, link.account_id, "home_ended", sid=heard.session)


def _level(heard: Heard, link: PeerLink) -> None:
    """Sessions that stand on more than home stands for now end; nothing rises by such an event."""
    ial = _ial(heard)
    if ial is None:
        return
    if ial < _NAMED:
        link.verified = None
        sessions.claims_changed(link.account_id)
    homes.end(heard.issuer, link.account_id, "home_ended", above=ial)


def _compromised(heard: Heard, link: PeerLink) -> None:
    homes.end(heard.issuer, link.account_id, "home_ended")


def _noted(_heard: Heard, _link: PeerLink) -> None:
    """It is in the trail, and changes nothing here."""


def _entity_status(heard: Heard) -> None:
    """Everybody looks again at once; the worker ends what is not trusted any more."""
    services.trust.forget_entity(heard.entity, heard.issuer)


def _entity_keys(heard: Heard) -> None:
    """Where its key was taken, whoever had it may have signed anybody in."""
    services.trust.forget_entity(heard.entity, heard.issuer)
    if heard.body.get("urgency") == "compromise":
        ended = homes.end_all_of(heard.entity, "home_not_trusted")
        _log.warning("an entity's key was taken", entity=heard.entity, ended=ended)


def _vouches(issuer: str, entity: str) -> bool:
    """Whether it stands above the entity, as far as we know; of whom we know nothing there is
    nothing to forget but that we know nothing.
    """
    try:
        chain = services.trust.chain(entity)
    except FederationError:
        return issuer in services.trust.anchors() or issuer in (
            services.settings.federation.superiors
        )
    return any(one.iss == issuer for one in chain.statements[1:])


def _own(heard: Heard) -> str:
    """The name of an event that no specification has; "" for others."""
    prefix = sets.own(heard.issuer, "")
    return heard.type.removeprefix(prefix) if heard.type.startswith(prefix) else ""


def _ial(heard: Heard) -> int | None:
    """The identity level it names, on our scale."""
    body = heard.body
    if body.get("namespace") != heard.issuer + sets.LEVELS:
        return None
    level = body.get("current_level")
    if not isinstance(level, str) or level not in _LEVELS:
        return None
    return _LEVELS[level]


_LEVELS = {f"ial{n}": n for n in range(1, 5)}
_NAMED = 2
"""From this level on home stands for a name."""
_OnPerson = Callable[[Heard, PeerLink], None]
_OnEntity = Callable[[Heard], None]
_OF_PEOPLE: Mapping[str, _OnPerson] = {
    sets.ACCOUNT_DISABLED: _disabled,
    sets.ACCOUNT_ENABLED: _enabled,
    sets.ACCOUNT_PURGED: _purged,
    sets.SESSION_REVOKED: _ended,
    sets.LEVEL_CHANGE: _level,
    sets.CREDENTIAL_COMPROMISE: _compromised,
    sets.CREDENTIAL_CHANGE: _noted,
    sets.RECOVERY_ACTIVATED: _noted,
}
_OF_ENTITIES: Mapping[str, _OnEntity] = {
    sets.ENTITY_STATUS: _entity_status,
    sets.ENTITY_KEYS: _entity_keys,
}
_LASTING = frozenset({sets.ACCOUNT_DISABLED, sets.ACCOUNT_ENABLED})
"""What an older event of the same kinds must not undo."""
