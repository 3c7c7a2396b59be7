"""Codes, tokens and refresh families, as Redis keeps them beside their session.

A family is one grant to one client: it is born when a code is redeemed, carries the
refresh counter, and its end is the end of every token that grew from it. Its id derives
from the code's digest, so that a code seen twice leads to the family it bore.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from idp.store import buckets
from idp.store.engines import redis
from idp.store.ephemeral import SPENT_FOR, digest
from idp.store.scripts import Script

_ISSUE_CODE = Script("""
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 'changed' end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], 'seen', ARGV[4])
if ARGV[9] ~= '' then redis.call('HSET', KEYS[1], 'claims', ARGV[9]) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[2], ARGV[6], 'PX', ARGV[7])
redis.call('XADD', KEYS[3], '*', 'event', ARGV[8])
return 'ok'
""")

_REDEEM = Script("""
local code = redis.call('GET', KEYS[1])
if not code then return 'gone' end
if string.sub(code, 1, 9) == '{"spent":' then return 'spent' end
if redis.call('HEXISTS', KEYS[2], 'rp:' .. ARGV[11]) == 0 then return 'ended' end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('HSET', KEYS[3], 'core', ARGV[3], 'n', ARGV[4], 'offline', ARGV[5], 'v', ARGV[6],
  'at', ARGV[7])
if ARGV[8] ~= '' and redis.call('HGET', KEYS[2], 'v') == ARGV[16] then
  redis.call('HSET', KEYS[3], 'claims', ARGV[8])
end
redis.call('PEXPIRE', KEYS[3], ARGV[9])
redis.call('HSET', KEYS[4], ARGV[10], ARGV[11])
if redis.call('PTTL', KEYS[4]) < tonumber(ARGV[12]) then
  redis.call('PEXPIRE', KEYS[4], ARGV[12])
end
if ARGV[13] ~= '' then redis.call('SET', KEYS[5], ARGV[13], 'PX', ARGV[14]) end
redis.call('XADD', KEYS[6], '*', 'event', ARGV[15])
return 'ok'
""")

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
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
redis.call('XADD', KEYS[2], '*', 'event', ARGV[3])
return 1
""")

_DROP_ACCESS = Script("""
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[2], '*', 'event', ARGV[1])
return 1
""")


@dataclass(frozen=True, slots=True)
class Code:
    """A code as read: its value, or the client that has spent it."""

    fid: str
    value: dict[str, Any] | None
    spent_by: str = ""
    challenge: str = ""
    """What a public client has to show a verifier for, though the code is spent."""


@dataclass(frozen=True, slots=True)
class Family:
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


@dataclass(frozen=True, slots=True)
class NewToken:
    """An opaque access token to keep, or none when it is a JWT (``digest`` empty)."""

    digest: str
    value: dict[str, Any]
    lifetime: timedelta

    def args(self) -> list[Any]:
        if not self.digest:
            return ["", 0]
        return [orjson.dumps(self.value), _ms(self.lifetime)]


@dataclass(frozen=True, slots=True)
class Redemption:
    """Everything that redeeming a code writes."""

    bucket: str
    code: str
    client_id: str
    challenge: str
    core: dict[str, Any]
    offline: bool
    claims: str
    """Sealed; kept only while the session is still at ``version``."""
    version: str
    now: int
    lifetime: timedelta
    token: NewToken
    event: bytes


