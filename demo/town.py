"""Starts every party of a plan in order, and stops them all."""

import ipaddress
import json
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from demo import plan as plans
from demo import processes
from demo.cast import PortalPart
from demo.federation import HUB
from demo.plan import NODE, Plan
from demo.processes import Child, DemoProblem

PATIENCE = 60.0
NAMES = Path(__file__).parent / "names"


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
            if self.plan.nodes:
                self._anchor()
            self._node()
            self._seed()
            self._portals()
        except BaseException:
            self.stop()
            raise

    def federate(self) -> None:
        """Start the other nodes, bring all of them together, and open their portals."""
        try:
            started = [self._serve(part.slug) for part in self.plan.others if part.slug != HUB]
            for part, child in zip(self.plan.others[1:], started, strict=True):
                ready = processes.page_answers(self.plan.places[part.slug], "/health/ready")
                processes.wait_until(ready, child, PATIENCE)
            self._run("joining", ["-m", "demo.joining", str(self.plan.federation_file)])
            plans.write_halls(self.plan)
            halls = [part.portal for part in self.plan.others if part.portal]
            self._open(halls, PYTHONPATH=str(NAMES))
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
        if self.plan.nodes:
            arguments += ["--federation", str(self.plan.federation_file)]
        child = self._start("sandbox", arguments)
        processes.wait_until(processes.page_answers(place, "/health"), child, PATIENCE)

    def _anchor(self) -> None:
        """First of all nodes: every other one starts with its keys."""
        child, place = self._serve(HUB), self.plan.places[HUB]
        processes.wait_until(processes.page_answers(place, "/health/ready"), child, PATIENCE)
        keys = processes.statement(place)["jwks"]
        self.plan.anchor_keys_file.write_text(json.dumps(keys), "utf-8")

    def _serve(self, slug: str) -> Child:
        file = self.plan.node_settings_file(slug)
        return self._start(slug, ["-m", "idp", "serve"], HUTONG_CONFIG=str(file))

    def _node(self) -> None:
        child = self._start(NODE, ["-m", "idp", "serve", "--app", "demo.wsgi:app"])
        ready = processes.page_answers(self.plan.node, "/health/ready")
        processes.wait_until(ready, child, PATIENCE)

    def _seed(self) -> None:
        self._run("seed", ["-m", "demo.seed", str(self.plan.node_seed_file(NODE))])

    def _run(self, name: str, arguments: list[str]) -> None:
        child = self._start(name, arguments)
        self.children.remove(child)
        child.end(PATIENCE)
        if child.process.returncode != 0:
            raise DemoProblem(f"演示数据没有写入。\nNo demo data:\n{child.last_words()}")

    def _portals(self) -> None:
        plans.write_portals(self.plan)
        self._open(self.plan.portals)

    def _open(self, portals: Iterable[PortalPart], **names: str) -> None:
        """``names``: what their processes have to be told to reach their node."""
        for portal in portals:
            place, file = self.plan.places[portal.slug], self.plan.portal_file(portal.slug)
            arguments = ["-m", "clients.portal", "--config", str(file), "--port", str(place.port)]
            child = self._start(portal.slug, arguments, **names)
            processes.wait_until(processes.page_answers(place, "/"), child, PATIENCE)

    def _start(self, name: str, arguments: list[str], **more: str) -> Child:
        own = {"HUTONG_CONFIG": str(self.plan.node_settings_file(NODE))}
        environment = own | self.plan.environment | more
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
