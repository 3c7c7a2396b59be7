"""Complete sign-ins, page by page, as browsers without scripts and phones without end.

This process is also the provincial SMS gateway: each code arrives here over HTTP, sent by the
node's worker, and is handed to the browser that waits for it.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

import orjson

from bench import targets
from bench.browser import Browser, Unexpected
from bench.meter import Meter, Used
from bench.ours import Node
from bench.seed import PASSWORD, STATUTORY, phone_of, username_of
from bench.targets import ISSUER, Target, address_of, authorize_url, code_in
from bench.wrk import Load, Refused, Window

_PATIENCE = 15.0
_CODE = re.compile(r"验证码为(\d{6})")
FIRST = 100
"""Those before sign in for other scenarios."""
CHALLENGE = targets.Person(0, "", "").challenge


@dataclass
class Gateway:
    """The wire format of the node's ``gateway`` provider; codes wait for who asks."""

    port: int
    waiting: dict[str, "asyncio.Future[str]"] = field(default_factory=dict)
    sent: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    def expects(self, phone: str) -> "asyncio.Future[str]":
        self.waiting[phone] = asyncio.get_running_loop().create_future()
        return self.waiting[phone]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                message = orjson.loads(await reader.readexactly(int(length[1]) if length else 0))
                self._hand_over(message)
                body = orjson.dumps({"code": "0", "message_id": f"bench-{self.sent}"})
                writer.write(_OK % len(body) + body)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the worker has closed its connection, or the window is over
        finally:
            writer.close()

    def _hand_over(self, message: dict[str, str]) -> None:
        self.sent += 1
        code, waiter = _CODE.search(message["content"]), self.waiting.pop(message["phone"], None)
        if code and waiter and not waiter.done():
            waiter.set_result(code[1])


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

Way = Callable[[Browser, str, int, Gateway], Awaitable[None]]


async def by_sms(browser: Browser, url: str, number: int, gateway: Gateway) -> None:
    """The page, a code asked for, the code typed in, and back at the portal."""
    await browser.visits(url)
    code = gateway.expects(phone_of(number))
    await browser.presses("send-code", phone=phone_of(number))
    if "login-submit" not in browser.shown:
        raise Unexpected(f"no code was sent: {browser.shown[:2000]}")
    async with asyncio.timeout(_PATIENCE):
        received = await code
    code_in(await browser.presses("login-submit", sms_code=received))


async def by_password(browser: Browser, url: str, number: int, _: Gateway) -> None:
    """The page, its other tab, name and password, and back at the portal."""
    page = await browser.visits(url)
    await browser.visits(f"{page.url}&m=password")
    code_in(await browser.presses("login-submit", username=username_of(number), password=PASSWORD))


def loop(way: Way, node: Node) -> "SignIns":
    """Everybody has a turn before anybody has a second: a number may be sent few codes an hour."""
    return SignIns(way, node.gateway_port, cycle(range(FIRST, node.people)))


@dataclass
class SignIns:
    """A closed loop of browsers, each new, with a number and an address of its own."""

    way: Way
    gateway_port: int
    numbers: Iterator[int]

    def window(self, target: Target, load: Load, meter: Meter) -> Window:
        return asyncio.run(_Run(self, target, load).measured(meter))


@dataclass
class _Run:
    plan: SignIns
    target: Target
    load: Load
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    begin: float = 0.0
    end: float = 0.0

    async def measured(self, meter: Meter) -> Window:
        gateway = Gateway(self.plan.gateway_port)
        self.begin = time.monotonic() + self.load.warm_up
        self.end = self.begin + self.load.seconds
        async with gateway.open(), asyncio.TaskGroup() as tasks:
            for _ in range(self.load.connections):
                tasks.create_task(self._go_on(gateway))
            await asyncio.sleep(self.begin - time.monotonic())
            before = meter.reading(self.target, os.getpid())
            await asyncio.sleep(self.end - time.monotonic())
            used = meter.since(before, self.target, os.getpid())
        return self._result(used)

    async def _go_on(self, gateway: Gateway) -> None:
        while time.monotonic() < self.end:
            began = time.monotonic()
            try:
                await self._sign_in(next(self.plan.numbers), gateway)
            except (Unexpected, TimeoutError, OSError, asyncio.IncompleteReadError) as problem:
                self.failures.append(repr(problem)[:2500])
                return
            if self.begin <= time.monotonic() < self.end:
                self.times.append(time.monotonic() - began)

    async def _sign_in(self, number: int, gateway: Gateway) -> None:
        url = authorize_url(self.target, STATUTORY, CHALLENGE)
        async with Browser(self.target.port, ISSUER, address_of(number)) as browser:
            await self.plan.way(browser, url, number, gateway)

    def _result(self, used: Used) -> Window:
        if self.failures or not self.times:
            what = f"{self.plan.way.__name__}: {len(self.failures)} failed, {len(self.times)} done"
            raise Refused(f"{what}. {self.failures[:1]}")
        times = sorted(self.times)
        p50, p99 = (times[min(len(times) - 1, int(p * len(times)))] for p in (0.5, 0.99))
        return Window(len(times), used, p50, p99)
