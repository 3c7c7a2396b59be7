"""Which proofs give which level: two scales, one ``acr`` string (``"ial2.aal1"``); pure."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering
from pathlib import Path
from typing import Self

TABLE = tomllib.loads((Path(__file__).parent.parent / "config" / "levels.toml").read_text("utf-8"))
FACTORS: dict[str, str] = TABLE["factors"]
METHODS: dict[str, int] = {
    method: int(ial) for ial, row in TABLE["ial"].items() for method in row["reached_by"]
}
"""The identity level each way of verifying reaches."""
BROUGHT_BY_NUMBER = frozenset(TABLE["number"]["brings"])
"""Methods that say nothing of whose a number is now."""
_HARDWARE = frozenset(TABLE["aal"]["3"]["made_of"])
_ACR = re.compile(r"ial([1-4])\.aal([1-3])")


@total_ordering
@dataclass(frozen=True, slots=True)
class Level:
    """Identity and authenticator assurance. ``covers`` compares both; order is for listing."""

    ial: int
    aal: int

    @classmethod
    def parse(cls, acr: str) -> Self | None:
        """``None`` for anything that is not one of our levels: unknown values never raise one."""
        found = _ACR.fullmatch(acr)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def acr(self) -> str:
        return f"ial{self.ial}.aal{self.aal}"

    def covers(self, other: "Level") -> bool:
        return self.ial >= other.ial and self.aal >= other.aal

    def __lt__(self, other: "Level") -> bool:
        return (self.ial, self.aal) < (other.ial, other.aal)


ALL = tuple(Level(int(ial), int(aal)) for ial in TABLE["ial"] for aal in TABLE["aal"])


def aal_of(amr: Iterable[str]) -> int:
    """Two factors of different kinds make 2; one makes 1; an attested key in hardware that has
    verified its user makes 3 (RFC 8176 names the methods).
    """
    shown = {*amr}
    if shown >= _HARDWARE:
        return 3
    kinds = {FACTORS[method] for method in shown if method in FACTORS}
    return 2 if len(kinds) > 1 else 1


def reached(*, hardware: bool) -> tuple[Level, ...]:
    """The levels there is a way to: the hall is open to everybody; whether keys in ``hardware``
    are attested is the node's to say.
    """
    most = aal_of(FACTORS if hardware else FACTORS.keys() - _HARDWARE)
    return tuple(level for level in ALL if level.aal <= most)


def least(acrs: Iterable[str]) -> tuple[Level, ...]:
    """The least of the levels asked for: covering one of them meets the request (Core §3.1.2.1,
    §5.5.1.1). On two scales there may be several, none of which covers another.
    """
    return _least({level for acr in acrs if (level := Level.parse(acr))})


def at_least(minimum: Level | None, levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """The least that cover ``minimum`` as well as one of ``levels``."""
    if minimum is None:
        return levels
    raised = {Level(max(each.ial, minimum.ial), max(each.aal, minimum.aal)) for each in levels}
    return _least(raised or {minimum})


def meets(level: Level, asked: tuple[Level, ...]) -> bool:
    """Whether ``level`` covers one of those asked for; none asked for are met by all."""
    return not asked or any(level.covers(each) for each in asked)


def _least(levels: set[Level]) -> tuple[Level, ...]:
    if len(levels) < 2:  # noqa: PLR2004 - as most requests have it
        return tuple(levels)
    covering = {one for one in levels for other in levels if one != other and one.covers(other)}
    return tuple(sorted(levels - covering))
