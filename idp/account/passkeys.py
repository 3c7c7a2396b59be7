"""Passkeys (通行密钥): added on the device at hand, renamed, taken away."""

import flask

from idp import browsers, notices, passkeys, recovery_codes, sessions
from idp.account.blueprint import bp, for_a_factor
from idp.account.errors import FactorTurnedOff, NameUnfit, NoSuchFactor, TooManyPasskeys
from idp.account.methods import obstacle
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.passkeys import PasskeyHere, Site
from idp.services import services
from idp.store import accounts, ephemeral
from idp.store import passkeys as store
from idp.store.engines import db
from idp.store.passkeys import Passkey, PasskeyTaken
from idp.web import people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine

_PAGE = "/account/passkeys"
_GONE = "passkey-gone"
_LONGEST_NAME = 20
_KEEPERS = {
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud 钥匙串",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google 密码管理工具",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
}
"""What keeps a passkey, by AAGUID, as it says of itself: a name to begin with and nothing more."""
_DONE = {
    "added": N_("通行密钥已添加，下次可以直接用它登录。"),
    "renamed": N_("名称已修改。"),
    "removed": N_("通行密钥已移除，其他设备上的登录已退出。"),
}


@bp.get("/passkeys")
def my_passkeys() -> flask.Response:
    return _list(_DONE.get(flask.request.args.get("done", ""), ""))


@bp.post("/passkeys/options")
def new_passkey() -> flask.Response:
    """What the script asks the authenticator (WebAuthn §5.4)."""
    site = _site()
    for_a_factor()
    options = passkeys.ask_new(site, mine().id, store.of(me().id), _known_as())
    return flask.Response(options, mimetype="application/json")


@bp.get("/passkeys/new")
def prepare_passkey() -> flask.Response:
    """Proofs are asked for before the device is: its question cannot wait behind a page."""
    _site()
    for_a_factor()
    if len(store.of(me().id)) >= _most():
        return _list(failed=people.failed(TooManyPasskeys(most=_most())))
    return _new()


@bp.post("/passkeys/new")
def add_passkey() -> flask.Response:
    for_a_factor()
    try:
        made = passkeys.new(_site(), mine().id, people.form().get("credential", ""))
        return _add(made)
    except IdpError as error:
        return _new(people.failed(error))


@bp.get("/passkeys/<passkey_id>")
def one_passkey(passkey_id: str) -> flask.Response:
    found = _found(passkey_id)
    return _one(found, Failed(values={"name": found.name}))


@bp.post("/passkeys/<passkey_id>")
def rename_passkey(passkey_id: str) -> flask.Response:
    found = _found(passkey_id)
    name = " ".join(people.text("name").split())
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        return _one(found, people.failed(NameUnfit(most=_LONGEST_NAME), "name"))
    found.name = name
    db.session.commit()
    return people.go(f"{_PAGE}?done=renamed")


@bp.get("/passkeys/<passkey_id>/remove")
def ask_to_remove_passkey(passkey_id: str) -> flask.Response:
    for_a_factor()
    found = _found(passkey_id)
    return _removal(found, obstacle(me(), "passkey", found.id))


@bp.post("/passkeys/<passkey_id>/remove")
def remove_passkey(passkey_id: str) -> flask.Response:
    """Of two tabs that take away two, the second sees what the first has left."""
    for_a_factor()
    accounts.hold(me().id)
    found = _found(passkey_id)
    if hindrance := obstacle(me(), "passkey", found.id):
        return _removal(found, hindrance)
    handle = found.user_handle
    if not store.remove(found):
        raise NoSuchFactor
    audit.record(events.PasskeyRemoved(account=me().id, factor=passkey_id))
    notices.warn(me(), "passkey_removed")
    # The page shown next tells the device which are left, if none is too.
    ephemeral.put(_GONE, mine().id, {"handle": handle}, passkeys.LIFETIME)
    # Whoever has the device may be signed in by it elsewhere.
    sessions.end_all(me().id, reason="passkey_removed", keep=mine().id, keep_offline=False)
    return people.go(f"{_PAGE}?done=removed")


def _add(made: Passkey) -> flask.Response:
    """Raises PasskeyHere or TooManyPasskeys."""
    account = accounts.hold(me().id)[0]
    made.account_id = account.id
    made.name = _KEEPERS.get(made.aaguid) or browsers.terminal()
    try:
        store.add(made)
    except PasskeyTaken:
        raise PasskeyHere from None
    if len(store.of(account.id)) > _most():
        db.session.rollback()
        raise TooManyPasskeys(most=_most())
    added = events.PasskeyAdded(account=account.id, factor=made.id, attested=made.attested)
    audit.record(added)
    notices.warn(account, "passkey_added")
    db.session.commit()
    return people.go(recovery_codes.offer(account) or f"{_PAGE}?done=added")


def _site() -> Site:
    """Raises FactorTurnedOff."""
    site = Site.of(services.settings)
    if not site.rp_id:
        raise FactorTurnedOff
    return site


def _found(passkey_id: str) -> Passkey:
    """Raises NoSuchFactor."""
    found = store.get(me().id, passkey_id)
    if found is None:
        raise NoSuchFactor
    return found


def _most() -> int:
    return services.settings.passkeys.most


def _known_as() -> str:
    """What the device shows of the account; it may be seen over a shoulder."""
    account = me()
    return masking.phone(account.phone) if account.phone else masking.name(account.username or "")


def _list(notice: str = "", failed: Failed = FIRST) -> flask.Response:
    found = store.of(me().id)
    return people.page(
        "account/passkeys.html",
        None,
        failed,
        passkeys=found,
        accepted=[each.credential_id for each in found if each.copied_at is None],
        handle=found[0].user_handle if found else _handle_before(),
        rp_id=Site.of(services.settings).rp_id,
        most=_most(),
        notice=notice,
    )


def _handle_before() -> str:
    """What devices know the account by whose last passkey was taken away in this session."""
    gone = ephemeral.peek(_GONE, mine().id)
    return gone["handle"] if gone else ""


def _new(failed: Failed = FIRST) -> flask.Response:
    return people.page(
        "account/passkey_new.html",
        None,
        failed,
        options_url=f"{_PAGE}/options",
        submit_url=f"{_PAGE}/new",
    )


def _one(found: Passkey, failed: Failed) -> flask.Response:
    return people.page(
        "account/passkey_one.html",
        None,
        failed,
        form=people.fields(failed, submit_url=f"{_PAGE}/{found.id}"),
        longest=_LONGEST_NAME,
    )


def _removal(found: Passkey, hindrance: IdpError | None) -> flask.Response:
    return people.page(
        "account/passkey_remove.html",
        None,
        people.failed(hindrance) if hindrance else FIRST,
        passkey=found,
        impossible=hindrance is not None,
        submit_url=f"{_PAGE}/{found.id}/remove",
        back_url=_PAGE,
    )
