"""From what one operation costs to what a country needs: the arithmetic, every step shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DAY = 86_400
SIZES = (1_000_000, 100_000_000, 1_000_000_000)
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class Assumptions:
    """What people do. Change a number, and every table follows."""

    sign_ins: float = 0.1
    """By account and day: Italy's SPID saw 0.07 (2022), India's Aadhaar 0.055 (November 2025)."""
    by_sms: float = 0.7
    """Of the sign-ins; the others are by password."""
    flows: float = 3.0
    """Portals opened on one sign-in; the first of them asks SQL who may be told what."""
    refreshes: float = 3.0
    """Refreshes on one sign-in."""
    peak: float = 10.0
    """The busiest second of a day against the mean of the day."""
    headroom: float = 2.5
    """Keycloak's sizing guide adds 150 % of CPU; so do we."""
    retention_days: float = 400.0
    """``audit.retention``."""
    sign_ins_days: float = 365.0
    """``retention.sign_ins``."""

    def rates(self, accounts: int) -> dict[str, float]:
        """Operations a second, in the mean of a day."""
        each = accounts * self.sign_ins / DAY
        return {
            "SMS sign-in": each * self.by_sms,
            "password sign-in": each * (1 - self.by_sms),
            "first SSO flow": each,
            "SSO flow": each * (self.flows - 1),
            "refresh": each * self.refreshes,
        }


def cores(found: dict[str, Any], given: Assumptions, accounts: int) -> dict[str, float]:
    """Cores in the busiest second, headroom included, by who needs them."""
    costs = _costs(found)
    needed = dict.fromkeys(("web", "worker", "redis", "postgres"), 0.0)
    for name, rate in given.rates(accounts).items():
        for who in needed:
            needed[who] += rate * costs[name][f"{who}_ms"] / 1000
    return {who: each * given.peak * given.headroom for who, each in needed.items()}


def traffic(found: dict[str, Any], given: Assumptions, accounts: int) -> dict[str, float]:
    """Bits a second in the busiest second, without TLS and pictures."""
    costs, rates = _costs(found), given.rates(accounts)
    return {
        way: sum(rate * costs[name][way] for name, rate in rates.items()) * 8 * given.peak
        for way in ("bytes_in", "bytes_out")
    }


def events_a_second(given: Assumptions, accounts: int) -> float:
    """Audit events in the mean of a day: a message, a sign-in, a code and its tokens, a refresh."""
    each = accounts * given.sign_ins / DAY
    return each * (given.by_sms + 1 + 2 * given.flows + given.refreshes)


def disk(found: dict[str, Any], given: Assumptions, accounts: int) -> dict[str, float]:
    """Bytes in PostgreSQL, once as much has been kept as is kept."""
    largest = found["tables"][max(found["tables"], key=int)]
    lasting = sum(each["per_account"] for each in largest if each["table"] != "audit_event")
    row = next(each for each in largest if each["table"] == "sign_in")
    sign_in = (row["table_bytes"] + row["index_bytes"]) / row["rows"]
    kept = accounts * given.sign_ins * given.sign_ins_days
    audit = events_a_second(given, accounts) * DAY * given.retention_days
    return {
        "accounts": accounts * lasting,
        "sign_ins": kept * sign_in,
        "audit": audit * found["event"]["bytes"],
    }


def memory(found: dict[str, Any], given: Assumptions, accounts: int) -> dict[str, float]:
    """Bytes in Redis: how many of a kind are made a second, times how long they live."""
    session = found["session"]
    grown, lives = session["grown_by_each_of_100000"], session["lives_seconds"]
    each = accounts * given.sign_ins / DAY
    made = {"a": given.flows + given.refreshes, "c": given.flows, "f": given.flows}
    made["fs"] = 1.0
    made["acct:sessions"] = min(1.0, 1 / (given.sign_ins * lives["acct:sessions"] / DAY))
    return {
        kind: each
        * made.get(kind, given.by_sms if kind.startswith("sms") else 1.0)
        * lives[kind]
        * size
        for kind, size in grown.items()
    }


def tables(found: dict[str, Any], given: Assumptions) -> Iterator[str]:
    """As Markdown, for docs/scaling.md."""
    yield from _operations(found)
    yield ""
    yield "| | " + " | ".join(map(_number, SIZES)) + " |"
    yield "|---|" + "---:|" * len(SIZES)
    for name, values in _lines(found, given):
        yield f"| {name} | " + " | ".join(values) + " |"


def _operations(found: dict[str, Any]) -> Iterator[str]:
    yield (
        "| operation | accounts | web | worker | PostgreSQL | Redis | all CPU | against 10⁴ "
        "| p50 | p99 |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---|---:|---:|"
    for row in found["rounds"]:
        low, high = row["cpu_ratio"][1:]
        cells = (
            row["operation"],
            _number(row["accounts"]),
            *(f"{row.get(f'{who}_ms', 0.0):.2f}" for who in ("web", "worker", "postgres")),
            f"{row.get('redis_ms', 0.0):.2f}",
            f"{row['cpu_ms']:.2f}",
            f"{row['cpu_ratio'][0]:.2f} ({low:.2f}–{high:.2f})",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
        )
        yield "| " + " | ".join(cells) + " |"


def _lines(found: dict[str, Any], given: Assumptions) -> Iterator[tuple[str, list[str]]]:
    mean = [sum(list(given.rates(size).values())[:2]) for size in SIZES]
    yield "sign-ins a second, mean", [_number(each, 1) for each in mean]
    yield "… in the busiest second", [_number(each * given.peak) for each in mean]
    needed = [cores(found, given, size) for size in SIZES]
    for who in needed[0]:
        yield f"cores: {who}", [_number(each[who], 1) for each in needed]
    for way, words in (("bytes_in", "traffic in"), ("bytes_out", "traffic out")):
        yield (
            f"{words}, Mbit/s",
            [_number(traffic(found, given, s)[way] / 1e6, 1) for s in SIZES],
        )
    yield (
        "audit events a second, busiest",
        [_number(events_a_second(given, s) * given.peak) for s in SIZES],
    )
    for kind in ("accounts", "sign_ins", "audit"):
        yield f"PostgreSQL: {kind}", [_amount(disk(found, given, s)[kind]) for s in SIZES]
    yield "Redis", [_amount(sum(memory(found, given, s).values())) for s in SIZES]


def _costs(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What operations cost among the most accounts there were."""
    most = max(row["accounts"] for row in found["rounds"])
    return {row["operation"]: row for row in found["rounds"] if row["accounts"] == most}


def _number(value: float, digits: int = 0) -> str:
    return f"{value:,.{digits}f}".replace(",", " ")


def _amount(size: float) -> str:
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size:.0f} B"
