"""Clients for Redis in each of its shapes: one server, Sentinel's primary, a cluster.

Commands are never retried by the client: it cannot know whether the first try was carried
out, and a spent code must not look unspent to its owner.
"""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from hiredis import Reader, pack_command
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import DefaultParser
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import Sentinel

from idp.settings import Settings

Command = tuple[str | bytes | int | float, ...]
_CHUNK = 65_536
_FRESH = 0.01
"""A connection idle for longer may have been closed, and is looked at before it is used. No
Redis ends and is back within this."""


def connect(settings: Settings) -> redis.Redis:
    """A client for whatever the URL names; it connects at the first question."""
    parts = urlsplit(settings.redis_url)
    secure, _, shape = parts.scheme.rpartition("+")
    if shape == "cluster":
        return cast(redis.Redis, Cluster(_options(settings, parts, secure == "rediss")))
    if shape == "sentinel":
        return _behind_sentinel(settings, parts, _options(settings, parts, secure == "rediss"))
    pool = redis.BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=settings.store.redis_pool,
        timeout=settings.store.redis_timeout.total_seconds(),
        **_patience(settings),
    )
    return Server(connection_pool=pool)


class Server(redis.Redis):
    """One server, or the primary that Sentinel names."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self._silence = Silence(self.connection_pool)
        self._lines = _Lines()

    def ask(self, *commands: Command) -> list[Any]:
        """What a pipeline does, without its ceremony; see ``asking``."""
        line = self._lines.line or self._lines.open(self.connection_pool, self._silence)
        return line.ask(commands)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)
        except redis.TimeoutError:
            self._silence.met()
            raise


class Silence:
    """When a connection last got no answer. Whoever stands between us and Redis may have
    forgotten all that were quiet: they are opened anew, so that one request waits for an answer
    in vain and not one for each of them.
    """

    def __init__(self, pool: Any):
        self._pool = pool
        self.at = 0.0

    def met(self) -> None:
        self.at = time.monotonic()
        self._pool.disconnect(inuse_connections=False)


class _Lines(threading.local):
    """A line for each thread, beside the pool: nothing is looked for, locked or handed back."""

    line: "Line | None" = None

    def open(self, pool: Any, silence: Silence) -> "Line":
        self.line = Line(pool, silence)
        return self.line


class Line:
    """One connection that its thread keeps. It closes when the thread ends.

    The client connects it: names, TLS, passwords, Sentinel. Replies are read here: the client
    does for each of them what is needed once for all.
    """

    def __init__(self, pool: Any, silence: Silence):
        self._pool = pool
        self._silence = silence
        self._connection: Any = pool.connection_class(**pool.connection_kwargs)
        self._reader = _reader()
        self._used = 0.0

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        moment = time.monotonic()
        if moment - self._used > _FRESH:
            self._renew()
        self._used = moment
        packed = b"".join([pack_command(command) for command in commands])  # type: ignore[arg-type]
        try:
            self._connection.send_packed_command([packed], check_health=False)
            replies = self._replies(len(commands))
        except BaseException as error:
            # What is left of this question must not answer the next one.
            self._close()
            if isinstance(error, redis.TimeoutError):
                self._silence.met()
            raise
        for reply in replies:
            if isinstance(reply, redis.RedisError):
                raise self._refused(reply)
        return replies

    def _connect(self) -> None:
        """The kernel keeps the time of each step: the interpreter would look before it, and be
        let go of twice.
        """
        self._connection.connect()
        line, seconds = self._connection._sock, self._connection.socket_timeout
        if not isinstance(line, ssl.SSLSocket) and line.gettimeout() is not None:
            limit = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                line.setsockopt(socket.SOL_SOCKET, option, limit)
            line.settimeout(None)

    def _renew(self) -> None:
        """A connection that was closed meanwhile is no failure: nothing was asked on it yet.
        Nor is one to a server that is the primary no longer, as the pool has found out, or one
        that was quiet when another got no answer.
        """
        connection = self._connection
        if self._used < self._silence.at:
            self._close()
        self._connect()
        try:
            stale = not self._pool.owns_connection(connection) or connection.can_read()
        except redis.RedisError:
            stale = True
        if stale:
            self._close()
            self._connect()

    def _replies(self, count: int) -> list[Any]:
        """All of them; a refusal is one of them."""
        gets, line = self._reader.gets, self._connection._sock
        replies: list[Any] = []
        while len(replies) < count:
            reply = gets()
            if reply is _MORE:
                self._reader.feed(_received(line))
            else:
                replies.append(reply)
        if self._reader.has_data():
            raise redis.InvalidResponse("Redis said more than it was asked")
        return replies

    def _refused(self, error: redis.RedisError) -> redis.RedisError:
        """A server that was the primary, or has too many clients, is left."""
        if not isinstance(error, redis.ResponseError) or isinstance(error, redis.ReadOnlyError):
            self._close()
        return error

    def _close(self) -> None:
        self._connection.disconnect()
        self._reader, self._used = _reader(), 0.0

    def __del__(self) -> None:
        self._connection.disconnect()


_MORE = object()


def _reader() -> Reader:
    """RESP as the client reads it, with its exceptions for refusals."""
    return Reader(
        protocolError=redis.InvalidResponse,
        replyError=DefaultParser.parse_error,
        notEnoughData=_MORE,
    )


def _received(line: Any) -> bytes:
    try:
        found: bytes = line.recv(_CHUNK)
    except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
        raise redis.TimeoutError("Redis did not answer in time") from None
    except OSError as error:
        raise redis.ConnectionError(f"Redis was lost while answering: {error}") from None
    if not found:
        raise redis.ConnectionError("Redis closed the connection")
    return found


class Cluster:
    """A Redis Cluster that is looked for when it is first asked, not before.

    So a process starts while the cluster is away, and finds it when it is back.
    """

    def __init__(self, options: dict[str, Any]):
        self._options = options
        self._lock = threading.Lock()
        self._found: _Cluster | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found or self._find(), name)

    def close(self) -> None:
        if self._found is not None:
            self._found.close()

    def ask(self, *commands: Command) -> list[Any]:
        with self.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            found: list[Any] = pipe.execute()
        return found

    def infos(self, section: str) -> list[dict[str, Any]]:
        """What every primary says of itself."""
        return list(self.info(section, target_nodes=RedisCluster.PRIMARIES).values())

    def _find(self) -> "_Cluster":
        if not self._lock.acquire(timeout=self._options["socket_timeout"]):
            raise redis.ConnectionError("the cluster does not answer")
        try:
            self._found = self._found or _Cluster(**self._options)
            return self._found
        finally:
            self._lock.release()


class _Cluster(RedisCluster):
    """Follows slots that moved; nobody who has not answered is asked again and again."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        manager: Any = self.nodes_manager
        manager.initialize = _OneAtATime(manager.initialize)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        pipe = super().pipeline(transaction, shard_hint)
        pipe.parent_execute_command = _GivesUp(pipe.parent_execute_command)
        return pipe


