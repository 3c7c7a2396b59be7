"""Rounds of the same work on every node in turn, so that a slow minute is slow for all."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from bench.scale import people
from bench.scale.lookups import look_up
from bench.scale.measured import Measured, Series
from bench.scale.nodes import Node
from bench.scale.walks import Visit
from bench.scale.wire import WrongAnswer

_CHANCE = random.Random(20261122)  # noqa: S311 - the same people in every run


@dataclass(frozen=True)
class Work:
    """How many of each one round does."""

    sms: int = 40
    password: int = 20
    flows: int = 3
    refreshes: int = 3
    lookups: int = 60


def run(nodes: list[Node], rounds: int, work: Work) -> Iterator[list[Series]]:
    """``rounds`` on every node, and after each what is known so far.

    One that the machine disturbed is thrown away for all nodes.
    """
    series = [Series(node.accounts) for node in nodes]
    drawn = [_strangers(node.accounts) for node in nodes]
    done, disturbed = -1, 0  # the first one warms up
    while done < rounds:
        try:
            found = _on_every_node(nodes, drawn, work)
        except (OSError, WrongAnswer) as trouble:
            disturbed += 1
            _say(f"a round was disturbed: {trouble}")
            if disturbed > max(1, rounds // 4):
                raise
            continue
        done += 1
        for index, measured in found.items():
            for name, one in measured.items() if done else ():
                series[index].measured[name].append(one)
        _say(f"{done} of {rounds} rounds")
        if done > 1:
            yield series


def _on_every_node(
    nodes: list[Node], drawn: list[Iterator[int]], work: Work
) -> dict[int, dict[str, Measured]]:
    order = list(range(len(nodes)))
    _CHANCE.shuffle(order)
    return {index: _round(nodes[index], drawn[index], work) for index in order}


def _round(node: Node, strangers: Iterator[int], work: Work) -> dict[str, Measured]:
    port, portal = node.port, node.portal
    by_sms = [Visit.begin(people.person(next(strangers)), port) for _ in range(work.sms)]
    able = people.with_password(strangers)
    by_password = [Visit.begin(next(able), port) for _ in range(work.password)]
    known = [visit for visit in by_sms for _ in range(work.flows)]
    refreshing = [visit for visit in by_sms for _ in range(work.refreshes)]
    wanted = [people.phone(next(strangers)) for _ in range(work.lookups)]
    return {
        "SMS sign-in": _timed(node, by_sms, lambda visit: visit.signs_in_by_sms(node.phones)),
        "password sign-in": _timed(node, by_password, Visit.signs_in_by_password),
        "first SSO flow": _timed(node, by_sms, lambda visit: visit.opens_portal(portal)),
        "SSO flow": _timed(node, known, lambda visit: visit.opens_portal(portal)),
        "refresh": _timed(node, refreshing, lambda visit: visit.portal_refreshes(portal)),
        "look-up": look_up(node, wanted),
    }


def _timed(node: Node, visits: list[Visit], act: Callable[[Visit], None]) -> Measured:
    before, wall, start = node.spent(), [], time.perf_counter()
    bytes_before = _bytes(visits)
    for visit in visits:
        began = time.perf_counter()
        act(visit)
        wall.append(time.perf_counter() - began)
        visit.browser.close()  # idle ones would keep others from being let in
    node.settled()
    after, lasted = node.spent(), time.perf_counter() - start
    bytes_after = _bytes(visits)
    waiting = {who: node.idle.get(who, 0.0) * lasted for who in after}
    each = {
        who: max(0.0, after[who] - before[who] - waiting[who]) / len(visits) * 1000 for who in after
    }
    sent, received = (b - a for a, b in zip(bytes_before, bytes_after, strict=True))
    return Measured(len(visits), wall, each, sent / len(visits), received / len(visits))


def _bytes(visits: list[Visit]) -> tuple[int, int]:
    browsers = {id(visit.browser): visit.browser for visit in visits}.values()
    return sum(b.sent for b in browsers), sum(b.received for b in browsers)


def _strangers(accounts: int) -> Iterator[int]:
    """People of the whole set in no order, nobody twice until all have been."""
    while True:
        seen: set[int] = set()
        while len(seen) < accounts:
            n = _CHANCE.randrange(accounts)
            if n not in seen:
                seen.add(n)
                yield n


def _say(text: str) -> None:
    click.echo(text, err=True)
