"""Where getting back in begins: what somebody can still use decides the way.

A forgotten password, with the number at hand: prove the number, choose a new one. No step can be
skipped or repeated.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import flask

from idp import browsers, closing, codes, credentials, faces, handover, interactions, peers, proofs
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.interactions import Interaction
from idp.recovery import facing, renumbering, resetting, waiting
from idp.recovery.blueprint import bp
from idp.recovery.errors import NoAccountHere, NotRecovering
from idp.store import accounts, ephemeral
from idp.store.accounts import Account
from idp.web import people
from idp.web.people import FIRST, Failed

PURPOSE = "recover"


@dataclass(frozen=True, slots=True)
class StartingWay:
    """What somebody can still use, and where that leads who has lost their number."""

    name: str
    icon: str
    label: str
    more: str
    path: str
    offered: Callable[[], bool] = lambda: True


WAYS = (
    StartingWay(
        "password",
        "key",
        N_("还记得密码，或有通行密钥等其他登录方式"),
        N_("登录后更换手机号码。"),
        "/account/phone",
    ),
    StartingWay(
        "face",
        "person",
        N_("账号完成过实名认证，我可以刷脸"),
        N_("与公安登记的照片比对，等待期满后用新号码和新密码登录。"),
        "/recover/face",
        lambda: faces.way() is not None,
    ),
    StartingWay(
        "hall",
        "organisation",
        N_("都没有了，我去政务服务大厅"),
        N_("先在网上领取受理编号，再携带身份证件到窗口办理。"),
        "/recover/hall",
    ),
)
"""Each as strong as what it restores: a name and a number that match are none of them."""
_KIND, _LIFETIME = "recovery", timedelta(minutes=15)


__all__ = ["bp", "facing", "renumbering", "waiting"]


@bp.get("/")
def start() -> flask.Response:
    if elsewhere := peers.accounts_are_at("/recover/"):
        return people.go(elsewhere)
    if "i" not in flask.request.args:
        return people.go(interactions.open_("/account/").url("/recover/"))
    return _phone(people.entered())


@bp.get("/send")
def address_of_a_form() -> flask.Response:
    return people.back_to("/recover/")


@bp.post("/send")
def send() -> flask.Response:
    """Send a code whether or not the number has an account: the answer is the same."""
    interaction = people.entered()
    number = flask.request.form.get("phone")
    try:
        codes.guard(people.form(), people.here())
        codes.ask(interaction, number, PURPOSE, people.here())
    except IdpError as error:
        show = _code if number is None and codes.asked(interaction, PURPOSE) else _phone
        return show(interaction, people.failed(error, "phone"))
    return people.go(interaction.url("/recover/code"))


@bp.get("/code")
def code() -> flask.Response:
    interaction = people.entered()
    if codes.asked(interaction, PURPOSE) is None:
        return people.go(interaction.url("/recover/"))
    return _code(interaction)


@bp.post("/code")
def prove() -> flask.Response:
    interaction = people.entered()
    try:
        number = codes.check(interaction, PURPOSE, people.text("sms_code"), people.here())
    except codes.CodeNotAsked:
        return people.go(interaction.url("/recover/"))
    except IdpError as error:
        return _code(interaction, people.failed(error))
    account = accounts.by_phone(number)
    if account is None:
        proofs.keep(interaction, number)
        return _phone(interaction, people.failed(NoAccountHere()))
    if not account.active:
        raise closing.refusal(account)
    if handover.in_doubt(account):
        # A code alone resets nothing where the number may have moved on (DESIGN §3).
        kept = proofs.keep(interaction, number, unproven=account.id)
        return people.go(kept.url("/login/number"))
    return people.go(_begin(interaction, account).url("/recover/password"))


@bp.get("/password")
def password() -> flask.Response:
    interaction = people.entered()
    account = _whose(interaction)
    if account is None:
        return people.go(interaction.url("/recover/"))
    return _password(interaction, account)


@bp.post("/password")
def reset() -> flask.Response:
    interaction = people.entered()
    account = _recovering(interaction)
    chosen = people.text("new_password")
    try:
        credentials.count(account.id)
    except credentials.TooManyChoices as error:
        return _password(interaction, account, people.failed(error))
    if reasons := credentials.weaknesses(chosen, account.username, account.phone):
        failed = people.failed(credentials.WeakNewPassword(), reasons=reasons)
        return _password(interaction, account, failed)
    hashed = resetting.hashed(chosen)
    if ephemeral.take(_KIND, interaction.id) is None:  # another tab was first
        raise NotRecovering
    resetting.reset(account.id, hashed)
    return people.go(interaction.url("/recover/done"))


@bp.get("/done")
def done() -> flask.Response:
    interaction = people.entered()
    login_url = f"{interaction.url('/login/')}&m=password"
    return people.page("recovery/done.html", interaction, login_url=login_url)


def _recovering(interaction: Interaction) -> Account:
    """Whose password is being reset here. Raises NotRecovering or AccountStopped."""
    account = _whose(interaction)
    if account is None:
        raise NotRecovering
    if not account.active:
        raise closing.refusal(account)
    return account


def _begin(interaction: Interaction, account: Account) -> Interaction:
    """What the proof rests on is kept, and a mark that goes when somebody signs in instead."""
    kept = {"account": account.id, "footing": proofs.footing(account), "at": time.time()}
    ephemeral.put(_KIND, interaction.id, kept, _LIFETIME)
    return interactions.note(interaction, recovering=True)


def _whose(interaction: Interaction) -> Account | None:
    """The account whose number was proven here, while number and password are the same."""
    found = ephemeral.peek(_KIND, interaction.id)
    account = accounts.by_id(found["account"]) if found else None
    if not found or account is None or not interaction.result.get("recovering"):
        return None
    if browsers.left_since(found["at"]):
        return None
    return account if found["footing"] == proofs.footing(account) else None


def _phone(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    send_url = interaction.url("/recover/send")
    form = codes.number_form(interaction, "recover", failed, send_url=send_url)
    login_url = interaction.url("/login/")
    ways = [way for way in WAYS if way.offered()]
    return people.page(
        "recovery/start.html",
        interaction,
        failed,
        form=form,
        login_url=login_url,
        ways=[SimpleNamespace(way=way, url=_url(interaction, way)) for way in ways],
        continue_url=interaction.url("/recover/continue"),
    )


def _url(interaction: Interaction, way: StartingWay) -> str:
    return way.path if way.path.startswith("/account/") else interaction.url(way.path)


def _code(interaction: Interaction, failed: Failed = FIRST) -> flask.Response:
    form = codes.code_form(
        interaction,
        PURPOSE,
        failed,
        submit_url=interaction.url("/recover/code"),
        send_url=interaction.url("/recover/send"),
        change_url=interaction.url("/recover/"),
    )
    return people.page("recovery/code.html", interaction, failed, form=form)


def _password(interaction: Interaction, account: Account, failed: Failed = FIRST) -> flask.Response:
    form = people.fields(failed, submit_url=interaction.url("/recover/password"))
    masked = masking.phone(account.phone or "")
    return people.page("recovery/new_password.html", interaction, failed, form=form, masked=masked)