class _OneAtATime:
    """Learns the cluster's map anew, unless another thread is at it.

    Otherwise everybody who was not answered would wait for all who were not answered before.
    """

    def __init__(self, learn: Any):
        self._learn = learn
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **options: Any) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._learn(*args, **options)
        finally:
            self._lock.release()


class _GivesUp:
    """What a pipeline asks again one by one, until the first that finds nobody.

    Otherwise 256 commands to a primary that hangs would wait for it 256 times.
    """

    def __init__(self, ask: Any):
        self._ask = ask
        self._lost: RedisError | None = None

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self._lost is not None:
            raise self._lost
        try:
            return self._ask(*args, **options)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            self._lost = error
            raise


def _behind_sentinel(
    settings: Settings, parts: SplitResult, options: dict[str, Any]
) -> redis.Redis:
    addresses = [(node.host, node.port) for node in options.pop("startup_nodes")]
    sentinel = Sentinel(addresses, sentinel_kwargs=_patience(settings))
    name = parts.path.strip("/") or "mymaster"
    return sentinel.master_for(name, redis_class=Server, **options)


def _options(settings: Settings, parts: SplitResult, secure: bool) -> dict[str, Any]:
    default = 26379 if parts.scheme.endswith("+sentinel") else 6379
    hosts = parts.netloc.rpartition("@")[2]
    options: dict[str, Any] = {
        "startup_nodes": [ClusterNode(host, port) for host, port in _addresses(hosts, default)],
        "max_connections": settings.store.redis_pool,
        "ssl": secure,
        **_patience(settings),
    }
    if parts.password:
        options["password"] = unquote(parts.password)
        options["username"] = unquote(parts.username) if parts.username else None
    return options


def _patience(settings: Settings) -> dict[str, Any]:
    seconds = settings.store.redis_timeout.total_seconds()
    return {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "decode_responses": False,
        "protocol": 3,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


def _addresses(netloc: str, default: int) -> list[tuple[str, int]]:
    pairs = (item.rpartition(":") if ":" in item else (item, "", "") for item in netloc.split(","))
    return [(host, int(port or default)) for host, _, port in pairs]
