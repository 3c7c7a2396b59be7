"""``python -m demo`` starts the whole demo and says where to look."""

import argparse
import signal
import sys
import time
from pathlib import Path

from demo.cast import PASSWORD, PEOPLE
from demo.plan import Plan, usual
from demo.processes import ROOT, DemoProblem
from demo.town import Town, refuse_beyond_loopback

_STOPS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; no other is taken")
    parser.add_argument("--first-port", type=int, default=8000, help="the node's; the rest follow")
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "demo", help="where data goes")
    given = parser.parse_args()
    for each in _STOPS:
        signal.signal(each, _interrupt)
    try:
        refuse_beyond_loopback(given.host)
        plan = usual(given.var.resolve(), given.first_port)
        return _run(plan)
    except DemoProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n演示已停止，数据保留在 / Stopped; the data stays in", given.var)
        return 0


def _run(plan: Plan) -> int:
    print("正在启动演示… / Starting the demo…", flush=True)
    began = time.monotonic()
    with Town(plan) as town:
        print(_welcome(plan, time.monotonic() - began), flush=True)
        if plan.nodes:
            town.federate()
            print(_federated(plan, time.monotonic() - began), flush=True)
        town.watch()
    return 0


def _interrupt(_signal: int, _frame: object) -> None:
    """A second one would leave running what the first one is stopping."""
    for each in _STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _welcome(plan: Plan, seconds: float) -> str:
    places = [f"  {p.name:<14}{plan.places[p.slug].url}/" for p in plan.portals]
    return "\n".join(
        [
            f"\n互通演示已就绪（{seconds:.0f} 秒）/ The demo is ready:\n",
            f"  从这里开始 / start here   {plan.node.url}/demo",
            *places,
            f"  演示手机 / fake phone      {plan.sandbox.url}/phone",
            "",
            f"  手机号 / phone  {PEOPLE[0].phone}    密码 / password  {PASSWORD}",
            "",
            f"  日志 / logs  {plan.var / 'log'}",
            *(["  各省市节点正在启动… / provinces and cities are starting…"] if plan.nodes else []),
            "  按 Ctrl-C 停止 / Ctrl-C stops everything",
        ]
    )


def _federated(plan: Plan, seconds: float) -> str:
    halls = [part.portal for part in plan.others if part.portal]
    places = [f"  {hall.name:<14}{plan.places[hall.slug].url}/" for hall in halls]
    return "\n".join(
        [
            f"\n全国联邦也已就绪（{seconds:.0f} 秒）/ So is the federation:\n",
            f"  谁信任谁 / who trusts whom  {plan.sandbox.url}/federation",
            *places,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
