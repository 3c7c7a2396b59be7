"""Ours and the peers side by side, on one core each, scenario by scenario."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from bench import ours, peers, targets, windows, wrk
from bench.engines import Bed
from bench.install import say
from bench.meter import Meter
from bench.scenarios import SCENARIOS
from bench.targets import Target
from bench.windows import Measured, Patience
from bench.wrk import Load


@dataclass(frozen=True)
class Plan:
    rounds: int = 10
    people: int = 20_000
    """Accounts: enough that nobody is sent more codes than the limits allow."""
    load: Load = field(default_factory=Load)
    patience: Patience = field(default_factory=Patience)


@contextmanager
def standing(bed: Bed, node: ours.Node, names: Sequence[str]) -> Iterator[list[Target]]:
    """Ours first, then the peers named, all started and checked once."""
    with ExitStack() as stack:
        found = [stack.enter_context(ours.started(node, ours.Serving()))]
        for name in names:
            found.append(stack.enter_context(peers.started(name, bed)))
        for target in found:
            say(f"Signing people in at {target.name} …")
            targets.check_id_token(target)
        yield found


def side_by_side(
    found: Sequence[Target], names: Sequence[str], plan: Plan, meter: Meter
) -> dict[str, dict[str, Measured]]:
    """By scenario and server."""
    return {name: _scenario(found, name, plan, meter) for name in names}


def _scenario(found: Sequence[Target], name: str, plan: Plan, meter: Meter) -> dict[str, Measured]:
    scenario = SCENARIOS[name]
    say(scenario.title)
    tasks: Mapping[str, windows.Task] = {
        target.name: partial(wrk.window, target, scenario, plan.load.times(target.slowness), meter)
        for target in found
    }
    return windows.interleaved(tasks, plan.rounds, plan.patience)
