"""Access tokens and the families they belong to, as Redis keeps them beside their session.

A family is one grant to one client: it is born when a code is redeemed, carries the refresh
counter, and its end is the end of every token that grew from it.
"""

from datetime import timedelta
from typing import Any, NamedTuple

import orjson

from idp.store import buckets
from idp.store.asking import ask
from idp.store.ephemeral import digest
from idp.store.scripts import Script

_REFRESH = Script("""
local n = redis.call('HGET', KEYS[1], 'n')
if not n then return 'gone' end
if n ~= ARGV[1] then return 'moved' end
if redis.call('HGET', KEYS[1], 'offline') ~= '1' and redis.call('EXISTS', KEYS[2]) == 0 then
  return 'ended'
end
redis.call('HSET', KEYS[1], 'n', ARGV[2], 'at', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[3], ARGV[4]) end
if ARGV[5] ~= '' then redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[6]) end
redis.call('XADD', KEYS[5], '*', 'event', ARGV[7])
return 'ok'
""")

_END_FAMILY = Script("""
local existed = redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if existed == 1 then redis.call('XADD', KEYS[3], '*', 'event', ARGV[2]) end
return existed
""")

_FILL_CLAIMS = Script("""
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'claims', ARGV[2])
return 1
""")

_KEEP_ACCESS = Script("""
if redis.call('GET', KEYS[3]) ~= ARGV[4] then return 0 end
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
redis.call('XADD', KEYS[2], '*', 'event', ARGV[3])
return 1
""")

_DROP_ACCESS = Script("""
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[2], '*', 'event', ARGV[1])
return 1
""")


class Family(NamedTuple):
    bucket: str
    fid: str
    core: dict[str, Any]
    n: int
    offline: bool
    version: str
    at: int
    """When the counter last moved, in seconds of the epoch."""
    claims: str | None

    @property
    def key(self) -> str:
        return buckets.family(self.bucket, self.fid)

    @property
    def sid(self) -> str:
        return self.core["sid"]


class NewToken(NamedTuple):
    """An opaque access token to keep, or none when it is a JWT (``digest`` empty)."""

    digest: str
    value: dict[str, Any]
    lifetime: timedelta

    def args(self) -> list[Any]:
        if not self.digest:
            return ["", 0]
        return [orjson.dumps(self.value), milliseconds(self.lifetime)]


def read_family(bucket: str, fid: str) -> tuple[Family | None, int | None]:
    family, epoch = ask(("HGETALL", buckets.family(bucket, fid)), ("GET", buckets.epoch(bucket)))
    return family_of(bucket, fid, family), epoch_of(epoch)


class Step(NamedTuple):
    """One refresh: where the counter goes, and what is kept."""

    n: int
    at: int
    lifetime: timedelta
    token: NewToken
    event: bytes


def refresh(family: Family, step: Step) -> str:
    """Move the counter from where it was read: ``ok``, ``gone``, ``moved`` or ``ended``."""
    keys = [
        family.key,
        buckets.session(family.bucket, family.sid),
        buckets.families(family.bucket, family.sid),
        buckets.access(family.bucket, step.token.digest),
        buckets.audit(family.bucket),
    ]
    value, token_ms = step.token.args()
    lifetime = milliseconds(step.lifetime)
    return _REFRESH(
        keys, [family.n, step.n, step.at, lifetime, value, token_ms, step.event]
    ).decode()


def end_family(family: Family, event: bytes) -> bool:
    """End a family, once; every token of it is dead from here on."""
    keys = [
        family.key,
        buckets.families(family.bucket, family.sid),
        buckets.audit(family.bucket),
    ]
    return bool(_END_FAMILY(keys, [family.fid, event]))


def fill_claims(family: Family, claims: str) -> None:
    """Keep claims ready, unless the person's data have changed since they were read."""
    _FILL_CLAIMS([family.key], [family.version, claims])


def read_access(
    token: str, place: tuple[str, str]
) -> tuple[dict[str, Any] | None, Family | None, int | None]:
    """An access token, the family at its place, and the clients' epoch: one round trip."""
    bucket, fid = place
    value, family, epoch = ask(
        ("GET", buckets.access(bucket, digest(token))),
        ("HGETALL", buckets.family(bucket, fid)),
        ("GET", buckets.epoch(bucket)),
    )
    return orjson.loads(value) if value else None, family_of(bucket, fid, family), epoch_of(epoch)


class Outdated(Exception):
    """A registration has changed since the epoch that was decided on."""


def keep_access(bucket: str, token: NewToken, event: bytes, epoch: int | None) -> None:
    """Keep a token that belongs to no person (client credentials), decided on at ``epoch``."""
    keys = [buckets.access(bucket, token.digest), buckets.audit(bucket), buckets.epoch(bucket)]
    if not _KEEP_ACCESS(keys, [*token.args(), event, epoch or 0]):
        raise Outdated


def drop_access(token: str, bucket: str, event: bytes) -> None:
    _DROP_ACCESS([buckets.access(bucket, digest(token)), buckets.audit(bucket)], [event])


def family_of(bucket: str, fid: str, fields: dict[bytes, bytes]) -> Family | None:
    if not fields or b"core" not in fields:
        return None
    claims = fields.get(b"claims")
    return Family(
        bucket=bucket,
        fid=fid,
        core=orjson.loads(fields[b"core"]),
        n=int(fields[b"n"]),
        offline=fields[b"offline"] == b"1",
        version=fields[b"v"].decode(),
        at=int(fields[b"at"]),
        claims=claims.decode() if claims else None,
    )


def epoch_of(found: bytes | str | None) -> int | None:
    return int(found) if found else None


def milliseconds(lifetime: timedelta) -> int:
    return max(1, int(lifetime.total_seconds() * 1000))
