"""What a window cost: CPU of the server, of what it leans on, and of strangers."""

import os
import time
from dataclasses import dataclass

from bench.processes import BOTH_CORES, Program, busy, cpu_of, tree
from bench.targets import Target


@dataclass(frozen=True)
class Reading:
    at: float
    server: float
    engines: dict[str, float]
    ours: float
    busy: float


@dataclass(frozen=True)
class Used:
    """Seconds on the clock, and seconds of CPU within them."""

    seconds: float
    server: float
    engines: dict[str, float]
    foreign: float
    """Of processes that are not the bench's, on its cores, and taken by the machine below."""

    @property
    def busy(self) -> float:
        """How much of its time the server was at work; less than 1: something else was slower."""
        return self.server / self.seconds

    @property
    def disturbed(self) -> float:
        return self.foreign / self.seconds


@dataclass
class Meter:
    """Knows which processes are the bench's: everything started by this process."""

    engines: tuple[Program, ...]

    def reading(self, target: Target, generator: int) -> Reading:
        helpers = {program.command.name: program for program in (*self.engines, *target.companions)}
        ours = target.program.engines()
        engines = {name: cpu_of(program.tree()) for name, program in helpers.items()}
        engines |= {"Valkey": cpu_of(ours)} if ours else {}
        return Reading(
            time.monotonic(),
            cpu_of(target.program.tree() - ours),
            engines | {"generator": cpu_of({generator})},
            cpu_of(tree(os.getpid())),
            busy(BOTH_CORES),
        )

    def since(self, before: Reading, target: Target, generator: int) -> Used:
        now = self.reading(target, generator)
        return Used(
            now.at - before.at,
            now.server - before.server,
            {name: used - before.engines.get(name, 0.0) for name, used in now.engines.items()},
            max(0.0, (now.busy - before.busy) - (now.ours - before.ours)),
        )
