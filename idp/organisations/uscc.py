"""The unified social credit code (GB 32100-2015): its form, its checks, whom it names; pure.

A check that fails is a warning, for real codes break it; the register decides.
"""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from stdnum.cn import uscc

from idp.organisations.errors import CreditCodeMalformed

TABLE = tomllib.loads(
    (Path(__file__).parent.parent.parent / "config" / "organisations.toml").read_text("utf-8")
)
KINDS: dict[str, dict[str, str]] = TABLE["kinds"]
FUNCTIONS: dict[str, dict[str, str]] = TABLE["functions"]
MANDATES: dict[str, dict[str, str]] = TABLE["mandates"]
OTHER = "other"
_SIGNS = "0-9A-HJ-NPQRTUWXY"
_FORM = re.compile(rf"[{_SIGNS}]{{2}}[0-9]{{6}}[{_SIGNS}]{{10}}")
_SPACES = re.compile(r"[\s\u200b-]+")
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BASE = 11


@dataclass(frozen=True, slots=True)
class CreditCode:
    code: str

    @property
    def kind(self) -> str:
        """One of ``KINDS``, as the registering body and the category say."""
        return str(TABLE["registered"].get(self.code[:2], OTHER))

    @property
    def checks(self) -> bool:
        """Whether both check characters fit: its own, and the organisation code's within it."""
        return (
            uscc.calc_check_digit(self.code[:17]) == self.code[17]
            and _organisation_check(self.code[8:16]) == self.code[16]
        )


def read(written: str) -> CreditCode:
    """The code as certificates write it. Raises CreditCodeMalformed."""
    code = _SPACES.sub("", unicodedata.normalize("NFKC", written)).upper()
    if not _FORM.fullmatch(code):
        raise CreditCodeMalformed
    return CreditCode(code)


def _organisation_check(body: str) -> str:
    """GB 11714-1997: letters count as 10 to 35."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    return "0123456789X0"[_BASE - total % _BASE]
