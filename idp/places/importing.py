"""Make a table of regions from the free formats others publish.

ip2region's source lines ``start|end|country|area|province|city|isp`` (v2) or
``start|end|country|province|city|isp[|code]`` (v3), where ``0`` or nothing is unknown; and CSV
``network,region`` (CIDR) or ``start,end,region``. The kind is told by each line. Ranges must not
overlap; networks inside a network (longest prefix first) are not understood.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from idp.places import table

_CHINA = {"中国", "China", "CN"}
_NOTHING = {"", "0"}
_OTHER_NAMES = {"内网IP": table.INTRANET, "内网": table.INTRANET, "Reserved": ""}
_ENDINGS = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")
_PIPED_V2, _PIPED_LEAST = 7, 5
_CODE = re.compile(r"[A-Z]{2}")
"""Of a country (ISO 3166), where v3 has one: v2 ends with a carrier."""


class BadLine(Exception):
    """A line that is in none of the formats, or says what another one denies."""


@dataclass(frozen=True, slots=True)
class Range:
    """From ``first`` to ``last``, both in it."""

    version: int
    first: int
    last: int
    region: str


@dataclass(frozen=True, slots=True)
class Imported:
    ranges: int
    regions: int


def import_file(source: Path, into: Path) -> Imported:
    """Read ``source`` (UTF-8) and put the table made from it at ``into``. Raises BadLine."""
    with source.open(encoding="utf-8-sig", newline="") as lines:
        found = list(read(lines))
    if not found:
        raise BadLine("the file has no ranges")
    names: dict[str, int] = {"": 0}
    starts = tuple(_starts(found, version, names) for version in (4, 6))
    into.parent.mkdir(parents=True, exist_ok=True)
    table.write(into, starts, source=source.name, regions=list(names))  # type: ignore[arg-type]
    return Imported(len(found), len(names) - 1)


def read(lines: Iterable[str]) -> Iterator[Range]:
    """Raises BadLine, with the line's number."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            yield _piped(text.split("|")) if "|" in text else _listed(next(csv.reader([text])))
        except ValueError as error:
            if number == 1:  # the names of the columns
                continue
            raise BadLine(f"line {number}: {error}") from None


def _piped(parts: list[str]) -> Range:
    if len(parts) < _PIPED_LEAST:
        raise ValueError("not start|end|country|…|city|isp")
    start, end, country, *rest = (part.strip() for part in parts)
    if len(parts) == _PIPED_V2 and not _CODE.fullmatch(rest[-1]):
        rest = rest[1:]  # the area, which says nothing
    return _range(start, end, _named(country, *rest[:2]))


def _listed(row: list[str]) -> Range:
    parts = [part.strip() for part in row]
    if len(parts) >= 2 and "/" in parts[0]:  # noqa: PLR2004
        network = ip_network(parts[0])
        first, last = int(network.network_address), int(network.broadcast_address)
        return Range(network.version, first, last, _tidy(" ".join(parts[1:])))
    if len(parts) < 3:  # noqa: PLR2004
        raise ValueError("neither network,region nor start,end,region")
    return _range(parts[0], parts[1], _tidy(" ".join(parts[2:])))


def _range(start: str, end: str, region: str) -> Range:
    first, last = ip_address(start), ip_address(end)
    if not isinstance(last, type(first)) or int(last) < int(first):
        raise ValueError(f"{start} to {end} is no range")
    return Range(first.version, int(first), int(last), region)


def _named(country: str, province: str = "", city: str = "") -> str:
    """``广东 深圳``; for other countries their name alone."""
    if country in _OTHER_NAMES:
        return _OTHER_NAMES[country]
    if province in _OTHER_NAMES:
        return _OTHER_NAMES[province]
    if country not in _CHINA:
        return "" if country in _NOTHING else country
    return _tidy(f"{_known(province)} {_known(city)}") or "中国"


def _known(word: str) -> str:
    return "" if word in _NOTHING else word


def _tidy(words: str) -> str:
    """Without what units are called (省, 市): one region has one name; Beijing is said once."""
    short = [_short(word) for word in words.split()]
    return " ".join(dict.fromkeys(short))[:64]


def _short(word: str) -> str:
    ending = next((each for each in _ENDINGS if word.endswith(each)), "")
    return word.removesuffix(ending) if len(word) - len(ending) > 1 else word


def _starts(found: list[Range], version: int, names: dict[str, int]) -> list[tuple[int, int]]:
    """Where each region begins, gaps being of the unknown one; neighbours of one region are one.

    Raises BadLine where two ranges overlap.
    """
    starts: list[tuple[int, int]] = []

    def begins(at: int, region: int) -> None:
        if not starts or starts[-1][1] != region:
            starts.append((at, region))

    after = 0
    for each in sorted((r for r in found if r.version == version), key=lambda r: r.first):
        if each.first < after:
            raise BadLine(f"{_said(version, each.first)} is in two ranges")
        if each.first > after:
            begins(after, 0)
        begins(each.first, names.setdefault(each.region, len(names)))
        after = each.last + 1
    if 0 < after < 1 << (32 if version == 4 else 128):  # noqa: PLR2004
        begins(after, 0)
    return starts


def _said(version: int, address: int) -> str:
    return str(IPv4Address(address) if version == 4 else IPv6Address(address))  # noqa: PLR2004
