"""Sign-in from a WeChat mini program: its code becomes a ticket, its web-view spends the ticket.

A mini program has neither our cookies nor a browser to send on. It posts the ``code`` of
``wx.login`` and opens the address it gets in a ``web-view``; there the person sees as whom they are
about to sign in, and says yes. A ticket is good once, for a minute, and signs nobody in by itself:
whoever lures somebody to an address with a ticket of their own shows them a stranger's name. And a
WeChat nobody has bound is offered for binding inside the program alone: else the lured would bind
the lurer's to their own account.
"""

import secrets
import time
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import flask
import orjson

from idp import browsers, interactions, linking, sessions
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.interactions import ClientHint, Interaction
from idp.login import numbers, pages, trail
from idp.login.blueprint import bp
from idp.login.errors import PersonMismatch
from idp.login.methods.base import Proved
from idp.services import services
from idp.settings import current as settings
from idp.store import accounts, clients, ephemeral, throttles
from idp.store.accounts import Account
from idp.store.engines import db
from idp.upstream.base import Person, Upstream
from idp.upstream.errors import CodeUnusable
from idp.upstream.wechat_mini import MiniProgram
from idp.web import people
from idp.web.addresses import address_range, client_address
from idp.web.i18n import translate

LIFETIME = timedelta(seconds=60)
_TICKET, _PERSON = "mini-ticket", "mini-person"
_LONGEST = 4096


class NoMiniProgram(IdpError):
    """``upstream.wechat.mini_program`` is not set."""

    code = "HT-8131"
    message = N_("这里没有开通小程序登录。")
    next_step = N_("请在浏览器中打开您要访问的网站登录。")
    status = HTTPStatus.NOT_FOUND
    oauth_error = "invalid_request"


class AskedWrongly(IdpError):
    """What a mini program posted is no JSON object with a ``code``."""

    code = "HT-8132"
    message = N_("小程序的请求不正确。")
    next_step = N_("请更新小程序后重试。")
    oauth_error = "invalid_request"


class AskedTooOften(IdpError):
    """More codes that WeChat does not know came from this address range than
    ``login.code_failures``: each costs a question to WeChat.
    """

    code = "HT-8133"
    message = N_("当前网络登录过于频繁。")
    next_step = N_("请稍后重试，或换用其他网络。")
    status = HTTPStatus.TOO_MANY_REQUESTS
    oauth_error = "temporarily_unavailable"


class TicketOver(IdpError):
    """A mini program's ticket is older than a minute, or was used."""

    code = "HT-8134"
    message = N_("登录已超时。")
    next_step = N_("请返回小程序，重新点击登录。")
    status = HTTPStatus.GONE


@dataclass(frozen=True, slots=True)
class _Asked:
    code: str
    """Of ``wx.login``."""
    phone_code: str
    """Of the button that asks for the number; "" where it was not pressed."""
    client_id: str
    """The portal to go on to; "" for the person's own account."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    person: dict[str, str]
    number: str
    client_id: str


@bp.post("/mini-program/ticket")
def ticket() -> flask.typing.ResponseReturnValue:
    """For the program: JSON in and out, no cookie. 201 with the address to open."""
    try:
        made = _ticket(_program())
    except IdpError as error:
        return _refused(error), int(error.status)
    token = secrets.token_urlsafe(32)
    ephemeral.put_sealed(_TICKET, token, asdict(made), LIFETIME)
    url = f"{services.settings.issuer}/login/mini-program/open?ticket={token}"
    return {"url": url, "expires_in": int(LIFETIME.total_seconds())}, HTTPStatus.CREATED


@bp.get("/mini-program/open")
def open_ticket() -> flask.Response:
    """In the web-view: the ticket is spent, and leaves the address. Raises TicketOver."""
    found = ephemeral.take_sealed(_TICKET, flask.request.args.get("ticket", "")[:64])
    if found is None:
        raise TicketOver
    opened = _Ticket(**found)
    client = _on_the_way_to(opened.client_id)
    hints = {"login_hint": opened.number.removeprefix("+86")} if opened.number else {}
    onward = f"/login/portal/{quote(client.client_id, safe='')}" if client else "/account/"
    interaction = interactions.open_(onward, client=client, hints=hints)
    said = orjson.dumps({"at": time.time(), **opened.person}).decode()
    sealed = str(services.sealer.seal(_PERSON, said, interaction.id))
    interaction = interactions.note(interaction, **{_PERSON: sealed})
    return people.go(interaction.url("/login/mini-program"))


@bp.get("/mini-program")
def mini_program() -> flask.Response:
    """As whom the person is about to sign in; who is bound to nobody goes on to be bound."""
    interaction = people.entered()
    found = _found(interaction)
    if isinstance(found, flask.Response):
        return found
    account = found
    session = sessions.current()
    if session is not None and session.account_id == account.id:
        return people.leave(interaction)
    return people.page(
        "login/mini_program.html",
        interaction,
        known=masking.phone(account.phone) if account.phone else account.username or "",
        submit_url=interaction.url("/login/mini-program"),
        other_url=f"{interaction.url('/login/')}&switch=1",
    )


@bp.post("/mini-program")
def go_on() -> flask.Response:
    interaction = people.entered()
    found = _found(interaction)
    if isinstance(found, flask.Response):
        return found
    try:
        return numbers.settle(interaction, Proved(found, linking.AMR))
    except PersonMismatch as error:
        trail.failed("", MiniProgram.name, error.code)
        return pages.show(interaction, failed=people.failed(error))


@bp.get("/portal/<client_id>")
def portal(client_id: str) -> flask.Response:
    """To a portal, to begin there (OIDC Core §4); to the person's account where it names no
    address.
    """
    found = clients.look_up(client_id)
    if found is not None and found.initiate_login_uri:
        mark = "&" if "?" in found.initiate_login_uri else "?"
        issuer = quote(services.settings.issuer, safe="")
        return people.go(f"{found.initiate_login_uri}{mark}iss={issuer}")
    return people.go(found.home_uri if found is not None and found.home_uri else "/account/")


def _program() -> MiniProgram:
    if services.upstream.mini_program is None:
        raise NoMiniProgram
    return services.upstream.mini_program


def _ticket(program: MiniProgram) -> _Ticket:
    asked = _asked()
    person = _person(program, asked.code)
    tells = asked.phone_code and not linking.is_bound(MiniProgram.name, person)
    number = _number(program, asked.phone_code, person.openid) if tells else ""
    return _Ticket(asdict(person), number, asked.client_id)


def _person(program: MiniProgram, code: str) -> Person:
    """Codes nobody was given are counted, not people: many share one carrier's address."""
    place = address_range(client_address())
    limits = settings.login
    wrong = throttles.Counter.of(place, "wx.login", limits.code_failures, limits.throttle)
    if throttles.used([wrong])[0] >= wrong.limit:
        raise AskedTooOften
    try:
        return program.person(code)
    except CodeUnusable:
        throttles.count([wrong])
        raise


