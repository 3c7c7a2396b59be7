"""Rounds of the same work on every node at once, so that a slow minute is slow for all."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from bench.scale import people
from bench.scale.lookups import Operator
from bench.scale.measured import Measured, Series
from bench.scale.nodes import Node
from bench.scale.people import Person
from bench.scale.walks import Visit
from bench.scale.wire import WrongAnswer
from idp.store.failures import ENGINE_FAILURES

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
    drawn = [node.strangers for node in nodes]
    done, disturbed = -1, 0  # the first one warms up
    while done < rounds:
        try:
            found = _round(nodes, drawn, work)
        except (OSError, WrongAnswer, *ENGINE_FAILURES) as trouble:
            disturbed += 1
            _say(f"a round was disturbed: {type(trouble).__name__} {trouble}")
            if disturbed > max(1, rounds // 4):
                raise
            continue
        done += 1
        for one, measured in zip(series, found, strict=True) if done else ():
            for name, what in measured.items():
                one.measured[name].append(what)
        _say(f"{done} of {rounds} rounds")
        if done > 1:
            yield series


def _round(nodes: list[Node], drawn: list[Iterator[int]], work: Work) -> list[dict[str, Measured]]:
    """Each step on one node after the other, so that all see the same machine."""
    by_sms = [
        _visits(n, map(people.person, d), work.sms) for n, d in zip(nodes, drawn, strict=True)
    ]
    by_password = [
        _visits(node, people.with_password(strangers), work.password)
        for node, strangers in zip(nodes, drawn, strict=True)
    ]
    flows = [[visit for visit in visits for _ in range(work.flows)] for visits in by_sms]
    refreshes = [[visit for visit in visits for _ in range(work.refreshes)] for visits in by_sms]
    found = {
        "SMS sign-in": _timed(nodes, by_sms, lambda node, v: v.signs_in_by_sms(node.phones)),
        "password sign-in": _timed(nodes, by_password, lambda _, v: v.signs_in_by_password()),
        "first SSO flow": _timed(nodes, by_sms, lambda node, v: v.opens_portal(node.portal)),
        "SSO flow": _timed(nodes, flows, lambda node, v: v.opens_portal(node.portal)),
        "refresh": _timed(nodes, refreshes, lambda node, v: v.portal_refreshes(node.portal)),
        "look-up": _looked_up(nodes, drawn, work.lookups),
    }
    return [{name: each[index] for name, each in found.items()} for index in range(len(nodes))]


def _visits(node: Node, strangers: Iterator[Person], count: int) -> list[Visit]:
    return [Visit.begin(next(strangers), node.port) for _ in range(count)]


def _timed(
    nodes: list[Node], visits: list[list[Visit]], act: Callable[[Node, Visit], None]
) -> list[Measured]:
    wall: list[list[float]] = [[] for _ in nodes]
    bytes_before = list(map(_bytes, visits))
    before, start = [node.spent() for node in nodes], time.perf_counter()
    for step in zip(*visits, strict=True):
        for index in _any_order(nodes):
            began = time.perf_counter()
            act(nodes[index], step[index])
            wall[index].append(time.perf_counter() - began)
            step[index].browser.close()  # idle ones would keep others from being let in
    for node in nodes:
        node.settled()
    after, lasted = [node.spent() for node in nodes], time.perf_counter() - start
    return [
        _measured(
            node.idle,
            (then, now),
            wall[index],
            (bytes_before[index], _bytes(visits[index])),
            lasted,
        )
        for index, (node, then, now) in enumerate(zip(nodes, before, after, strict=True))
    ]


def _measured(
    idle: dict[str, float],
    spent: tuple[dict[str, float], dict[str, float]],
    wall: list[float],
    carried: tuple[tuple[int, int], tuple[int, int]],
    lasted: float,
) -> Measured:
    """What was spent for each, without what waiting costs anyway."""
    before, after = spent
    count = len(wall)
    each = {
        who: max(0.0, after[who] - before[who] - idle.get(who, 0.0) * lasted) / count * 1000
        for who in after
    }
    sent, received = (now - then for then, now in zip(*carried, strict=True))
    return Measured(count, wall, each, sent / count, received / count)


def _looked_up(nodes: list[Node], drawn: list[Iterator[int]], count: int) -> list[Measured]:
    operators = [Operator(node) for node in nodes]
    for _ in range(count):
        for index in _any_order(nodes):
            operators[index].finds(people.phone(next(drawn[index])))
    return [operator.measured for operator in operators]


def _any_order(nodes: list[Node]) -> list[int]:
    return _CHANCE.sample(range(len(nodes)), len(nodes))


def _bytes(visits: list[Visit]) -> tuple[int, int]:
    browsers = {id(visit.browser): visit.browser for visit in visits}.values()
    return sum(b.sent for b in browsers), sum(b.received for b in browsers)


def _say(text: str) -> None:
    click.echo(text, err=True)
