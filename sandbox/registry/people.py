"""Whom the registers know. Anybody with a possible number is known by any name, until told
otherwise; some names make every check end in a chosen way.
"""

import json
import threading
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Self

MATCH, MISMATCH, NO_RECORD, INVALID = "match", "mismatch", "no_record", "invalid"
LIMITED, MAINTENANCE, DOWN, SLOW = "limited", "maintenance", "down", "slow"

MAGIC = {
    "查无此人": (NO_RECORD, "库中无此人：军人、新入户、更名等情形"),
    "姓名不符": (MISMATCH, "与登记信息不一致"),
    "非法姓名": (INVALID, "服务拒绝受理所填内容"),
    "次数超限": (LIMITED, "该人当日核验次数已用完"),
    "库在维护": (MAINTENANCE, "权威库升级维护中"),
    "服务断开": (DOWN, "连接被断开，没有应答"),
    "应答缓慢": (SLOW, "--slow 秒后一致"),
}
"""By name: how a check ends, and in words."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Entry:
    """What the registers hold of a number; "" is unknown and agrees with anything."""

    name: str = ""
    phone: str = ""
    bank_card: str = ""


class Registry:
    def __init__(self) -> None:
        self._people: dict[str, Entry] = {}
        self._lock = threading.Lock()

    @classmethod
    def read(cls, file: str) -> Self:
        registry = cls()
        people = json.loads(Path(file).read_text("utf-8")) if file else {}
        for number, known in people.items():
            registry.put(number, **known)
        return registry

    def put(self, number: str, **known: str) -> None:
        with self._lock:
            self._people[number] = replace(self._people.get(number, Entry()), **known)

    def known(self) -> dict[str, Entry]:
        """By number, as of now."""
        with self._lock:
            return dict(self._people)

    def forget(self, number: str) -> None:
        with self._lock:
            self._people.pop(number, None)

    def verdict(self, number: str, name: str, phone: str = "", bank_card: str = "") -> str:
        """How a check of these ends; ``SLOW`` takes its time and then agrees."""
        if name in MAGIC:
            return MAGIC[name][0]
        if not possible(number):
            return INVALID
        with self._lock:
            entry = self._people.get(number, Entry())
        said = Entry(name, phone, bank_card)
        agree = all(
            not (theirs and ours) or theirs == ours
            for theirs, ours in zip(vars(entry).values(), vars(said).values(), strict=True)
        )
        return MATCH if agree else MISMATCH


def possible(number: str) -> bool:
    """Whether the number could have been issued (GB 11643-1999)."""
    if len(number) != 18 or not number[:17].isdigit():  # noqa: PLR2004 - its length
        return False
    total = sum(int(d) * w for d, w in zip(number, _WEIGHTS, strict=False))
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return "10X98765432"[total % 11] == number[17]