def _asked() -> _Asked:
    try:
        said = orjson.loads(flask.request.get_data())
    except orjson.JSONDecodeError:
        raise AskedWrongly from None
    if not isinstance(said, dict):
        raise AskedWrongly
    given = {name: said.get(name) or "" for name in ("code", "phone_code", "client_id")}
    if not all(isinstance(each, str) and len(each) <= _LONGEST for each in given.values()):
        raise AskedWrongly
    if not given["code"]:
        raise AskedWrongly
    return _Asked(**given)


def _number(program: MiniProgram, code: str, openid: str) -> str:
    """What saves typing, and proves nothing: that number is proven by a code of ours. Where it is
    not to be had, the person types.
    """
    try:
        return program.number(code, openid)
    except IdpError:
        return ""


def _refused(error: IdpError) -> dict[str, Any]:
    """Words for the person beside the code for the program."""
    return {
        "error": error.oauth_error,
        "code": error.code,
        "message": translate(error.message),
        "next_step": translate(error.next_step),
    }


def _on_the_way_to(client_id: str) -> ClientHint | None:
    """The portal where it is registered and says where it begins."""
    client = people.client_hint(client_id)
    if client is None or not client.home_uri:
        return None
    start = urlsplit(client.home_uri)
    return replace(client, redirect_origin=f"{start.scheme}://{start.netloc}")


def _found(interaction: Interaction) -> Account | flask.Response:
    """Whose account the person in the mini program has, or the page to show instead."""
    waiting = _waiting(interaction)
    if waiting is None:
        return people.go(interaction.url("/login/"))
    upstream, person = waiting
    try:
        bound = linking.whose(upstream, person)
    except linking.NamesDisagree as error:
        trail.failed("", upstream.name, error.code)
        return pages.show(interaction, failed=people.failed(error))
    account = accounts.by_id(bound.account_id) if bound else None
    if account is None and not _inside():
        return people.go(interaction.url("/login/"))
    if account is None:
        return people.go(linking.wait(interaction, upstream, person).url("/login/unknown"))
    db.session.commit()
    return account


def _inside() -> bool:
    program = services.upstream.mini_program
    return program is not None and program.shows(flask.request.headers.get("User-Agent", ""))


def _waiting(interaction: Interaction) -> tuple[Upstream, Person] | None:
    """Nobody once somebody has signed out in this web-view, or this way has led to its end."""
    sealed = interaction.result.get(_PERSON)
    upstream = services.upstream.offered.get(MiniProgram.name)
    if not sealed or upstream is None or interaction.result.get("done"):
        return None
    said = orjson.loads(services.sealer.open(_PERSON, sealed, interaction.id))
    if browsers.left_since(said.pop("at")):
        return None
    return upstream, Person(**said)
