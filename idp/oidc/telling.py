"""What a client is told of a person: kept ready with session, code and family, and sealed there.

What only a verified identity says is read where it is asked for, and then kept ready too; but
what runs out is weighed when it is told, and the document's number is asked of SQL each time.
"""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from idp import profile, represented, sessions, verified
from idp.crypto.errors import UnknownKey
from idp.oidc.claims import of_scopes, select
from idp.oidc.ida import answering, asking
from idp.services import services
from idp.store import accounts
from idp.store import tokens as store
from idp.store.clients import GUARDED, Registration
from idp.verified import Verified

_CLAIMS, _ASKED = "claims", "asked"
"""What is sealed: claims, and requests for verified ones, which may say whom they expect."""
_IDENTITY = "identity"
"""Where a kept set of claims has the verified identity: no claim is called so."""


class Ready(NamedTuple):
    """What may be told of a person, made ready for a code at authorize."""

    of_session: str
    """Sealed for the session, when it holds what was just read from SQL; else empty."""
    of_code: str
    """Sealed for the family the code will bear: the claims this client may have."""


def ready(session: sessions.Session, fid: str, names: list[str]) -> Ready:
    """Take the claims kept with the session, or read them once."""
    if not names:
        return Ready("", "")
    kept, bound = session.stored.claims, session.id
    known = opened(kept, bound) if kept else None
    complete = known is not None
    claims = known if known is not None else _standard(session.account_id)
    if not profile.OF_IDENTITY.isdisjoint(names):
        names = [*names, _IDENTITY]
        if _IDENTITY not in claims:
            claims[_IDENTITY], complete = _identity(session.account_id), False
    if not represented.CLAIMS.isdisjoint(names) and not claims.keys() >= represented.CLAIMS:
        claims, complete = claims | _represented(session.stored.core), False
    told = _sealed(select(claims, names), fid)
    return Ready("" if complete else _sealed(claims, bound), told)


def tellable(client: Registration, core: dict[str, Any], names: Iterable[str]) -> tuple[str, ...]:
    """Of ``names`` what the client may be told today: its registration may have changed since,
    and a mandate may be over.
    """
    if core.get("basis", client.legal_basis) != client.legal_basis:
        return ()
    allowed = client.tellable(names)
    if not allowed.isdisjoint(represented.CLAIMS):
        acting = sessions.acting_of(core)
        if acting is None or not acting.holds_for(client.client_id, time.time()):
            allowed -= represented.CLAIMS
    return tuple(name for name in names if name in allowed)


def sealed_request(asked: dict[str, asking.Request], fid: str) -> str:
    """The verified claims asked for, by place, as code and family keep them."""
    return _sealed(asked, fid, _ASKED)


def within(core: dict[str, Any], member: str, scope: str) -> tuple[str, ...]:
    """What was granted in a place of the claims, less what a narrower refreshed scope leaves
    out.
    """
    if core["scope"] == scope:
        return tuple(core[member])
    scopes = scope.split()
    left_out = set(of_scopes(core["scope"].split())) - set(of_scopes(scopes))
    return tuple(name for name in core[member] if name not in left_out)


def in_id_token(client: Registration, core: dict[str, Any], fid: str, scope: str) -> dict[str, Any]:
    """What the code brought along, or the family has kept; else it is asked anew."""
    names = tellable(client, core, within(core, "idt", scope))
    if not names:
        return {}
    known = opened(core["claims"], fid) if core.get("claims") else None
    kept = known if known is not None else _read(core, names)
    told = select(kept or {}, names)
    if profile.OF_IDENTITY.isdisjoint(names):
        return told
    asked = _request(core, fid, "idt")
    about = _About(client, core, asked, _restored(kept or {}))
    return told | about.said(names)


def in_access_token(
    client: Registration, core: dict[str, Any], fid: str, scope: str
) -> dict[str, Any]:
    """For whom the person acts: whoever reads the token alone must not take one for the other."""
    if sessions.acting_of(core) is None:
        return {}
    told = in_id_token(client, core, fid, scope)
    return select(told, represented.CLAIMS)


