"""What a verified identity says of its person, and on what evidence, as long as that counts."""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time
from typing import Any, Self

from idp import minors, settings
from idp.errors import IdpError
from idp.realname import documents
from idp.realname.documents import Document
from idp.store import guardianships, peer_links
from idp.store import identities as store
from idp.store.guardianships import Guardianship
from idp.store.identities import Evidence, Identity

PEER = "peer"
"""How a person was verified whom another node stands for."""


@dataclass(frozen=True, slots=True)
class Check:
    """One verification that matched: who compared what, when, and their number for it."""

    method: str
    verifier: str
    reference: str
    ial: int
    at: int
    until: int | None
    """When it stops counting, in seconds like ``at``; None where it never does."""

    def counts(self, moment: float) -> bool:
        return self.until is None or self.until > moment


@dataclass(frozen=True, slots=True)
class Verified:
    """A person by their document. What runs out is weighed when it is told, not when it is read."""

    name: str
    kind: str
    birthdate: str
    gender: str
    checks: tuple[Check, ...]
    number: str = ""
    guardian: str = ""
    """What the guardian who has agreed is to a child under fourteen."""
    guarded_until: int = 0
    """When the child is fourteen, in seconds."""

    @classmethod
    def restore(cls, kept: dict[str, Any]) -> Self:
        checks = tuple(Check(**check) for check in kept["checks"])
        return cls(**{**kept, "checks": checks})

    def kept(self) -> dict[str, Any]:
        """To be kept ready. Never the number: it is read each time it is told."""
        return asdict(replace(self, number=""))

    def standing(self, moment: float) -> list[Check]:
        """What counts now, the strongest first, and the latest of equals."""
        found = [check for check in self.checks if check.counts(moment)]
        return sorted(found, key=lambda check: (check.ial, check.at), reverse=True)

    def claims(self, moment: float) -> dict[str, str]:
        """By the names they are approved and consented to; nothing once no evidence counts."""
        if not self.standing(moment):
            return {}
        said = {
            "real_name": self.name,
            "guardian": self.guardian if moment < self.guarded_until else "",
            "verified_birthdate": self.birthdate,
            "verified_gender": self.gender,
            "id_type": self.kind if self.number else "",
            "id_number": self.number,
        }
        return {name: value for name, value in said.items() if value}


def of(account_id: str) -> Verified | None:
    """The current identity of an account, with its number."""
    identity = store.of(account_id)
    if identity is None:
        return _by_home(account_id)
    document = _document(identity)
    born = document.born if document else None
    young = born is None or minors.is_child(born)
    consent = guardianships.standing_of(account_id) if young else None
    guardian, until = _guarded(consent) if consent is not None and consent.active else ("", 0)
    return Verified(
        name=identity.real_name,
        kind=identity.kind,
        birthdate=born.isoformat() if born else "",
        gender=document.gender if document else "",
        checks=_of_each_kind([e for e in store.evidence_of(identity) if e.void_since is None]),
        number=identity.number,
        guardian=guardian,
        guarded_until=until,
    )


def _by_home(account_id: str) -> Verified | None:
    """What another node said of its person last; it counts as long as the sessions it began."""
    link = peer_links.of_guest(account_id)
    claims = (link.verified or {}).get("claims") if link else None
    if link is None or not link.verified or not claims:
        return None
    at = int(link.verified["at"])
    lasts = int(settings.current.sessions.absolute.total_seconds())
    authority = str(link.verified["authority"])
    check = Check(PEER, authority, link.id, int(link.verified["ial"]), at, at + lasts)
    said = {name: str(claims.get(name, "")) for name in ("name", "birthdate", "gender")}
    return Verified(said["name"], "", said["birthdate"], said["gender"], (check,))


def _guarded(consent: Guardianship) -> tuple[str, int]:
    day = documents.birthday(consent.born_on, documents.CHILD)
    begins = datetime.combine(day, time.min, documents.BEIJING)
    return consent.relation, int(begins.timestamp())


def _document(identity: Identity) -> Document | None:
    """What the number says; one of a form we know no more says nothing."""
    with suppress(IdpError):
        return documents.read(identity.kind, identity.number)
    return None


def _of_each_kind(evidence: list[Evidence]) -> tuple[Check, ...]:
    """``evidence``, the latest first: what a verifier confirmed again in the same way is told
    once, by the last time, or by one that counts for ever.
    """
    found: dict[tuple[str, str], Check] = {}
    for check in map(_check, reversed(evidence)):
        before = found.get((check.method, check.verifier))
        if before is None or check.until is None or before.until is not None:
            found[check.method, check.verifier] = check
    return tuple(found.values())


def _check(evidence: Evidence) -> Check:
    until = evidence.lasts_until
    return Check(
        method=evidence.method,
        verifier=evidence.verifier,
        reference=evidence.reference,
        ial=evidence.ial,
        at=int(evidence.at.timestamp()),
        until=int(until.timestamp()) if until else None,
    )
