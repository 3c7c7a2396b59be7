"""The national linking service: asked by provinces, and answering them where this node is it.

A province says who somebody is to the service alone; what comes back for a destination only that
one can read. The service remembers nobody: it counts, and puts on record who asked for whom.
"""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson
import structlog

from idp.audit import log as audit
from idp.audit.events import HandlesMade
from idp.crypto import base64url
from idp.crypto.sealing import Sealer
from idp.federation import handles
from idp.federation.errors import FederationError, InvalidAnswer, Unreachable
from idp.federation.handles import Asked, Handle
from idp.keys import CLIENT, SigningKeys
from idp.outbound import Outbound
from idp.settings import Settings
from idp.store import ephemeral, identities, throttles
from idp.store import handles as store
from idp.store.engines import db
from idp.store.throttles import Counter
from idp.store.types import now
from idp.trust import kinds, letters
from idp.trust.service import Trust

PATH = "/federation/handles"
_PURPOSE = "handle:"
_ONCE = "link-jti"
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_REPEATED = timedelta(hours=1)
"""How long after the first letter another is sent: the first way there may have come to nothing."""
_OF_ONE = 20
"""Questions about one document that one province may ask within a day."""
_log = structlog.get_logger("idp.trust")


class TooMany(FederationError):
    """A province asks more than its people can need: somebody may be trying numbers."""


class Linking:
    def __init__(
        self,
        settings: Settings,
        outbound: Outbound,
        keys: SigningKeys,
        trust: Trust,
        sealer: Sealer,
    ):
        self._own, self._settings = settings.issuer, settings.federation
        self._outbound, self._keys, self._trust, self._sealer = outbound, keys, trust, sealer

    @property
    def on(self) -> bool:
        """Whether there is a service to ask."""
        return bool(self._settings.linking)

    # The service's side

    def answer(self, letter: str, limit: Callable[[], None]) -> dict[str, str]:
        """By destination, a letter only that one can open. ``limit`` is asked before somebody is
        looked for of whom nothing is known. Raises FederationError, or what ``limit`` does.
        """
        moment = time.time()
        signed = letters.opened(letter, self._keys.private)
        if not self._trust.knows(letters.issuer(signed)):
            limit()
        sender = self._trust.chain(letters.issuer(signed))
        self._trust.require(sender, kinds.GATEWAY)
        claims = letters.verified(signed, handles.REQUEST, sender)
        asked = handles.read_request(claims, self._own, moment, self._trust.rules)
        if not ephemeral.first_time(_ONCE, f"{asked.source} {claims['jti']}", _DAY):
            raise InvalidAnswer("jti")
        self._count(asked)
        made = {each: self._made(asked, each, int(moment)) for each in asked.destinations}
        audit.record(HandlesMade(client_id=asked.source, destinations=tuple(made)))
        db.session.commit()
        return made

    def _made(self, asked: Asked, destination: str, moment: int) -> str:
        receiver = self._trust.chain(destination)
        if destination != asked.source:
            self._trust.require(receiver, kinds.GATEWAY)
        document = handles.canonical(asked.kind, asked.number)
        ring, purpose = self._sealer.ring, _PURPOSE + destination
        listed = [
            {"h": base64url.encode(self._sealer.mac(purpose, document, kid)), "v": kid}
            for kid in sorted(ring.kids, key=lambda kid: kid != ring.current)
        ]
        claims = self._claims(destination, moment) | {"src": asked.source, "handles": listed}
        return letters.seal(claims, handles.HANDLE, self._keys.signer(CLIENT), receiver)

    def _count(self, asked: Asked) -> None:
        """Raises TooMany."""
        document = self._sealer.mac("handle-count", handles.canonical(asked.kind, asked.number))
        counters = [
            Counter.of("link", f"by:{asked.source}", self._settings.linking_minute, _MINUTE),
            Counter.of("link", f"of:{asked.source}:{document.hex()[:32]}", _OF_ONE, _DAY),
        ]
        if throttles.take(counters).refused_by is not None:
            _log.warning("too many handles asked", entity=asked.source)
            raise TooMany("handles", asked.source)

    # A province's side

    def learn(self, account_id: str) -> str:
        """Have the handle made that this node knows the account's person by, and keep it.

        Raises FederationError where the service cannot be asked now.
        """
        identity = identities.of(account_id)
        if identity is None or not self.on:
            return "nobody to ask about"
        known = store.of(account_id)
        if known is not None and known.identity_id == identity.id:
            return "known"
        kind, number, identity_id = identity.kind, identity.number, identity.id
        db.session.rollback()  # the service may take its time; the connection is others' meanwhile
        letter = self._ask(kind, number, self._own)
        found = self.read(letter, self._own)[0]
        store.keep(account_id, found.value, found.version, identity_id)
        db.session.commit()
        return "learnt"

    def letter_for(self, account_id: str, destination: str) -> str:
        """What tells ``destination`` whether it knows the person; "" where they need not be told
        again, or cannot be now.
        """
        identity = identities.of(account_id)
        settled = now() - _REPEATED
        if not self.on or identity is None or store.was_told(account_id, destination, settled):
            return ""
        try:
            letter = self._ask(identity.kind, identity.number, destination)
        except FederationError as error:
            _log.warning("no handle", destination=destination, reason=str(error))
            return ""
        store.note_told(account_id, destination)
        db.session.commit()
        return letter

    def read(self, letter: str, source: str) -> list[Handle]:
        """What the service wrote to us of a person that ``source`` stands for. Once.

        Raises FederationError.
        """
        signed = letters.opened(letter, self._keys.private)
        service = self._trust.chain(self._settings.linking)
        claims = letters.verified(signed, handles.HANDLE, service)
        found = handles.read_handle(claims, self._own, source, time.time(), self._trust.rules)
        lasting = timedelta(seconds=handles.LIFETIME + 2 * self._trust.rules.leeway)
        if not ephemeral.first_time(_ONCE, str(claims["jti"]), lasting):
            raise InvalidAnswer("jti")
        return found

    def account_of(self, found: list[Handle]) -> str:
        """The account whose person it is; "" where this node knows nobody by it."""
        kept = (store.account_of(each.value, each.version) for each in found)
        return next((each.account_id for each in kept if each is not None), "")

    def _ask(self, kind: str, number: str, destination: str) -> str:
        """Raises FederationError."""
        service = self._trust.chain(self._settings.linking)
        claims = self._claims(service.subject, int(time.time())) | {
            "person": {"kind": kind, "number": number},
            "destinations": [destination],
        }
        key = self._keys.signer(CLIENT)
        letter = letters.seal(claims, handles.REQUEST, key, service)
        url = service.subject + PATH
        with self._trust.waiting.asking(service.subject) as said:
            answer = said(self._outbound.foreign_post(url, {"letter": letter}))
        if answer.status != HTTPStatus.OK:
            raise Unreachable(f"HTTP {answer.status}", service.subject)
        return _letter(answer.body, destination)

    def _claims(self, audience: str, moment: int) -> dict[str, Any]:
        return {
            "iss": self._own,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": moment,
            "exp": moment + handles.LIFETIME,
        }


def _letter(body: bytes, destination: str) -> str:
    try:
        said = orjson.loads(body)
    except ValueError:
        raise InvalidAnswer("letters") from None
    made = said.get("letters") if isinstance(said, dict) else None
    found = made.get(destination) if isinstance(made, dict) else None
    if not isinstance(found, str):
        raise InvalidAnswer("letters")
    return found
