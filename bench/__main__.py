"""``python -m bench``: measure the node side by side with its peers."""

import argparse
import os
import signal
import sys

from bench import (
    comparing,
    engines,
    federation,
    install,
    ours,
    page,
    peers,
    profiling,
    report,
    servers,
    whole,
    windows,
)
from bench.comparing import Plan
from bench.meter import Meter
from bench.processes import OTHER_CORES, DidNotStart, pin
from bench.scenarios import SCENARIOS
from bench.wrk import Load

_QUICK, _FEW, _MANY = 3, 3_000, 20_000
"""Rounds, and people, of a quick run and of a whole one."""


def main() -> int:
    given = _arguments()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: sys.exit(1))  # whatever was started is stopped on the way
    try:
        pin(os.getpid(), OTHER_CORES)
        install.system()
        with install.alone():
            given.do(given)
    except (install.Missing, DidNotStart) as problem:
        install.say(str(problem))
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    every = commands.add_parser("all", help="everything; writes docs/performance.md")
    every.set_defaults(do=_all)
    compare = commands.add_parser("compare", help="ours and some peers, some scenarios; no report")
    compare.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    compare.add_argument("--peer", action="append", help=f"{', '.join(peers.PEERS)} (node_redis)")
    compare.set_defaults(do=_compare)
    web = commands.add_parser("servers", help="web servers for our app; writes docs/performance.md")
    web.set_defaults(do=_servers)
    costs = commands.add_parser("federation", help="chains, resolving, lists and memory")
    costs.set_defaults(do=_federation)
    profile = commands.add_parser("profile", help="where the time of our worker goes")
    profile.add_argument("scenario", choices=SCENARIOS)
    profile.add_argument("--lines", type=int, default=60, help="how many functions (60)")
    profile.set_defaults(do=_profile)
    for each in (every, compare, web, profile):
        _shared(each)
    return parser.parse_args()


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} short rounds")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a window (2)")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--retries", type=int, default=4, help="of windows strangers disturbed (4)")


def _plan(given: argparse.Namespace) -> Plan:
    retries = windows.Patience(disturbed=0 if given.quick else given.retries)
    load = Load(given.connections, 1.0 if given.quick else given.seconds)
    rounds, people = (_QUICK, _FEW) if given.quick else (given.rounds, _MANY)
    return Plan(rounds, people, load, retries)


def _all(given: argparse.Namespace) -> None:
    results = whole.everything(_plan(given), _command())
    report.write(results)
    page.put("results", "make bench", page.as_markdown(results))
    sys.stdout.write(report.as_json(results) + "\n")


def _compare(given: argparse.Namespace) -> None:
    names = given.scenarios or list(SCENARIOS)
    if unknown := set(names) - set(SCENARIOS):
        raise install.Missing(f"no such scenario: {', '.join(sorted(unknown))}")
    with (
        engines.bed(install.VAR) as bed,
        ours.set_up("ours", ours.of_engines(bed), 100) as node,
        comparing.standing(bed, node, given.peer or [peers.NODE]) as found,
    ):
        measured = comparing.side_by_side(found, names, _plan(given), Meter(bed.programs))
    sys.stdout.write(report.as_text(measured))


def _federation(_given: argparse.Namespace) -> None:
    with engines.bed(install.VAR) as bed:
        sys.stdout.write(federation.as_markdown(federation.measure(bed)) + "\n")


def _servers(given: argparse.Namespace) -> None:
    plan = _plan(given)
    with engines.bed(install.VAR) as bed, ours.set_up("ours", ours.of_engines(bed), 100) as node:
        measured = servers.compare(node, plan, Meter(bed.programs))
    about = whole.about(_command(), plan)
    text = f"`{about['command']}`, {about['date']}, commit {about['commit']}; {about['rounds']}."
    page.put("servers", "python -m bench servers", page.servers_as_markdown(text, measured))
    sys.stdout.write(report.as_text({servers.SCENARIO: measured}))


def _command() -> str:
    return " ".join(["python -m bench", *sys.argv[1:]])


def _profile(given: argparse.Namespace) -> None:
    with engines.bed(install.VAR) as bed, ours.set_up("ours", ours.of_engines(bed), 100) as node:
        sys.stdout.write(profiling.profile(node, given.scenario, given.lines, Meter(bed.programs)))


if __name__ == "__main__":
    sys.exit(main())
