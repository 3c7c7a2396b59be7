"""What this node states: its entity configuration, and statements about those it vouches for."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from idp.federation import entity_ids, policies, statements
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.entity_ids import EntityId
from idp.federation.errors import Unreachable
from idp.federation.policies import Metadata, Policy
from idp.federation.rules import Rules
from idp.keys import FEDERATION, SigningKeys
from idp.settings import ROOT, Settings, SettingsError
from idp.store import subordinates, trust_marks
from idp.store.subordinates import Subordinate
from idp.trust import anchors, kinds

FETCH, LIST, RESOLVE = "/federation/fetch", "/federation/list", "/federation/resolve"
MARK, MARK_STATUS, MARK_LIST = (
    "/federation/trust-mark",
    "/federation/trust-mark-status",
    "/federation/trust-marked",
)
HISTORICAL_KEYS = "/federation/historical-keys"
_SIGNED_FOR = 60
"""Seconds a configuration is shown again before it is signed anew."""
_POLICY = ROOT / "config" / "federation.json"


class Own:
    def __init__(
        self,
        settings: Settings,
        keys: SigningKeys,
        rules: Rules,
        described: Mapping[str, Callable[[], dict[str, Any] | None]],
    ):
        """``described``: by entity type, what this node says of itself as one; None: it is none. As
        an entity of the federation it says so beside what is said here.
        """
        self.entity_id = EntityId(settings.issuer)
        self._settings, self._keys, self._rules = settings, keys, rules
        self._described = described
        self._policy = _policy(settings)
        self._mark_claims = _mark_claims(settings)
        self._lock = threading.Lock()
        self._shown: tuple[float, str, str] = (0, "", "")

    def configuration(self) -> str:
        """The entity configuration (§9), signed."""
        key, moment = self._keys.signer(FEDERATION), time.time()
        with self._lock:
            since, kid, token = self._shown
            if kid != key.kid or not since <= moment < since + _SIGNED_FOR:
                token = statements.make(self._claims(moment), key, self._rules)
                self._shown = (moment, key.kid, token)
        return token

    def forget(self) -> None:
        """Sign anew at the next question: something it says has changed."""
        self._shown = (0, "", "")

    def statement_about(self, row: Subordinate) -> str:
        """The subordinate statement (§3), signed; ``row`` is active."""
        moment = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.entity_id,
            "sub": row.entity_id,
            "iat": moment,
            "exp": moment + int(self._settings.federation.statement_life.total_seconds()),
            "jwks": row.jwks,
            "source_endpoint": self.entity_id + FETCH,
        }
        policy = policies.merge(self._policy, policies.parse(row.metadata_policy))
        for name, value in (
            ("metadata", row.metadata_),
            ("metadata_policy", policy),
            ("constraints", row.constraints),
        ):
            if value:
                claims[name] = value
        return statements.make(claims, self._keys.signer(FEDERATION), self._rules)

    @property
    def policy(self) -> Policy:
        """What holds for everybody below this node."""
        return self._policy

    def answer(self, url: str) -> str | None:
        """What this node itself would answer at ``url``; None: it is another's to answer.

        Raises Unreachable for whom it does not vouch for.
        """
        if url == entity_ids.configuration_url(self.entity_id):
            return self.configuration()
        if not url.startswith(self.entity_id + FETCH + "?"):
            return None
        sub = parse_qs(url.partition("?")[2]).get("sub", [""])[0]
        row = subordinates.get(sub)
        if row is None or row.status != subordinates.ACTIVE:
            raise Unreachable("not_found", sub, transient=False)
        return self.statement_about(row)

    def _claims(self, moment: float) -> dict[str, Any]:
        federation = self._settings.federation
        claims: dict[str, Any] = {
            "iss": self.entity_id,
            "sub": self.entity_id,
            "iat": int(moment),
            "exp": int(moment + federation.statement_life.total_seconds()),
            "jwks": self._keys.jwks("federation"),
            "metadata": self._metadata(),
            **self._mark_claims,
        }
        if federation.superiors:
            claims["authority_hints"] = list(federation.superiors)
        held = [
            {"trust_mark_type": mark.type, "trust_mark": mark.token}
            for mark in trust_marks.held()
            if mark.expires_at is None or mark.expires_at.timestamp() > moment
        ]
        return claims | ({"trust_marks": held} if held else {})

    def _metadata(self) -> Metadata:
        made = ((name, describe()) for name, describe in self._described.items())
        described = {name: value for name, value in made if value is not None}
        entity = {**self._federation_entity(), **described.get(FEDERATION_ENTITY, {})}
        return {**described, FEDERATION_ENTITY: entity}

    def _federation_entity(self) -> dict[str, Any]:
        node, base = self._settings.node, self.entity_id
        found: dict[str, Any] = {
            "organization_name": node.organiser or node.title,
            "display_name": node.name,
            "federation_historical_keys_endpoint": base + HISTORICAL_KEYS,
            kinds.REGION: node.region,
        }
        if node.contact:
            found["contacts"] = [node.contact]
        if self._settings.federation.vouches:
            found |= {
                "federation_fetch_endpoint": base + FETCH,
                "federation_list_endpoint": base + LIST,
                "federation_resolve_endpoint": base + RESOLVE,
                "federation_trust_mark_endpoint": base + MARK,
                "federation_trust_mark_status_endpoint": base + MARK_STATUS,
                "federation_trust_mark_list_endpoint": base + MARK_LIST,
            }
        return found


def _policy(settings: Settings) -> Policy:
    """Raises SettingsError."""
    path = settings.federation.policy
    if path is None and settings.federation.role == "anchor":
        path = _POLICY
    if path is None:
        return policies.NONE
    try:
        return policies.parse(orjson.loads(path.read_bytes()))
    except Exception as error:
        raise SettingsError(f"federation.policy: {path}: {error}") from None


def _mark_claims(settings: Settings) -> dict[str, Any]:
    """An anchor says who may give which mark; its own kinds are its own to give."""
    federation = settings.federation
    if federation.role != "anchor":
        return {}
    own = {kinds.of(settings.issuer, name): [settings.issuer] for name in kinds.NAMES}
    issuers = {
        type_: [*dict.fromkeys([*own.get(type_, []), *federation.mark_issuers.get(type_, ())])]
        for type_ in {**own, **federation.mark_issuers}
    }
    owners = {
        type_: {"sub": owner.entity_id, "jwks": anchors.read_keys(owner.keys)}
        for type_, owner in federation.mark_owners.items()
    }
    return {"trust_mark_issuers": issuers} | ({"trust_mark_owners": owners} if owners else {})
