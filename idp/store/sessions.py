"""Single sign-on sessions, as Redis keeps them: one hash each, in its bucket.

``core`` is who and how, fixed at sign-in; ``secret`` the hash of the cookie's secret;
``v`` changes whenever somebody else changed the session (a cut), so that nobody writes
back what has just been withdrawn; ``rp:<client_id>`` is what a client was granted;
``claims`` is what may be told of the person, sealed, so that the warm path asks no SQL;
``cut:<client_id>`` names the last cut of a client, so that no code outlives it. Whom to tell
when a session ends stands in a hash of its own, for longer: clients keep sessions of theirs.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import orjson

from idp.store import buckets
from idp.store.asking import ask
from idp.store.engines import redis
from idp.store.scripts import Script

_START = Script("""
redis.call('HSET', KEYS[1], 'core', ARGV[1], 'secret', ARGV[2], 'v', ARGV[3], 'seen', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('XADD', KEYS[2], '*', 'event', ARGV[6])
return 1
""")

_RENEW = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'core', ARGV[1], 'secret', ARGV[2], 'v', ARGV[3], 'seen', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('XADD', KEYS[2], '*', 'event', ARGV[6])
return 1
""")

_TOUCH = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'seen', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
""")

_CUT = Script("""
redis.call('DEL', KEYS[1], KEYS[3])
local families = redis.call('HGETALL', KEYS[2])
local kept = 0
for i = 1, #families, 2 do
  local family = ARGV[2] .. families[i]
  if ARGV[1] == 'keep' and redis.call('HGET', family, 'offline') == '1' then
    kept = kept + 1
  else
    redis.call('DEL', family)
    redis.call('HDEL', KEYS[2], families[i])
  end
end
return kept
""")

_CUT_CLIENT = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HGET', KEYS[1], 'cut:' .. ARGV[1]) == ARGV[4] then return 0 end
  redis.call('HDEL', KEYS[1], 'rp:' .. ARGV[1])
  redis.call('HSET', KEYS[1], 'v', ARGV[2], 'cut:' .. ARGV[1], ARGV[4])
end
redis.call('HDEL', KEYS[3], ARGV[1])
local families = redis.call('HGETALL', KEYS[2])
for i = 1, #families, 2 do
  if families[i + 1] == ARGV[1] then
    redis.call('DEL', ARGV[3] .. families[i])
    redis.call('HDEL', KEYS[2], families[i])
  end
end
return 1
""")

_CUT_CLAIMS = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HDEL', KEYS[1], 'claims')
  redis.call('HSET', KEYS[1], 'v', ARGV[1])
end
local families = redis.call('HKEYS', KEYS[2])
for i = 1, #families do
  local family = ARGV[2] .. families[i]
  if redis.call('EXISTS', family) == 1 then
    redis.call('HDEL', family, 'claims')
    redis.call('HSET', family, 'v', ARGV[1])
  end
end
return 1
""")


class Stored(NamedTuple):
    """A session as read: ``core`` and the grants of its clients."""

    bucket: str
    sid: str
    core: dict[str, Any]
    secret: str
    version: str
    seen: int
    grants: dict[str, bytes]
    claims: str = ""
    """What may be told of the person, sealed; empty until it was first needed."""
    cuts: Mapping[str, str] = MappingProxyType({})
    """The last cut of each client that lost what it had been granted."""

    @property
    def ref(self) -> str:
        return self.bucket + self.sid

    def grant(self, client_id: str) -> dict[str, Any] | None:
        found = self.grants.get(client_id)
        return orjson.loads(found) if found else None


@dataclass(frozen=True, slots=True)
class Write:
    """What ``start`` and ``renew`` write."""

    bucket: str
    sid: str
    core: dict[str, Any]
    secret: str
    seen: int
    lifetime: timedelta
    event: bytes

    def keys(self) -> list[str]:
        return [buckets.session(self.bucket, self.sid), buckets.audit(self.bucket)]

    def args(self) -> list[Any]:
        core, milliseconds = orjson.dumps(self.core), _ms(self.lifetime)
        return [core, self.secret, new_version(), self.seen, milliseconds, self.event]


def start(write: Write) -> None:
    _START(write.keys(), write.args())


def renew(write: Write) -> bool:
    """Replace core and secret of a session that still lives; its grants stay."""
    return bool(_RENEW(write.keys(), write.args()))


def touch(bucket: str, sid: str, seen: int, lifetime: timedelta) -> None:
    _TOUCH([buckets.session(bucket, sid)], [seen, _ms(lifetime)])


def read(bucket: str, sid: str) -> tuple[Stored | None, int | None]:
    """The session and the clients' epoch, in one round trip."""
    fields, epoch = ask(("HGETALL", buckets.session(bucket, sid)), ("GET", buckets.epoch(bucket)))
    return parse(bucket, sid, fields), int(epoch) if epoch else None