def family_id(code: str) -> str:
    """22 letters that follow from the code and lead nowhere back."""
    return digest("family:" + code)[:22]


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session as it was when the decision was made."""

    bucket: str
    sid: str
    version: str
    claims: str = ""
    """What may be told of the person, sealed, when it has just been read from SQL."""


@dataclass(frozen=True, slots=True)
class NewGrant:
    client_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class NewCode:
    secret: str
    value: bytes
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Use:
    """When a session was used, and how long it may now stay unused."""

    seen: int
    idle: timedelta


def issue_code(
    session: SessionState, grant: NewGrant, code: NewCode, use: Use, event: bytes
) -> bool:
    """Keep a code, note the grant in the session and touch it. False: the session changed."""
    keys = [
        buckets.session(session.bucket, session.sid),
        buckets.code(session.bucket, digest(code.secret)),
        buckets.audit(session.bucket),
    ]
    args = [
        session.version,
        f"rp:{grant.client_id}",
        grant.value,
        use.seen,
        _ms(use.idle),
        code.value,
        _ms(code.lifetime),
        event,
        session.claims,
    ]
    return _ISSUE_CODE(keys, args) == b"ok"


def read_code(code: str) -> tuple[Code | None, Family | None, int | None]:
    """The code, the family it may have borne, and the clients' epoch: one round trip."""
    bucket = buckets.of(code)
    if bucket is None:
        return None, None, None
    fid = family_id(code)
    with redis.pipeline(transaction=False) as pipe:
        pipe.get(buckets.code(bucket, digest(code)))
        pipe.hgetall(buckets.family(bucket, fid))
        pipe.get(buckets.epoch(bucket))
        value, family, epoch = pipe.execute()
    return _code(fid, value), _family(bucket, fid, family), _int(epoch)


def redeem(new: Redemption) -> str:
    """Spend the code and bear its family: ``ok``, ``gone``, ``spent`` or ``ended``."""
    fid = family_id(new.code)
    sid = new.core["sid"]
    keys = [
        buckets.code(new.bucket, digest(new.code)),
        buckets.session(new.bucket, sid),
        buckets.family(new.bucket, fid),
        buckets.families(new.bucket, sid),
        buckets.access(new.bucket, new.token.digest),
        buckets.audit(new.bucket),
    ]
    lifetime = _ms(new.lifetime)
    token, token_ms = new.token.args()
    args = [
        orjson.dumps({"spent": new.client_id, "challenge": new.challenge}),
        _ms(SPENT_FOR),
        orjson.dumps(new.core),
        0,
        "1" if new.offline else "0",
        "0",
        new.now,
        new.claims,
        lifetime,
        fid,
        new.client_id,
        lifetime,
        token,
        token_ms,
        new.event,
        new.version,
    ]
    return _REDEEM(keys, args).decode()


def read_family(bucket: str, fid: str) -> tuple[Family | None, int | None]:
    with redis.pipeline(transaction=False) as pipe:
        pipe.hgetall(buckets.family(bucket, fid))
        pipe.get(buckets.epoch(bucket))
        family, epoch = pipe.execute()
    return _family(bucket, fid, family), _int(epoch)


@dataclass(frozen=True, slots=True)
class Step:
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
    lifetime = _ms(step.lifetime)
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
    with redis.pipeline(transaction=False) as pipe:
        pipe.get(buckets.access(bucket, digest(token)))
        pipe.hgetall(buckets.family(bucket, fid))
        pipe.get(buckets.epoch(bucket))
        value, family, epoch = pipe.execute()
    return orjson.loads(value) if value else None, _family(bucket, fid, family), _int(epoch)


def keep_access(bucket: str, token: NewToken, event: bytes) -> None:
    """Keep a token that belongs to no person (client credentials)."""
    keys = [buckets.access(bucket, token.digest), buckets.audit(bucket)]
    _KEEP_ACCESS(keys, [*token.args(), event])


def drop_access(token: str, bucket: str, event: bytes) -> None:
    _DROP_ACCESS([buckets.access(bucket, digest(token)), buckets.audit(bucket)], [event])


def read_epoch(bucket: str) -> int | None:
    return _int(redis.get(buckets.epoch(bucket)))


def derived_sid(ref: str, client_id: str) -> str:
    """The ``sid`` a client knows a session by: another for every client."""
    return sha256(f"sid:{ref}:{client_id}".encode()).hexdigest()[:32]


def _code(fid: str, found: bytes | None) -> Code | None:
    if found is None:
        return None
    value = orjson.loads(found)
    if "spent" in value:
        return Code(fid, None, value["spent"], value.get("challenge", ""))
    return Code(fid, value)


def _family(bucket: str, fid: str, fields: dict[bytes, bytes]) -> Family | None:
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


def _int(found: bytes | str | None) -> int | None:
    return int(found) if found else None


def _ms(lifetime: timedelta) -> int:
    return max(1, int(lifetime.total_seconds() * 1000))
