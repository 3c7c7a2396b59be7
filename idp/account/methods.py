"""How a person signs in: what there is, what can be added, and whether it takes two."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import flask

from idp import assurance, factors, notices, proofs, sessions
from idp import recovery_codes as recovery
from idp.account.blueprint import bp, fresh_sign_in, two_factors
from idp.account.errors import LastWayIn, NeededForTwo, OneKindOnly
from idp.audit import events
from idp.audit import log as audit
from idp.crypto import masking
from idp.errors import N_, IdpError
from idp.factors import Factor
from idp.services import services
from idp.store import linked, peer_links, recovery_codes
from idp.store.accounts import Account
from idp.store.engines import db
from idp.web import i18n, people
from idp.web.people import FIRST, Failed
from idp.web.signed_in import me, mine


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of factor (``factors.HOLDERS``) as its own pages show it."""

    name: str
    label: str
    about: str
    icon: str
    url: str
    """Where it is added, looked at and taken away."""
    says: Callable[[str], str] | None = None
    """What there is of it, by account id ("": nothing), where it has no names."""


def _bound(account_id: str) -> str:
    offered = services.upstream.offered
    found = (offered.get(each.upstream) for each in linked.of(account_id))
    return "、".join(i18n.translate(each.label) for each in found if each)


def _regions(account_id: str) -> str:
    return "、".join(services.broker.name(each.issuer) for each in peer_links.live(account_id))


_LEFT = N_("还剩 %(left)s 个")
_FEW_LEFT = N_("只剩 %(left)s 个，请重新生成")


def _codes_left(account_id: str) -> str:
    found = recovery_codes.of(account_id)
    if found is None:
        return ""
    said = _FEW_LEFT if found.left <= recovery.FEW else _LEFT
    return i18n.translate(said) % {"left": found.left}


KINDS: tuple[Kind, ...] = (
    Kind(
        "passkey",
        N_("通行密钥"),
        N_("用手机或电脑的指纹、面容或锁屏密码登录，不怕钓鱼网站。"),
        "key",
        "/account/passkeys",
    ),
    Kind(
        "linked",
        N_("微信、支付宝"),
        N_("绑定后可以用它们登录。"),
        "link",
        "/account/linked",
        _bound,
    ),
    Kind(
        "peer",
        N_("异地账号"),
        N_("用其他地区的账号登录本账号。"),
        "place",
        "/account/peers",
        _regions,
    ),
    Kind(
        "totp",
        N_("身份验证器"),
        N_("手机上的应用每 30 秒显示一个动态口令，和密码一起是两种验证；收不到短信时也能用。"),
        "lock",
        "/account/totp",
    ),
    Kind(
        "recovery_code",
        N_("恢复码"),
        N_("手机或验证器不在身边时用，每个一次。"),
        "key",
        "/account/recovery-codes",
        _codes_left,
    ),
)
TWO = 2
_DONE = {
    "two": N_("已设置。以后每次登录都要两种验证方式，其他设备上的登录已退出。"),
    "codes": N_("恢复码已生成，请妥善保管。它们不会再次显示。"),
    "one": N_("已取消。以后登录只需要一种验证方式。"),
}


@bp.get("/methods")
def methods() -> flask.Response:
    account = me()
    return people.page(
        "account/methods.html",
        None,
        account=SimpleNamespace(
            masked=masking.phone(account.phone) if account.phone else "",
            username=account.username or "",
            has_password=account.password_hash is not None,
            two_factor=account.two_factor,
        ),
        kinds=[_kind(each, factors.held(account.id)) for each in KINDS if _on(each)],
        notice=_DONE.get(flask.request.args.get("done", ""), ""),
    )


@bp.get("/review")
def review() -> flask.Response:
    """What to look through after the account was frozen."""
    return people.page("account/review.html", None)


@bp.get("/methods/two-factor")
def two_factor() -> flask.Response:
    """Two factors are shown before they are asked for ever after, and before they are not."""
    fresh_sign_in()
    if not me().two_factor and not _within_reach():
        return _two_factor(people.failed(OneKindOnly()))
    two_factors()
    return _two_factor()


@bp.post("/methods/two-factor")
def choose_two_factor() -> flask.Response:
    account, wanted = me(), people.text("wanted") == "1"
    if wanted and not _within_reach():
        return _two_factor(people.failed(OneKindOnly()))
    two_factors()
    if account.two_factor == wanted:
        return people.go("/account/methods")
    account.two_factor = wanted
    audit.record(events.TwoFactorChosen(account=account.id, wanted=wanted))
    if not wanted:
        notices.warn(account, "two_factor_off")
        db.session.commit()
        return people.go("/account/methods?done=one")
    # Whoever is signed in elsewhere with one factor shows the other.
    sessions.end_all(account.id, reason="two_factor", keep=mine().id, keep_offline=False)
    return people.go("/account/methods?done=two")


def obstacle(account: Account, kind: str, factor_id: str) -> IdpError | None:
    """Why a factor cannot be taken away."""
    if factors.is_last_way_in(account, kind, factor_id):
        return LastWayIn()
    if account.two_factor and assurance.aal_of(proofs.means(account, without=factor_id)) < TWO:
        return NeededForTwo()
    return None


def _within_reach() -> bool:
    return assurance.aal_of(proofs.means(me())) >= TWO


def _two_factor(failed: Failed = FIRST) -> flask.Response:
    return people.page(
        "account/two_factor.html",
        None,
        failed,
        wanted=me().two_factor,
        impossible=failed.error is not None,
        submit_url="/account/methods/two-factor",
    )


def _on(kind: Kind) -> bool:
    if kind.name == "linked":
        return bool(services.upstream.offered)
    if kind.name == "peer":
        return services.trust.on
    return kind.name in services.settings.login.methods


def _kind(kind: Kind, held: list[Factor]) -> SimpleNamespace:
    names = [each.name for each in held if each.kind == kind.name]
    if kind.says is not None:
        names = [said] if (said := kind.says(me().id)) else []
    return SimpleNamespace(kind=kind, names=names)
