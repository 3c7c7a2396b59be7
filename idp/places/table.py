"""A table of regions by address range: one file, mapped into memory, searched by halves.

``HTREGION`` 1, the length of a header (4 bytes, as all numbers here the most significant first),
the header (JSON: ``made_at``, ``source``, ``regions``, ``counts``), and for IPv4 and then IPv6 the
first address of every range (4 or 16 bytes) in order, and for each the number of its region (4
bytes). A range reaches to the next one; region 0 is the unknown one.
"""

import mmap
import struct
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

import orjson

MAGIC = b"HTREGION1\n"
INTRANET = "内网"
_WIDTHS = (4, 16)
_INTRANETS = tuple(
    ip_network(each)
    for each in (
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598
        "127.0.0.0/8",  # RFC 1122
        "169.254.0.0/16",  # RFC 3927
        "::1/128",  # RFC 4291
        "fe80::/10",
        "fc00::/7",  # RFC 4193
    )
)


class BadTable(Exception):
    """The file is no table of regions, or not whole; the text says which."""


class _Column(Sequence[bytes]):
    """Fields of one width, side by side in a mapped file."""

    def __init__(self, data: Any, start: int, count: int, width: int):
        self._data, self._start, self._count, self._width = data, start, count, width

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        at = self._start + index * self._width
        return bytes(self._data[at : at + self._width])


class Table:
    """One file, read. Raises BadTable or OSError."""

    def __init__(self, path: Path):
        with path.open("rb") as file:
            if path.stat().st_size < len(MAGIC) + 4:
                raise BadTable(f"{path} is not whole")
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._data[: len(MAGIC)] != MAGIC:
            raise BadTable(f"{path} is no table of regions")
        (length,) = struct.unpack_from(">I", self._data, len(MAGIC))
        start = len(MAGIC) + 4
        try:
            header = orjson.loads(self._data[start : start + length])
            self.made_at = datetime.fromisoformat(header["made_at"])
            self.source: str = header["source"]
            self.regions: list[str] = header["regions"]
            self.counts: tuple[int, int] = tuple(header["counts"])
        except (ValueError, KeyError, TypeError):
            raise BadTable(f"{path} is not whole") from None
        sizes = [n * size for n, w in zip(self.counts, _WIDTHS, strict=True) for size in (w, 4)]
        ends = list(accumulate(sizes, initial=start + length))
        if ends[-1] != len(self._data):
            raise BadTable(f"{path} is not whole")
        self._columns = {
            width: (
                _Column(self._data, ends[2 * i], self.counts[i], width),
                _Column(self._data, ends[2 * i + 1], self.counts[i], 4),
            )
            for i, width in enumerate(_WIDTHS)
        }

    def region(self, packed: bytes) -> str:
        """Of an address as 4 or 16 bytes."""
        starts, regions = self._columns[len(packed)]
        at = bisect_right(starts, packed) - 1
        return self.regions[int.from_bytes(regions[at])] if at >= 0 else ""


class Regions:
    """The table there is, whichever process put it there: another file is read when asked next."""

    def __init__(self, path: Path):
        self._path = path
        self._read: tuple[tuple[int, int], Table | None] | None = None

    def of(self, address: str) -> str:
        """The region of an address, "" where it is not known, or is no address."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return ""
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
            parsed = parsed.ipv4_mapped
        if _in_intranet(parsed):
            return INTRANET
        table = self.table()
        return table.region(parsed.packed) if table else ""

    def table(self) -> Table | None:
        """None where there is none, or none that can be read; ``problem`` says why."""
        try:
            found = self._path.stat()
            mark = (found.st_mtime_ns, found.st_ino)
        except OSError:
            self._read = None
            return None
        if self._read is None or self._read[0] != mark:
            try:
                self._read = mark, Table(self._path)
            except (BadTable, OSError):
                self._read = mark, None
        return self._read[1]

    def problem(self) -> str:
        """Why there is no table, in one sentence; "" when there is one."""
        try:
            Table(self._path)
        except FileNotFoundError:
            return f"there is no table of regions at {self._path}"
        except (BadTable, OSError) as error:
            return str(error)
        return ""


def write(
    path: Path, ranges: tuple[list[tuple[int, int]], list[tuple[int, int]]], **about: Any
) -> None:
    """Write a table in one step: readers have the old one or the new one.

    ``ranges`` are, for IPv4 and IPv6, (first address, number of the region) in order; ``about`` is
    ``source`` and ``regions``, whose first is "".
    """
    counts = [len(each) for each in ranges]
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    header = orjson.dumps({"made_at": made_at, "counts": counts, **about})
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(MAGIC + struct.pack(">I", len(header)) + header)
        for found, width in zip(ranges, _WIDTHS, strict=True):
            file.write(b"".join(start.to_bytes(width) for start, _ in found))
            file.write(b"".join(region.to_bytes(4) for _, region in found))
    new.replace(path)


@lru_cache(4096)
def _in_intranet(address: Any) -> bool:
    return any(address.version == net.version and address in net for net in _INTRANETS)