def read_many(refs: list[str]) -> list[Stored]:
    """Those of ``refs`` that still live."""
    if not refs:
        return []
    with redis.pipeline(transaction=False) as pipe:
        for ref in refs:
            pipe.hgetall(buckets.session(ref[:2], ref[2:]))
        found = pipe.execute()
    stored = (parse(r[:2], r[2:], fields) for r, fields in zip(refs, found, strict=True))
    return [session for session in stored if session is not None]


def parse(bucket: str, sid: str, fields: dict[bytes, bytes]) -> Stored | None:
    if not fields or b"core" not in fields:
        return None
    return Stored(
        bucket=bucket,
        sid=sid,
        core=orjson.loads(fields[b"core"]),
        secret=fields[b"secret"].decode(),
        version=fields[b"v"].decode(),
        seen=int(fields[b"seen"]),
        grants={k[3:].decode(): v for k, v in fields.items() if k.startswith(b"rp:")},
        claims=fields.get(b"claims", b"").decode(),
        cuts={k[4:].decode(): v.decode() for k, v in fields.items() if k.startswith(b"cut:")},
    )


def cut(ref: str, *, keep_offline: bool) -> None:
    """End a session and what grew from it; ``keep_offline`` spares offline access."""
    bucket, sid = ref[:2], ref[2:]
    _CUT(_keys(bucket, sid), ["keep" if keep_offline else "all", buckets.family(bucket, "")])


def cut_client(ref: str, client_id: str, cut: str) -> None:
    """Take back what one client was granted in this session, and every code on its way.

    ``cut`` names this cut: made again, it leaves alone what was granted since.
    """
    bucket, sid = ref[:2], ref[2:]
    _CUT_CLIENT(_keys(bucket, sid), [client_id, new_version(), buckets.family(bucket, ""), cut])


def cut_claims(ref: str) -> None:
    """Forget the claims kept ready for userinfo: the person's data have changed."""
    bucket, sid = ref[:2], ref[2:]
    keys = [buckets.session(bucket, sid), buckets.families(bucket, sid)]
    _CUT_CLAIMS(keys, [new_version(), buckets.family(bucket, "")])


def parties(refs: list[str]) -> dict[str, dict[str, str]]:
    """By session, whether it lives or not: the clients that were given a code in it, each with the
    ``sub`` it knows the person by.
    """
    if not refs:
        return {}
    with redis.pipeline(transaction=False) as pipe:
        for ref in refs:
            pipe.hgetall(buckets.parties(ref[:2], ref[2:]))
        found = pipe.execute()
    return {
        ref: {client.decode(): sub.decode() for client, sub in told.items()}
        for ref, told in zip(refs, found, strict=True)
    }


def remember(account_id: str, ref: str, at: float, lifetime: timedelta) -> None:
    """Note that ``ref``, proved at ``at``, belongs to an account while anything of it may live."""
    key = _index(account_id)
    ask(("HSET", key, ref, at), ("PEXPIRE", key, _ms(lifetime)))


def remember_still(account_id: str, ref: str, since: int, lifetime: timedelta) -> None:
    """Offline access lives on without a sign-in, and has to be found when its end comes."""
    key = _index(account_id)
    ask(("HSETNX", key, ref, since), ("PEXPIRE", key, _ms(lifetime)))


def refs_of(account_id: str) -> dict[str, float]:
    """Every session of an account that may have left something, with its last proof."""
    found = cast(dict[bytes, bytes], redis.hgetall(_index(account_id)))
    return {ref.decode(): float(at) for ref, at in found.items()}


def drop_refs(account_id: str, refs: list[str]) -> None:
    if refs:
        redis.hdel(_index(account_id), *refs)


def derived_sid(ref: str, client_id: str) -> str:
    """The ``sid`` a client knows a session by: another for every client."""
    return sha256(f"sid:{ref}:{client_id}".encode()).hexdigest()[:32]


def new_version() -> str:
    return secrets.token_hex(8)


def _keys(bucket: str, sid: str) -> list[str]:
    """What a cut touches."""
    made = (buckets.session, buckets.families, buckets.parties)
    return [key(bucket, sid) for key in made]


def _index(account_id: str) -> str:
    return f"acct:{{{account_id}}}:sessions"


def _ms(lifetime: timedelta) -> int:
    return max(1, int(lifetime.total_seconds() * 1000))
