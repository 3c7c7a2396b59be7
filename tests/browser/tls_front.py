"""A TLS front before plain loopback servers, as a reverse proxy stands before a real node."""

import asyncio
import ssl
import threading
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024


class TlsFront:
    """Listens on each public port and passes the bytes on to its plain port."""

    def __init__(self, context: ssl.SSLContext, routes: dict[int, int]):
        self._context = context
        self._routes = routes
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tls-front", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the TLS front did not start"
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self) -> None:
        servers = [
            await asyncio.start_server(self._passer(plain), "127.0.0.1", public, ssl=self._context)
            for public, plain in self._routes.items()
        ]
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.close()

    @staticmethod
    def _passer(port: int):  # type: ignore[no-untyped-def]
        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                inside_reader, inside_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                writer.close()
                return
            await asyncio.gather(
                _copy(reader, inside_writer), _copy(inside_reader, writer), return_exceptions=True
            )

        return pass_on


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        pass
    finally:
        writer.close()
