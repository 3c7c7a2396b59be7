"""A wire between the node and one engine that the rig can slow, hold, cut and break.

The kernel's netem is not to be had everywhere; what it does to a connection is done here:
a packet that is dropped comes late (TCP sends it again) or never, a pulled cable holds
everything, a forgotten connection is dead on one side and open on the other.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

_CHUNK = 65536
_RETRANSMISSION = (0.2, 0.8)
"""Seconds a dropped packet comes late: what TCP takes to notice (RFC 6298 §2.4, first tries)."""


@dataclass(frozen=True)
class Weather:
    """What the wire does to what passes."""

    delay: float = 0.0
    loss: float = 0.0
    held: bool = False
    """Nothing passes, either way; nobody is told."""
    answers_held: bool = False
    """Questions reach the engine, which carries them out; its answers do not come back."""
    resets: float = 0.0
    """Every connection is reset after so many seconds."""


CALM = Weather()


class Proxy:
    """Listens on ``port`` and passes on to a Unix socket, through the weather of the moment."""

    def __init__(self, upstream: Path):
        self._upstream = upstream
        self._weather = CALM
        self._loop = asyncio.new_event_loop()
        self._writers: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()
        self.port = 0
        self._listening = threading.Event()

    @classmethod
    @contextmanager
    def to(cls, upstream: Path) -> Iterator["Proxy"]:
        proxy = cls(upstream)
        thread = threading.Thread(target=proxy._run, daemon=True)
        thread.start()
        assert proxy._listening.wait(5)
        try:
            yield proxy
        finally:
            proxy._loop.call_soon_threadsafe(proxy._loop.stop)
            thread.join(5)
            proxy._loop.close()

    @contextmanager
    def weather(self, **changes: object) -> Iterator[None]:
        """Connections held up while it lasted go on afterwards, as far as they are still there."""
        self._weather = replace(CALM, **changes)  # type: ignore[arg-type]
        try:
            yield
        finally:
            self._weather = CALM

    def forget(self) -> None:
        """Every connection of now is dead at the engine's side and open at the node's."""
        self._loop.call_soon_threadsafe(self._forget)

    def _forget(self) -> None:
        for node, engine in self._writers:
            self._forgotten.add(node)
            engine.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _serve(self, node: asyncio.StreamReader, to_node: asyncio.StreamWriter) -> None:
        while self._weather.held:
            await asyncio.sleep(0.05)
        try:
            engine, to_engine = await asyncio.open_unix_connection(str(self._upstream))
        except OSError:
            to_node.close()
            return
        pair = (to_node, to_engine)
        self._writers.add(pair)
        tasks = [
            asyncio.ensure_future(self._pass(node, to_engine, answers=False)),
            asyncio.ensure_future(self._pass(engine, to_node, answers=True)),
            asyncio.ensure_future(self._cut(to_node)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if to_node in self._forgotten:
                await self._swallow(node)
        finally:
            self._writers.discard(pair)
            self._forgotten.discard(to_node)
            to_engine.close()
            to_node.close()

    async def _swallow(self, node: asyncio.StreamReader) -> None:
        """Nobody is at the other end, and nobody says so."""
        with suppress(OSError):
            while await node.read(_CHUNK):
                pass

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._through_the_weather(answers=answers)
                target.write(data)
                await target.drain()

    async def _through_the_weather(self, *, answers: bool) -> None:
        while self._weather.held or (answers and self._weather.answers_held):
            await asyncio.sleep(0.02)
        late = self._weather.delay
        if self._weather.loss and random.random() < self._weather.loss:
            late += random.uniform(*_RETRANSMISSION)
        if late:
            await asyncio.sleep(late)

    async def _cut(self, to_node: asyncio.StreamWriter) -> None:
        while not self._weather.resets:
            await asyncio.sleep(0.1)
        await asyncio.sleep(random.uniform(0, self._weather.resets))
        bare = to_node.get_extra_info("socket")
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
