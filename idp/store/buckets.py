"""The 256 buckets of Redis: what belongs to one session lives in one cluster slot.

The two hexadecimal digits of a bucket are the hash tag of every key in it and the first
two letters of every cookie, code and token, so that each leads to its keys without a
look-up. A bucket is drawn at random for every session: it tells nothing about the person.
"""

import secrets

ALL = tuple(f"{number:02x}" for number in range(256))


def draw() -> str:
    return secrets.token_hex(1)


def of(secret: str) -> str | None:
    """The bucket a cookie, code or token names; None when it names none."""
    bucket = secret[:2]
    return bucket if bucket in _KNOWN else None


_KNOWN = frozenset(ALL)


def epoch(bucket: str) -> str:
    return f"{{{bucket}}}epoch"


def audit(bucket: str) -> str:
    return f"{{{bucket}}}audit"


def session(bucket: str, sid: str) -> str:
    return f"{{{bucket}}}s:{sid}"


def parties(bucket: str, sid: str) -> str:
    """The relying parties that were given a code in a session, for longer than it lives."""
    return f"{{{bucket}}}p:{sid}"


def families(bucket: str, sid: str) -> str:
    """The refresh families that grew from a session."""
    return f"{{{bucket}}}fs:{sid}"


def family(bucket: str, fid: str) -> str:
    return f"{{{bucket}}}f:{fid}"


def code(bucket: str, digest: str) -> str:
    return f"{{{bucket}}}c:{digest}"


def access(bucket: str, digest: str) -> str:
    return f"{{{bucket}}}a:{digest}"
