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
    """Two factors of different kinds make 2; one makes 1 (RFC 8176 names the methods)."""
    kinds = {FACTORS[method] for method in amr if method in FACTORS}
    return 2 if len(kinds) > 1 else 1


def least(acrs: Iterable[str]) -> Level | None:
    """The least of the levels asked for: meeting it meets the request (Core §3.1.2.1)."""
    levels = [level for acr in acrs if (level := Level.parse(acr))]
    return min(levels) if levels else None


def most(*levels: Level | None) -> Level | None:
    """The level that covers all of ``levels``; None when there is none."""
    given = [level for level in levels if level is not None]
    if not given:
        return None
    return Level(max(level.ial for level in given), max(level.aal for level in given))
