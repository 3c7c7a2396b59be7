"""Trust marks this node gives: put on record, signed when they are asked for, and taken back."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from idp.audit import log as audit
from idp.audit.events import TrustMarkChanged
from idp.errors import N_, IdpError
from idp.federation import answers, jwks, signed, trust_marks
from idp.federation.entity_ids import EntityId
from idp.federation.errors import FederationError, InvalidTrustMark
from idp.federation.rules import Rules
from idp.federation.signed import Typ
from idp.federation.trust_marks import Status
from idp.keys import FEDERATION, SigningKeys
from idp.settings import Settings, SettingsError
from idp.staff import Act
from idp.store import trust_marks as store
from idp.store.engines import db
from idp.store.trust_marks import GivenMark
from idp.store.types import now
from idp.trust import kinds


class MarkUnknown(IdpError):
    """No entity bears such a mark of this node's now."""

    code = "HT-8221"
    message = N_("没有这样的信任标识。")
    next_step = N_("请核对实体标识和信任标识类型。")
    status = 404
    oauth_error = "not_found"


def _text(file: Path) -> str:
    """Raises SettingsError."""
    try:
        return file.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"federation.delegations: {file}: {error}") from None


class Given:
    def __init__(self, settings: Settings, keys: SigningKeys, rules: Rules):
        self._issuer = EntityId(settings.issuer)
        self._settings, self._keys, self._rules = settings.federation, keys, rules
        self._delegations = {
            type_: _text(file) for type_, file in settings.federation.delegations.items()
        }

    def type_of(self, name: str) -> str:
        """The type behind a name such as ``ial/3``; whole types go as they are.

        An intermediate gives marks of its anchor's kinds.
        """
        if "://" in name or name not in kinds.NAMES:
            return name
        own = self._settings.role == "anchor" or not self._settings.anchors
        return kinds.of(self._issuer if own else self._settings.anchors[0].entity_id, name)

    def give(
        self, name: str, subject: str, act: Act, until: datetime | None, claims: dict[str, Any]
    ) -> GivenMark:
        """Put a mark on record, and commit."""
        made = GivenMark(
            type=self.type_of(name),
            subject=subject,
            claims=claims,
            officer=act.officer,
            until=until,
        )
        store.give(made)
        self._record(made, store.ACTIVE, act)
        db.session.commit()
        return made

    def revoke(self, name: str, subject: str, act: Act) -> None:
        """Take back what counts of this kind, and commit. Raises MarkUnknown."""
        found = store.of(self.type_of(name), subject)
        if not found:
            raise MarkUnknown
        for mark in found:
            store.revoke(mark)
            self._record(mark, store.REVOKED, act)
        db.session.commit()

    def token(self, type_: str, subject: str) -> str:
        """The mark, signed for ``mark_life`` or to its own end. Raises MarkUnknown."""
        found = store.of(type_, subject)
        if not found:
            raise MarkUnknown
        mark, moment = found[-1], int(time.time())
        ends = moment + int(self._settings.mark_life.total_seconds())
        if mark.until is not None:
            ends = min(ends, int(mark.until.timestamp()))
        claims: dict[str, Any] = {
            **mark.claims,
            "iss": self._issuer,
            "sub": subject,
            "trust_mark_type": type_,
            "iat": moment,
            "exp": ends,
            "jti": mark.id,
        }
        if type_ in self._delegations:
            claims["delegation"] = self._delegations[type_]
        return trust_marks.make(claims, self._keys.signer(FEDERATION), rules=self._rules)

    def status(self, token: str) -> Status:
        """What this node says of a mark it gave. Raises InvalidTrustMark for what it never gave."""
        mark = trust_marks.parse(token, rules=self._rules)
        if mark.iss != self._issuer:
            raise InvalidTrustMark("iss", mark.iss)
        try:
            keys = jwks.parse(self._keys.jwks("federation"))
            signed.verify(mark.signed, keys.find(mark.signed.kid, mark.signed.alg))
        except FederationError:
            return Status.INVALID
        row = store.get(str(mark.claims.get("jti", "")))
        if row is None or (row.type, row.subject) != (mark.type, mark.sub):
            return Status.INVALID
        if row.status == store.REVOKED:
            return Status.REVOKED
        over = mark.lifetime.ends <= time.time() or not row.good(now())
        return Status.EXPIRED if over else Status.ACTIVE

    def status_response(self, token: str) -> str:
        """The answer of the status endpoint (§8.4.2), signed. Raises InvalidTrustMark."""
        claims = {
            "iss": self._issuer,
            "iat": int(time.time()),
            "trust_mark": token,
            "status": str(self.status(token)),
        }
        answer = signed.sign(claims, Typ.TRUST_MARK_STATUS, self._keys.signer(FEDERATION))
        answers.parse_status(answer, token, self._rules)
        return answer

    def _record(self, mark: GivenMark, status: str, act: Act) -> None:
        audit.record(
            TrustMarkChanged(
                entity=mark.subject,
                mark=mark.type,
                status=status,
                officer=act.officer,
                reason=act.reason,
            )
        )
