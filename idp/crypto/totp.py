"""One-time passwords by the clock (RFC 6238): SHA-1, six digits, steps of thirty seconds; pure."""

import hmac
import unicodedata
from datetime import timedelta
from urllib.parse import quote, urlencode

import pyotp

STEP = timedelta(seconds=30)
WINDOW = 1
"""Steps before and after the present one whose codes are good: clocks differ (RFC 6238 §5.2)."""
_DIGITS = 6
_SECRET_LETTERS = 32
"""Of base32: the 160 bits that RFC 4226 §4 (R6) recommends."""


def new_secret() -> str:
    """160 random bits, in base32."""
    return pyotp.random_base32(_SECRET_LETTERS)


def step_at(moment: float) -> int:
    """The number of the step that ``moment`` (seconds since 1970) is in."""
    return int(moment // STEP.total_seconds())


def code_at(secret: str, step: int) -> str:
    return pyotp.HOTP(secret, digits=_DIGITS).at(step)


def steps_of(secret: str, code: str, steps: range) -> list[int]:
    """Those of ``steps`` whose code this is; every one is compared, in the same time."""
    expected = [(step, code_at(secret, step)) for step in steps]
    return [step for step, right in expected if hmac.compare_digest(right, code)]


def around(step: int, reach: int = WINDOW) -> range:
    return range(max(0, step - reach), step + reach + 1)


def normalise(typed: str) -> str:
    """The six digits of what was typed, in whatever script and with whatever spaces between them;
    "" when it is not six digits.
    """
    plain = "".join(typed.split())
    digits = [unicodedata.decimal(letter, -1) for letter in plain]
    if len(digits) != _DIGITS or -1 in digits:
        return ""
    return "".join(str(digit) for digit in digits)


def uri(secret: str, issuer: str, label: str) -> str:
    """What an authenticator app reads (Key Uri Format): ``issuer`` and ``label`` name the entry.

    The issuer is not said before the label a second time: in Chinese each letter takes nine
    bytes of the QR code.
    """
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(label, safe='*')}?{query}"


def in_groups(text: str, size: int = 4) -> str:
    """For who types it: groups with a space between them."""
    return " ".join(text[at : at + size] for at in range(0, len(text), size))
