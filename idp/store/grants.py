"""Authorization codes, as Redis keeps them beside their session, and what redeeming one bears.

A family's id derives from its code's digest, so that a code seen twice leads to the family
it bore.
"""

from datetime import timedelta
from typing import Any, NamedTuple

import orjson

from idp.store import buckets
from idp.store.asking import ask
from idp.store.ephemeral import SPENT_FOR, digest
from idp.store.scripts import Script
from idp.store.tokens import Family, NewToken, epoch_of, family_of, milliseconds

_ISSUE_CODE = Script("""
if redis.call('HGET', KEYS[1], 'v') ~= ARGV[1] then return 'changed' end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], 'seen', ARGV[4])
if ARGV[9] ~= '' then redis.call('HSET', KEYS[1], 'claims', ARGV[9]) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[2], ARGV[6], 'PX', ARGV[7])
redis.call('HSET', KEYS[4], ARGV[10], ARGV[11])
if redis.call('PTTL', KEYS[4]) < tonumber(ARGV[12]) then
  redis.call('PEXPIRE', KEYS[4], ARGV[12])
end
redis.call('XADD', KEYS[3], '*', 'event', ARGV[8])
return 'ok'
""")

_REDEEM = Script("""
local code = redis.call('GET', KEYS[1])
if not code then return 'gone' end
if string.sub(code, 1, 9) == '{"spent":' then return 'spent' end
if redis.call('HEXISTS', KEYS[2], 'rp:' .. ARGV[11]) == 0 then return 'ended' end
if (redis.call('HGET', KEYS[2], 'cut:' .. ARGV[11]) or '') ~= ARGV[17] then return 'ended' end
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


class Code(NamedTuple):
    """A code as read: where it is kept, and its value or the client that has spent it."""

    bucket: str
    key: str
    fid: str
    """The family it bears when it is redeemed."""
    value: dict[str, Any] | None
    spent_by: str = ""
    challenge: str = ""
    """What a public client has to show a verifier for, though the code is spent."""


class Redemption(NamedTuple):
    """Everything that redeeming a code writes."""

    code: Code
    client_id: str
    challenge: str
    core: dict[str, Any]
    offline: bool
    claims: str
    """Sealed; kept only while the session is still at ``version``."""
    version: str
    cut: str
    """The client's last cut when the code was issued; a later one ends the code."""
    now: int
    lifetime: timedelta
    token: NewToken
    event: bytes


def family_id(code: str) -> str:
    """22 letters that follow from the code and lead nowhere back."""
    return digest("family:" + code)[:22]


class SessionState(NamedTuple):
    """A session as it was when the decision was made."""

    bucket: str
    sid: str
    version: str
    claims: str = ""
    """What may be told of the person, sealed, when it has just been read from SQL."""


class NewGrant(NamedTuple):
    client_id: str
    value: bytes
    sub: str
    told_for: timedelta
    """How long the client has to be told when what it was given ends: it may keep a session of
    its own after the person's has run out here."""


class NewCode(NamedTuple):
    secret: str
    value: bytes
    lifetime: timedelta


class Use(NamedTuple):
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
        buckets.parties(session.bucket, session.sid),
    ]
    args = [
        session.version,
        f"rp:{grant.client_id}",
        grant.value,
        use.seen,
        milliseconds(use.idle),
        code.value,
        milliseconds(code.lifetime),
        event,
        session.claims,
        grant.client_id,
        grant.sub,
        milliseconds(grant.told_for),
    ]
    return _ISSUE_CODE(keys, args) == b"ok"


def read_code(code: str) -> tuple[Code | None, Family | None, int | None]:
    """The code, the family it may have borne, and the clients' epoch: one round trip."""
    bucket = buckets.of(code)
    if bucket is None:
        return None, None, None
    fid, key = family_id(code), buckets.code(bucket, digest(code))
    value, family, epoch = ask(
        ("GET", key),
        ("HGETALL", buckets.family(bucket, fid)),
        ("GET", buckets.epoch(bucket)),
    )
    return _code(bucket, key, fid, value), family_of(bucket, fid, family), epoch_of(epoch)


def redeem(new: Redemption) -> str:
    """Spend the code and bear its family: ``ok``, ``gone``, ``spent`` or ``ended``."""
    bucket, sid = new.code.bucket, new.core["sid"]
    keys = [
        new.code.key,
        buckets.session(bucket, sid),
        buckets.family(bucket, new.code.fid),
        buckets.families(bucket, sid),
        buckets.access(bucket, new.token.digest),
        buckets.audit(bucket),
    ]
    lifetime = milliseconds(new.lifetime)
    token, token_ms = new.token.args()
    args = [
        orjson.dumps({"spent": new.client_id, "challenge": new.challenge}),
        milliseconds(SPENT_FOR),
        orjson.dumps(new.core),
        0,
        "1" if new.offline else "0",
        "0",
        new.now,
        new.claims,
        lifetime,
        new.code.fid,
        new.client_id,
        lifetime,
        token,
        token_ms,
        new.event,
        new.version,
        new.cut,
    ]
    return _REDEEM(keys, args).decode()


def read_epoch(bucket: str) -> int | None:
    return epoch_of(ask(("GET", buckets.epoch(bucket)))[0])


def _code(bucket: str, key: str, fid: str, found: bytes | None) -> Code | None:
    if found is None:
        return None
    value = orjson.loads(found)
    if "spent" in value:
        return Code(bucket, key, fid, None, value["spent"], value.get("challenge", ""))
    return Code(bucket, key, fid, value)
