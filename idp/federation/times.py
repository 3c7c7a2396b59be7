"""When something signed holds: ``iat``, ``nbf`` and ``exp`` as numbers (RFC 7519 §4.1)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.federation.errors import FederationError
from idp.federation.rules import Rules


@dataclass(frozen=True, slots=True)
class Lifetime:
    begins: float
    ends: float
    """Infinite for what does not expire."""

    def check(self, now: float, rules: Rules, failure: type[FederationError]) -> None:
        if self.begins > now + rules.leeway:
            raise failure("not-yet")
        if self.ends <= now - rules.leeway:
            raise failure("expired")


def parse(
    claims: Mapping[str, Any], failure: type[FederationError], *, expires: bool = True
) -> Lifetime:
    """``iat`` is always there, ``exp`` unless it may be left out."""
    begins, ends = _number(claims, "iat", failure), math.inf
    if expires or "exp" in claims:
        ends = _number(claims, "exp", failure)
    if "nbf" in claims:
        begins = max(begins, _number(claims, "nbf", failure))
    if ends <= begins:
        raise failure("lifetime")
    return Lifetime(begins, ends)


def _number(claims: Mapping[str, Any], name: str, failure: type[FederationError]) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise failure(name)
    if not 0 <= value < 1 << 53:
        raise failure(name)
    return float(value)
