"""The agreements in force: which versions, what text, and who has yet to accept them."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from idp import settings
from idp.audit import events
from idp.audit import log as audit
from idp.errors import N_, IdpError
from idp.settings import ROOT, Agreements, Node
from idp.store import accounts

_TEXTS = ROOT / "templates" / "agreements"
_TITLES = {
    "terms": N_("用户服务协议"),
    "privacy": N_("隐私政策"),
    "realname": N_("实名认证服务协议"),
    "children": N_("儿童个人信息保护规则"),
}
EVERYBODY = ("terms", "privacy")
REALNAME, CHILDREN = "realname", "children"
"""Accepted by who proves a name, and by who agrees for a child."""


class NotAgreed(IdpError):
    """The box stayed unticked: nothing is opened without an act of the person (PIPL art. 14)."""

    code = "HT-3004"
    message = N_("请先阅读并同意用户服务协议和隐私政策。")
    next_step = N_("阅读后勾选“我已阅读并同意”。")
    oauth_error = "invalid_request"
    field = "agree"


@dataclass(frozen=True)
class Agreement:
    name: str
    title: str
    version: str
    digest: str
    """SHA-256 of the text as it stands, the node's own details included."""
    still_good: tuple[str, ...] = ()
    """Older versions whose acceptance counts too."""

    @property
    def url(self) -> str:
        return f"/signup/agreements/{self.name}"


def current() -> tuple[Agreement, ...]:
    """What everybody has accepted."""
    return tuple(each for each in _all() if each.name in EVERYBODY)


def realname() -> Agreement:
    """What who proves a name accepts, each time."""
    return next(each for each in _all() if each.name == REALNAME)


def children() -> Agreement:
    """What a guardian accepts for a child under fourteen (儿童个人信息网络保护规定 art. 8)."""
    return next(each for each in _all() if each.name == CHILDREN)


def _all() -> tuple[Agreement, ...]:
    return _in_force(settings.current.agreements, settings.current.node)


@cache
def _in_force(agreed: Agreements, node_details: Node) -> tuple[Agreement, ...]:
    node = node_details.model_dump_json()
    return tuple(
        Agreement(name, _TITLES[name], version, _digest(name, version, node), still_good)
        for name, version, still_good in agreed.in_force()
    )


def find(name: str) -> Agreement | None:
    return next((each for each in _all() if each.name == name), None)


def pending(account_id: str) -> tuple[Agreement, ...]:
    """What a person has to accept before going on."""
    accepted = accounts.accepted(account_id)
    return tuple(each for each in current() if not _counts(each, accepted))


def any_accepted(account_id: str) -> bool:
    """Whether there is a version of anything the person ever accepted."""
    return bool(accounts.accepted(account_id))


def _counts(agreement: Agreement, accepted: set[tuple[str, str]]) -> bool:
    versions = (agreement.version, *agreement.still_good)
    return any((agreement.name, version) in accepted for version in versions)


def accept(account_id: str, agreements: tuple[Agreement, ...]) -> None:
    """Record that a person accepted, in the current transaction."""
    for each in agreements:
        accounts.accept(account_id, each.name, each.version, each.digest)
        accepted = events.AgreementAccepted(
            account=account_id, agreement=each.name, version=each.version
        )
        audit.record(accepted)


def _digest(name: str, version: str, node: str) -> str:
    text = sha256(f"{version}\0{node}\0".encode())
    for path in sorted(_TEXTS.glob(f"*{name}*.html")):
        text.update(path.read_bytes())
    return text.hexdigest()
