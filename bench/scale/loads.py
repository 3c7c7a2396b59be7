"""A node under load: its memory before and after, and how many connections it holds."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

from bench.scale import cost, people
from bench.scale.nodes import Node
from bench.scale.walks import Visit

CONNECTIONS = 64
MOST = 50_000
"""People that are drawn for it."""


def under_load(node: Node, seconds: float) -> dict[str, Any]:
    """64 people at a time sign in and visit a portal; connections are counted meanwhile."""
    before = _memory(node)
    over, highest = threading.Event(), dict.fromkeys(node.connections(), 0)
    # Drawn before: nobody who has just signed in, and no iterator that threads would trip over.
    numbers = cycle([next(node.strangers) for _ in range(min(node.accounts // 2, MOST))])
    portal = node.portal
    with ThreadPoolExecutor(CONNECTIONS + 1) as pool:
        watching = pool.submit(_watch, node, highest, over)
        visitors = [pool.submit(_visit, node, numbers, over) for _ in range(CONNECTIONS)]
        time.sleep(seconds)
        over.set()
        visits = sum(visitor.result() for visitor in visitors)
        watching.result()
    return {
        "portal": portal.client_id,
        "connections": CONNECTIONS,
        "seconds": seconds,
        "visits": visits,
        "highest": highest,
        "web_memory_before": before,
        "web_memory_after": _memory(node),
        "worker_memory_after": cost.memory(node.children["worker"].pid),
    }


def _visit(node: Node, numbers: Iterator[int], over: threading.Event) -> int:
    done = 0
    while not over.is_set():
        visit = Visit.begin(people.person(next(numbers)), node.port)
        visit.signs_in_by_sms(node.phones)
        for _ in range(3):
            visit.opens_portal(node.portal)
            visit.portal_refreshes(node.portal)
        visit.browser.close()
        done += 1
    return done


def _watch(node: Node, highest: dict[str, int], over: threading.Event) -> None:
    while not over.is_set():
        for who, count in node.connections().items():
            highest[who] = max(highest[who], count)
        time.sleep(0.2)


def _memory(node: Node) -> list[dict[str, int]]:
    return [cost.memory(pid) for pid in node.web_workers()]
