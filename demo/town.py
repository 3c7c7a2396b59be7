"""Starts every party of a plan in order, and stops them all."""

import ipaddress
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from demo import plan as plans
from demo import processes
from demo.plan import Plan
from demo.processes import Child, DemoProblem

PATIENCE = 60.0


class Town:
    """The running demo. Data of an earlier start is used again."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.children: list[Child] = []

    def start(self) -> None:
        processes.refuse_taken(self.plan.places)
        plans.write(self.plan)
        try:
            self._sandbox()
            self._node()
            self._seed()
            self._portals()
        except BaseException:
            self.stop()
            raise

    def watch(self) -> None:
        """Return never, unless a party ends by itself: then say which."""
        while True:
            for child in self.children:
                if child.process.poll() is not None:
                    raise DemoProblem(
                        f"{child.name} 意外停止，日志：{child.log}\n"
                        f"{child.name} stopped by itself; the end of its log:\n"
                        f"{child.last_words()}"
                    )
            time.sleep(1)

    def stop(self) -> None:
        """Ask everybody to stop, last started first, then wait for each."""
        for child in reversed(self.children):
            child.stop()
        for child in reversed(self.children):
            child.end()
        self.children.clear()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _sandbox(self) -> None:
        place = self.plan.sandbox
        arguments = ["-m", "sandbox", "--host", "127.0.0.1", "--port", str(place.port)]
        arguments += [*self.plan.sandbox_options, *self.plan.receipts]
        arguments += ["--people", str(self.plan.register_file), "--url", place.url]
        arguments += ["--companies", str(self.plan.companies_file)]
        arguments += ["--alipay-keys", str(self.plan.alipay_keys_file)]
        arguments += ["--callback-domain", urlsplit(self.plan.node.url).netloc]
        child = self._start("sandbox", arguments)
        processes.wait_until(processes.page_answers(place, "/health"), child, PATIENCE)

    def _node(self) -> None:
        child = self._start("node", ["-m", "idp", "serve", "--app", "demo.wsgi:app"])
        ready = processes.page_answers(self.plan.node, "/health/ready")
        processes.wait_until(ready, child, PATIENCE)

    def _seed(self) -> None:
        child = self._start("seed", ["-m", "demo.seed", str(self.plan.seed_file)])
        self.children.remove(child)
        child.end(PATIENCE)
        if child.process.returncode != 0:
            raise DemoProblem(f"演示数据没有写入。\nNo demo data:\n{child.last_words()}")

    def _portals(self) -> None:
        plans.write_portals(self.plan)
        for portal in self.plan.portals:
            place, file = self.plan.places[portal.slug], self.plan.portal_file(portal.slug)
            arguments = ["-m", "clients.portal", "--config", str(file), "--port", str(place.port)]
            child = self._start(portal.slug, arguments)
            processes.wait_until(processes.page_answers(place, "/"), child, PATIENCE)

    def _start(self, name: str, arguments: list[str]) -> Child:
        environment = {"HUTONG_CONFIG": str(self.plan.settings_file)} | self.plan.environment
        log = self.plan.var / "log" / f"{name}.log"
        child = processes.start(name, arguments, log, environment)
        self.children.append(child)
        return child


def refuse_beyond_loopback(host: str) -> None:
    """Passwords of demo people are public: nobody else may reach them."""
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        raise DemoProblem(
            f"演示只能在本机（127.0.0.1）运行，不能监听 {host}。\n"
            f"The demo listens on loopback only, not on {host}: its passwords are public."
        )
