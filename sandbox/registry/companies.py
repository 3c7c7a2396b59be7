"""Which organisations the registers know. Any possible credit code is known by any name, until
told otherwise; some names make everything about them end in a chosen way.
"""

import json
import re
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sandbox.registry.people import (
    DOWN,
    INVALID,
    LIMITED,
    MAINTENANCE,
    MATCH,
    MISMATCH,
    NO_RECORD,
    SLOW,
)

WAITING, LATE = "waiting", "late"

MAGIC = {
    "查无此企业": (NO_RECORD, "库中无此企业：新设立、更名等情形；打款被银行退回"),
    "信息不符企业": (MISMATCH, "与登记信息不一致；打款被银行退回"),
    "非法名称企业": (INVALID, "服务拒绝受理所填内容"),
    "次数超限企业": (LIMITED, "该企业当日核验次数已用完"),
    "库在维护企业": (MAINTENANCE, "登记库升级维护中"),
    "服务断开企业": (DOWN, "连接被断开，没有应答"),
    "应答缓慢企业": (SLOW, "--slow 秒后一致"),
    "打款在途企业": (WAITING, "登记一致；打款一直在途"),
    "打款过期企业": (LATE, "登记一致；打款已过期"),
}
"""By name: how whatever is asked about it ends, and in words."""
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


@dataclass(frozen=True)
class Entry:
    """What the registers hold of a code; "" is unknown and agrees with anything."""

    name: str = ""
    legal_person: str = ""
    legal_person_number: str = ""


KNOWN = {
    "91110000MA00000077": Entry("甲省胡同商贸有限公司", "王建国", "110000194910010034"),
    "92440100MA00TE5T20": Entry("甲省槐树门口早点铺", "李秀英", "110000199003070028"),
}
"""Where no file says otherwise; invented."""


class Companies:
    def __init__(self) -> None:
        self._companies: dict[str, Entry] = {}
        self._lock = threading.Lock()

    @classmethod
    def read(cls, file: str) -> Self:
        companies = cls()
        found = json.loads(Path(file).read_text("utf-8")) if file else {}
        for code, known in found.items() or ((c, vars(e)) for c, e in KNOWN.items()):
            companies.put(code, **known)
        return companies

    def put(self, code: str, **known: str) -> None:
        with self._lock:
            self._companies[code] = replace(self._companies.get(code, Entry()), **known)

    def known(self) -> dict[str, Entry]:
        """By credit code, as of now."""
        with self._lock:
            return dict(self._companies)

    def verdict(self, code: str, said: Entry) -> str:
        """How a check of these ends; ``SLOW`` takes its time and then agrees."""
        if said.name in MAGIC:
            found = MAGIC[said.name][0]
            return MATCH if found in {WAITING, LATE} else found
        if not _FORM.fullmatch(code):
            return INVALID
        entry = self.known().get(code, Entry())
        agree = all(
            not (theirs and ours) or theirs == ours
            for theirs, ours in zip(vars(entry).values(), vars(said).values(), strict=True)
        )
        return MATCH if agree else MISMATCH
