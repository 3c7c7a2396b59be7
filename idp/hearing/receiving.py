"""An event of another node: from whom it truly is, and taken once (RFC 8935, RFC 8936)."""

import time
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.federation.chains import TrustChain
from idp.federation.constraints import FEDERATION_ENTITY
from idp.federation.errors import FederationError, Unreachable
from idp.hearing import effects
from idp.services import services
from idp.signals import sets
from idp.signals.sets import Heard, InvalidSet
from idp.store import ephemeral, sources
from idp.store.engines import db
from idp.store.sources import Source
from idp.store.types import now
from idp.trust import kinds

PATH = "/ssf/events"
_KNOWN_FOR = timedelta(seconds=sets.OLDEST + sets.EARLY)


class NotNow(Exception):
    """Whoever sent it cannot be looked up at the moment: it should send it again."""


def pushed(token: str, authorization: str) -> None:
    """Act on an event that came by push, and commit. Raises InvalidSet, NotNow."""
    source = _source(token)
    given = sha256(authorization.encode()).hexdigest()
    if not source.secret_hash or not compare_digest(given, source.secret_hash):
        raise InvalidSet("authentication_failed", "the authorization is not what we gave")
    take(token, source)


def take(token: str, source: Source) -> None:
    """The same of one that we fetched from ``source``. Raises InvalidSet, NotNow."""
    heard = believed(token, source.transmitter)
    seen = f"{heard.issuer} {heard.jti}"
    # Marked only once it has been acted upon: until then it may come again, and does no harm.
    if ephemeral.peek("ssf-jti", seen) is None:
        try:
            effects.act(heard)
        except effects.TooMany as error:
            raise NotNow("too many") from error
        db.session.commit()
        ephemeral.put("ssf-jti", seen, {"at": heard.at}, _KNOWN_FOR)
    source.heard_at = now()
    db.session.commit()


def believed(token: str, issuer: str) -> Heard:
    """What it says, signed by a key that the issuer's superiors vouch for. Raises InvalidSet,
    NotNow.
    """
    try:
        try:
            claims = sets.verified(token, _keys(services.trust.chain(issuer)))
        except KeyError:
            claims = sets.verified(token, _keys(services.trust.chain(issuer, fresh=True)))
    except KeyError:
        raise InvalidSet("invalid_key", "the key is not known") from None
    except Unreachable as error:
        if error.transient:
            raise NotNow(str(error)) from error
        raise InvalidSet("invalid_issuer", "not trusted here") from error
    except FederationError as error:
        raise InvalidSet("invalid_issuer", "not trusted here") from error
    return sets.read(claims, issuer, services.settings.issuer, time.time())


def transmitter(chain: TrustChain) -> Mapping[str, Any]:
    """What an entity says of its events: where they are, what signs them; {} where it has none."""
    found = chain.metadata.get(FEDERATION_ENTITY, {}).get(kinds.TRANSMITTER)
    return found if isinstance(found, Mapping) else {}


def _source(token: str) -> Source:
    source = sources.get(sets.issuer_of(token))
    if source is None:
        raise InvalidSet("invalid_issuer", "nobody listens to it here")
    return source


def _keys(chain: TrustChain) -> KeySet:
    jwks: Any = transmitter(chain).get("jwks")
    try:
        return KeySet.import_key_set(jwks)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise InvalidSet("invalid_key", "its keys are not readable") from None