def by_userinfo(
    client: Registration, family: store.Family, names: tuple[str, ...]
) -> dict[str, Any] | None:
    """Claims kept ready with the family, or asked of SQL and then kept.

    None when the account may not go on.
    """
    core = family.core
    if not core["ui"]:
        return {}
    kept = _kept(family)
    if kept is None:
        return None
    if profile.OF_IDENTITY.isdisjoint(names):
        return select(kept, names)
    about = _About(client, core, _request(core, family.fid, "ui"), _restored(kept))
    if not GUARDED.isdisjoint((*names, *about.asked)) and _fresh(client, family):
        about = about._replace(person=verified.of(core["account"]))
    return select(kept, names) | about.said(names)


def by_introspection(
    client: Registration, family: store.Family, scope: str
) -> dict[str, Any] | None:
    """For whom the person acts, as userinfo says it; None when the account may not go on."""
    if sessions.acting_of(family.core) is None:
        return {}
    granted = tellable(client, family.core, within(family.core, "ui", scope))
    names = [name for name in granted if name in represented.CLAIMS]
    kept = _kept(family) if names else {}
    return select(kept, names) if kept is not None else None


def _kept(family: store.Family) -> dict[str, Any] | None:
    """Ready with the family, or asked of SQL and then kept."""
    known = opened(family.claims, family.fid) if family.claims else None
    if known is not None:
        return known
    names = (*family.core["ui"], *family.core["idt"])
    found = _read(family.core, names)
    if found is None:
        return None
    kept = select(found, (*names, _IDENTITY))
    store.fill_claims(family, _sealed(kept, family.fid))
    return kept


def _fresh(client: Registration, family: store.Family) -> bool:
    """A yes is good for the tokens it was said for: a refresh would be one that is remembered."""
    return client.statutory or family.n == 0


class _About(NamedTuple):
    """A person by their verified identity, toward one client, and what it asked of that."""

    client: Registration
    core: dict[str, Any]
    request: asking.Request | None
    person: Verified | None

    @property
    def asked(self) -> frozenset[str]:
        """What the verified claims asked for come to, by the names they were agreed to."""
        return asking.names(self.request)

    def said(self, names: Iterable[str]) -> dict[str, Any]:
        """Without its number a person has none to tell: kept ones never have it."""
        if self.person is None:
            return {}
        moment = time.time()
        told = select(self.person.claims(moment), names)
        may = tellable(self.client, self.core, self.asked)
        request = asking.allowed(self.request, may) if asking.WHOLE in names else None
        answer = answering.answer(request, self.person, moment) if request else None
        return told | {asking.WHOLE: answer} if answer else told


def _request(core: dict[str, Any], fid: str, member: str) -> asking.Request | None:
    """What was asked for in one place of the claims; None where nothing was, or where its master
    key has been dropped since: the person signs in again, and it is asked anew.
    """
    sealed = core.get("verified")
    asked = opened(sealed, fid, _ASKED) if sealed else None
    return asked.get(member) if asked else None


def _read(core: dict[str, Any], names: Iterable[str]) -> dict[str, Any] | None:
    """What SQL has for ``names``; None where the account may not go on."""
    claims = _standard(core["account"])
    if claims and not profile.OF_IDENTITY.isdisjoint(names):
        claims[_IDENTITY] = _identity(core["account"])
    if claims and not represented.CLAIMS.isdisjoint(names):
        claims |= _represented(core)
    return claims or None


def _represented(core: dict[str, Any]) -> dict[str, Any]:
    acting = sessions.acting_of(core)
    return represented.of(acting) if acting is not None else {}


def _standard(account_id: str) -> dict[str, Any]:
    account = accounts.by_id(account_id)
    return profile.of(account) if account is not None and account.active else {}


def _identity(account_id: str) -> dict[str, Any] | None:
    person = verified.of(account_id)
    return person.kept() if person is not None else None


def _restored(kept: dict[str, Any]) -> Verified | None:
    found = kept.get(_IDENTITY)
    return Verified.restore(found) if found else None


def _sealed(value: dict[str, Any], bound: str, purpose: str = _CLAIMS) -> str:
    return services.sealer.seal(purpose, orjson.dumps(value).decode(), bound)


def opened(sealed: str, bound: str, purpose: str = _CLAIMS) -> dict[str, Any] | None:
    """None where its master key has been dropped since: of claims SQL knows the same."""
    try:
        found: dict[str, Any] = orjson.loads(services.sealer.open(purpose, sealed, bound))
    except UnknownKey:
        return None
    return found
