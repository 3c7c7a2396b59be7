"""This node as a relying party of others: where to send a person, and what came back."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.assurance import Level
from idp.broker import answering, asking
from idp.broker.answering import Assertion, Wrong, least
from idp.broker.asking import Question
from idp.broker.errors import AnswerRefused, PeerAway, PeerDeclined, PeerRefused, TooFar
from idp.federation import answers, metadata
from idp.federation.chains import TrustChain
from idp.federation.errors import FederationError, Unreachable
from idp.keys import CLIENT, SigningKeys
from idp.outbound import Answer, Outbound
from idp.settings import Settings
from idp.trust import documents, kinds
from idp.trust.errors import Unmarked
from idp.trust.service import Trust

PROVIDER = "openid_provider"
CALLBACK = "/login/region/callback"
"""Where another node sends a person back to this one."""
_JWKS = "application/jwk-set+jwt"
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "pushed_authorization_request_endpoint",
)
_log = structlog.get_logger("idp.broker")


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the browser goes, and what has to come back from there."""

    url: str
    question: Question
    at: float


@dataclass(frozen=True, slots=True)
class Believed:
    """A person as another node stands for them, weighed."""

    said: Assertion
    level: Level
    ceiling: Level
    """What everybody on the way could be believed at most."""


class Broker:
    def __init__(self, settings: Settings, outbound: Outbound, keys: SigningKeys, trust: Trust):
        self._settings, self._outbound, self._keys, self._trust = settings, outbound, keys, trust
        self.client_id = settings.issuer

    def name(self, entity: str) -> str:
        """What people call a node; its address where it cannot be asked."""
        try:
            return _name(self._trust.chain(entity))
        except FederationError:
            return entity

    def begin(self, question: Question) -> Sent:
        """Push the question (RFC 9126). Raises TooFar, PeerRefused, PeerAway."""
        path = (*question.path, self.client_id)
        if question.entity in path or len(path) > self._settings.federation.max_hops:
            raise TooFar
        question = replace(question, path=path)
        chain = self._may_assert(question.entity)
        provider = chain.metadata[PROVIDER]
        asked = asking.parameters(question, self.client_id, self.client_id + CALLBACK)
        key = self._keys.signer(CLIENT)
        form = {
            **asking.authentication(self.client_id, question.entity, key),
            "request": asking.request_object(asked, question.entity, key, self._own_chain()),
        }
        at = time.time()
        endpoint = provider["pushed_authorization_request_endpoint"]
        answer = self._post(chain, endpoint, form, HTTPStatus.CREATED)
        uri = answer.get("request_uri")
        if not isinstance(uri, str):
            raise AnswerRefused("request_uri", name=_name(chain))
        query = urlencode({"client_id": self.client_id, "request_uri": uri})
        return Sent(f"{provider['authorization_endpoint']}?{query}", question, at)

    def finish(self, question: Question, asked_at: float, callback: Mapping[str, str]) -> Believed:
        """Who came back. Raises PeerDeclined, AnswerRefused, PeerRefused, PeerAway."""
        chain = self._may_assert(question.entity)
        name = _name(chain)
        if callback.get("iss") != question.entity:  # RFC 9207 §2.4
            raise AnswerRefused("iss", name=name)
        if "error" in callback or not callback.get("code"):
            _log.info("declined by a peer", entity=question.entity, error=callback.get("error"))
            raise PeerDeclined(name=name)
        form = {
            **asking.authentication(self.client_id, question.entity, self._keys.signer(CLIENT)),
            "grant_type": "authorization_code",
            "code": callback["code"],
            "redirect_uri": self.client_id + CALLBACK,
            "code_verifier": question.verifier,
        }
        endpoint = chain.metadata[PROVIDER]["token_endpoint"]
        answer = self._post(chain, endpoint, form, HTTPStatus.OK)
        try:
            said = self._assertion(chain, str(answer.get("id_token", "")), question, asked_at)
        except (Wrong, FederationError) as error:
            _log.warning("answer of a peer refused", entity=question.entity, reason=str(error))
            raise AnswerRefused(str(error), name=name) from None
        return self._weighed(said)

    def ceiling(self, issuer: str, authority: str) -> Level:
        """What a node may say of whom another one has seen. Raises PeerRefused, PeerAway."""
        ceiling = self._trust.ceiling(self._may_assert(issuer))
        if authority != issuer:
            ceiling = least(ceiling, self._trust.ceiling(self._trusted(authority)))
        return ceiling

    def _weighed(self, said: Assertion) -> Believed:
        """The least of what was said and of what everybody on the way may say (DESIGN §2)."""
        ceiling = self.ceiling(said.issuer, said.authority)
        return Believed(said, least(said.level, ceiling), ceiling)

    def _assertion(
        self, chain: TrustChain, token: str, question: Question, asked_at: float
    ) -> Assertion:
        signed = answering.opened(token, self._keys.private)
        try:
            claims = answering.verified(signed, self._keys_of(chain))
        except KeyError:
            fresh = self._trust.chain(chain.subject, fresh=True)
            try:
                claims = answering.verified(signed, self._keys_of(fresh))
            except KeyError:
                raise Wrong("an unknown key") from None
        return answering.read(claims, question, self.client_id, asked_at)

    def _keys_of(self, chain: TrustChain) -> KeySet:
        """What it signs with: keys its chain vouches for, or that its own key does."""
        provider = chain.metadata[PROVIDER]
        if "signed_jwks_uri" in provider and "jwks" not in provider:
            token = documents.fetch(self._outbound, str(provider["signed_jwks_uri"]), _JWKS)
            read = answers.parse_signed_jwks(token, chain.subject, self._trust.rules)
            answers.verify(read, chain.keys)
            return _key_set({"keys": read.claims["keys"]})
        return _key_set(provider.get("jwks"))

    def _may_assert(self, entity: str) -> TrustChain:
        """Its chain, where it may sign people in for us: as a gateway, as who vouches for us, or
        as one we vouch for. Raises PeerRefused, PeerAway.
        """
        chain = self._trusted(entity)
        try:
            if entity not in self._settings.federation.superiors and not self._is_below(chain):
                self._trust.require(chain, kinds.GATEWAY)
        except Unmarked as error:
            _log.warning("no gateway", entity=entity)
            raise PeerRefused(name=_name(chain)) from error
        provider = chain.metadata.get(PROVIDER, {})
        try:
            for each in _ENDPOINTS:
                metadata.endpoint(provider.get(each), self._trust.rules)
        except FederationError as error:
            _log.warning("no endpoint", entity=entity, reason=str(error))
            raise PeerRefused(name=_name(chain)) from error
        return chain

    def _trusted(self, entity: str) -> TrustChain:
        try:
            return self._trust.chain(entity)
        except Unreachable as error:
            raise (PeerAway if error.transient else PeerRefused)(name=entity) from error
        except FederationError as error:
            raise PeerRefused(name=entity) from error

    def _is_below(self, chain: TrustChain) -> bool:
        return any(one.iss == self.client_id for one in chain.statements[1:-1])

    def _own_chain(self) -> list[str]:
        """As others are to see us: what we say of ourselves now, what superiors said lately."""
        own = self._trusted(self.client_id)
        return [self._trust.configuration(), *(one.token for one in own.statements[1:])]

    def _post(
        self, chain: TrustChain, url: str, form: Mapping[str, str], wanted: HTTPStatus
    ) -> dict[str, Any]:
        name = _name(chain)
        try:
            with self._trust.waiting.asking(chain.subject) as said:
                answer = said(self._outbound.foreign_post(url, form))
        except Unreachable as error:
            _log.warning("peer away", entity=chain.subject, reason=str(error))
            raise PeerAway(name=name) from None
        found = _members(answer)
        if answer.status != wanted:
            why = str(found.get("error", ""))[:64]
            _log.warning("peer refused", entity=chain.subject, status=answer.status, error=why)
            away = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            raise (PeerAway if away else PeerRefused)(name=name)
        return found


def _members(answer: Answer) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _key_set(jwks: object) -> KeySet:
    try:
        return KeySet.import_key_set(jwks)  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise Wrong("its keys are not readable") from None


def _name(chain: TrustChain) -> str:
    entity = chain.metadata.get("federation_entity", {})
    provider = chain.metadata.get(PROVIDER, {})
    found = entity.get("display_name") or provider.get("organization_name")
    return found if isinstance(found, str) and found else chain.subject
