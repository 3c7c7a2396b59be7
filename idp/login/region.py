"""Signing in by another region: the list, the way there and back, and who comes for the first time.

The list asks for nothing but a region: numbers and passwords are typed at home alone.
"""

import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import flask

from idp import cookies, interactions, peers, places, sessions
from idp.broker.asking import HOME
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.login import both_factors, bound, numbers, trail
from idp.login.blueprint import bp
from idp.login.errors import PersonMismatch, StepMissing
from idp.login.methods.base import Proved
from idp.places import provinces
from idp.services import services
from idp.sessions import Session
from idp.store import accounts, peer_links, throttles
from idp.store.accounts import Account
from idp.store.engines import db
from idp.store.peers import Peer
from idp.store.throttles import Counter
from idp.web import i18n, people
from idp.web.addresses import address_range

_COOKIE = "region"
_REMEMBERED = timedelta(days=400)
_TRIED, ASKED = "home_tried", "home_asked"
_LONGEST = 32


class TooOften(IdpError):
    """More ways to other regions began in one address range than ``login.region_requests``."""

    code = "HT-8246"
    message = N_("当前网络请求过于频繁。")
    next_step = N_("请稍后重试，或使用在本地区的账号登录。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    oauth_error = "temporarily_unavailable"


class _Choice(NamedTuple):
    entity_id: str
    name: str
    province: str
    pinyin: str
    remembered: bool = False


@bp.get("/region")
def regions() -> flask.Response:
    return _picker(people.entered())


@bp.post("/region")
def to_region() -> flask.Response:
    """Off to the region chosen, on a page of its own: a form may lead to portals only."""
    interaction = people.entered()
    entity = people.text("entity")
    again = people.text("again") == "yes" or bound.account_of(interaction) is not None
    if again and sessions.current() is not None:
        interaction = interactions.note(interaction, **{ASKED: True})
    try:
        _count()
        where = peers.begin(interaction, entity, again=again)
    except IdpError as error:
        return _picker(interaction, people.failed(error))
    cookies.set_(_COOKIE, entity, _REMEMBERED)
    return people.page("redirecting.html", interaction, client=None, continue_url=where)


@bp.get("/region/callback")
def from_region() -> flask.Response:
    """Back from another node, and on from a page of its own: to browsers all redirects until here
    belong to the form the person sent at home, which may lead to this node and no further.

    Raises ReturnUnknown where nothing of it began in this browser.
    """
    answer = _came_back()
    onward = answer.headers.get("Location")
    if onward is None:
        return answer
    return people.page("redirecting.html", None, client=None, continue_url=onward)


def _came_back() -> flask.Response:
    try:
        interaction, believed = peers.returned(flask.request.args.to_dict())
    except peers.Over as over:
        return people.go(over.interaction.url("/login/"))
    except peers.Failed as failed:
        return _picker(failed.interaction, people.failed(failed.error))
    try:
        account = peers.whose(believed) or peers.the_same_person(believed)
        if account is None and not peers.is_own_home(believed):
            return people.go(peers.wait(interaction, believed).url("/login/region/first"))
        account = account or peers.opened_guest(believed, i18n.usual())
        db.session.commit()
        interaction = peers.keep_home(interaction, believed)
        return numbers.settle(interaction, Proved(account, peers.AMR))
    except peers.LinkSevered:
        return people.go(peers.wait(interaction, believed).url("/login/region/first"))
    except IdpError as error:
        trail.failed("", "peer", error.code)
        return _picker(interaction, people.failed(error))


@bp.get("/region/first")
def first() -> flask.Response:
    """Nobody here is linked to who has come: have they an account here? Or they were once."""
    interaction = people.entered()
    waiting = peers.stranger(interaction)
    if waiting is None:
        return people.go(interaction.url("/login/"))
    severed = peers.was_severed(waiting)
    return people.page(
        "login/region_first.html",
        interaction,
        people.failed(peers.LinkSevered()) if severed else people.FIRST,
        severed=severed,
        home=services.broker.name(waiting.said.issuer),
        guest_url=""
        if interaction.account_id or severed
        else interaction.url("/login/region/guest"),
        login_url=interaction.url("/login/"),
    )


@bp.get("/region/guest")
def address_of_the_guest_s_form() -> flask.Response:
    return people.back_to("/login/region/first")


@bp.post("/region/guest")
def as_a_guest() -> flask.Response:
    """An account here that their home alone leads to; the agreements are asked for next."""
    interaction = people.entered()
    waiting = peers.stranger(interaction)
    if waiting is None or interaction.account_id:
        raise StepMissing
    account = peers.opened_guest(waiting, i18n.usual())
    db.session.commit()
    kept = peers.keep_home(interaction, waiting)
    return numbers.settle(interactions.note(kept, peer=None), Proved(account, peers.AMR))


@bp.get("/region/link")
def ask_to_link_region() -> flask.Response:
    interaction = people.entered()
    _session, account, waiting = _just_signed_in(interaction)
    known = masking.phone(account.phone) if account.phone else account.username or ""
    return people.page(
        "login/region_link.html",
        interaction,
        home=services.broker.name(waiting.said.issuer),
        known=known,
        submit_url=interaction.url("/login/region/link"),
    )


@bp.post("/region/link")
def link_region() -> flask.Response:
    """Link, or not: on to where the person was going either way."""
    interaction = people.entered()
    session, account, waiting = _just_signed_in(interaction)
    if people.text("answer") == "yes":
        if both_factors.are_due(session, account):
            return both_factors.first(interaction, account, "/login/region/link")
        try:
            peers.link(account, waiting)
        except IdpError as error:
            return people.page(
                "login/region_link.html",
                interaction,
                people.failed(error),
                home=services.broker.name(waiting.said.issuer),
                known="",
                submit_url=interaction.url("/login/region/link"),
            )
    return people.leave(interaction)


@bp.get("/home")
def home() -> flask.Response:
    """More is asked than their home has said so far: back there, to prove it."""
    interaction = people.entered()
    session = sessions.current()
    if session is None or session.home is None:
        return people.go(interaction.url("/login/"))
    return people.page(
        "login/region_home.html",
        interaction,
        home=services.broker.name(session.home.issuer),
        entity=session.home.issuer,
        submit_url=interaction.url("/login/region"),
        decline_url=interaction.url("/login/home/decline"),
    )


@bp.get("/home/decline")
def address_of_the_decline_s_form() -> flask.Response:
    return people.back_to("/login/home")


@bp.post("/home/decline")
def not_home() -> flask.Response:
    interaction = people.entered()
    interactions.note(interaction, declined=True)
    return people.go(interaction.return_to)


def _count() -> None:
    """Each way out costs a question to another node. Raises TooOften."""
    counted = services.settings.login
    place = address_range(people.here().address)
    counter = Counter.of(place, "regions", counted.region_requests, counted.throttle)
    if throttles.take([counter]).refused_by is not None:
        raise TooOften


def straight_home(interaction: Interaction) -> flask.Response | None:
    """Off at once, where the node that asks has said which region the person chose there, or where
    this node's own people have their accounts elsewhere.
    """
    entity = interaction.hints.get(HOME, "") or services.settings.federation.home
    if not entity or interaction.result.get(_TRIED) or sessions.current() is not None:
        return None
    tried = interactions.note(interaction, **{_TRIED: True})
    try:
        _count()
        where = peers.begin(tried, entity)
    except IdpError as error:
        return _picker(tried, people.failed(error))
    return people.page("redirecting.html", tried, client=None, continue_url=where)


def _picker(interaction: Interaction, failed: people.Failed = people.FIRST) -> flask.Response:
    asked = flask.request.args.get("q", "").strip()[:_LONGEST]
    account = bound.account_of(interaction)
    offered = _choices(account)
    found = [each for each in offered if _matches(each, asked)]
    there = {each.entity_id: each for each in found}
    without = [] if asked or account else _without(offered)
    return people.page(
        "login/region.html",
        interaction,
        failed,
        asked=asked,
        choices=list(there.values()),
        without=without,
        region_url=interaction.url("/login/region"),
        back_url=interaction.url("/login/"),
    )


def _choices(account: Account | None) -> list[_Choice]:
    """The one chosen before first, then that of where the person seems to be, then by pinyin; where
    one account alone may answer, those it is linked to.
    """
    chosen, here = cookies.read(_COOKIE), places.province(places.here())
    made = [_choice(peer, chosen) for peer in peers.offered()]
    if account is not None:
        homes = {each.issuer for each in peer_links.live(account.id)}
        made = [each for each in made if each.entity_id in homes]

    def order(each: _Choice) -> tuple[Any, ...]:
        near = bool(here) and each.province.startswith(here)
        return not each.remembered, not near, each.pinyin, each.name

    return sorted(made, key=order)


def _choice(peer: Peer, chosen: str) -> _Choice:
    province, spelt = provinces.name(peer.region), provinces.pinyin(peer.region)
    return _Choice(peer.entity_id, peer.name, province, spelt, peer.entity_id == chosen)


def _matches(each: _Choice, asked: str) -> bool:
    """By a part of the name, or by how it is spelt, with or without gaps."""
    if not asked:
        return True
    spelt, letters = each.pinyin, asked.casefold().replace(" ", "").replace("'", "")
    return (
        asked in each.name
        or asked in each.province
        or (letters.isascii() and spelt.replace(" ", "").startswith(letters))
    )


def _without(offered: list[_Choice]) -> list[str]:
    """Provinces nobody can come from yet: said, so that nobody looks for theirs in vain."""
    there = {each.province for each in offered}
    own = provinces.name(services.settings.node.region)
    codes = sorted(provinces.NAMES, key=provinces.pinyin)
    listed = (provinces.NAMES[code] for code in codes)
    return [name for name in listed if name not in there and name != own]


def _just_signed_in(interaction: Interaction) -> tuple[Session, Account, Any]:
    """Raises StepMissing unless somebody has signed in on this way, after who waits on it came:
    a session that was there before may be another person's.
    """
    session, waiting = sessions.current(), peers.stranger(interaction)
    account = accounts.by_id(session.account_id) if session else None
    if session is None or account is None or not account.active or waiting is None:
        raise StepMissing
    oldest = time.time() - services.settings.login.fresh.total_seconds()
    if session.shown_at < max(oldest, peers.waits_since(interaction)):
        raise StepMissing
    if session.home is not None:  # another region's word is no proof of an account here
        raise PersonMismatch
    return session, account, waiting
