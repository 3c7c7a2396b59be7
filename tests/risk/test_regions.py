"""Regions by address range: found at both borders of every range, and nowhere else."""

from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.places import importing
from idp.places.importing import BadLine, import_file
from idp.places.table import INTRANET, BadTable, Regions, Table

NAMES = ("广东 深圳", "广东 广州", "北京", "四川 成都", "美国")


def made(tmp_path: Path, text: str) -> Regions:
    source, into = tmp_path / "source.txt", tmp_path / "regions.table"
    source.write_text(text, "utf-8")
    import_file(source, into)
    return Regions(into)


@st.composite
def ranges(draw: st.DrawFn, most: int) -> list[tuple[int, int, str]]:
    """Ranges that do not overlap, some of them neighbours."""
    borders = sorted(draw(st.sets(st.integers(0, most), min_size=2, max_size=24)))
    found = []
    for first, after in pairwise(borders):
        if draw(st.booleans()):
            found.append((first, after - 1, draw(st.sampled_from(NAMES))))
    return found or [(borders[0], borders[1], NAMES[0])]


@pytest.mark.parametrize(
    ("kind", "most"), [(IPv4Address, 2**32 - 1), (IPv6Address, 2**128 - 1)], ids=["v4", "v6"]
)
def test_every_border_is_looked_up_as_a_plain_search_finds_it(
    tmp_path: Path, kind: type[IPv4Address | IPv6Address], most: int
) -> None:
    @settings(max_examples=60, deadline=None)
    @given(ranges(most))
    def holds(found: list[tuple[int, int, str]]) -> None:
        lines = (f"{kind(first)},{kind(last)},{name}" for first, last, name in found)
        regions = made(tmp_path, "\n".join(lines))
        table = regions.table()
        assert table is not None
        edges = {edge + step for f, last, _ in found for edge in (f, last) for step in (-1, 0, 1)}
        for edge in edges | {0, most}:
            if 0 <= edge <= most:
                named = next((name for f, last, name in found if f <= edge <= last), "")
                assert table.region(kind(edge).packed) == named

    holds()


def test_the_published_formats_say_the_same(tmp_path: Path) -> None:
    lines = (
        "192.0.2.0|192.0.2.255|中国|0|广东省|深圳市|电信",
        "192.0.2.0|192.0.2.255|中国|广东省|深圳市|电信|CN",
        "192.0.2.0|192.0.2.255|中国|广东省|深圳市|电信",
        "192.0.2.0/24,广东 深圳",
        "192.0.2.0,192.0.2.255,广东省,深圳市",
    )
    for line in lines:
        regions = made(tmp_path, line)
        assert regions.of("192.0.2.0") == regions.of("192.0.2.255") == "广东 深圳", line
        assert regions.of("192.0.1.255") == regions.of("192.0.3.0") == ""


@pytest.mark.parametrize(
    ("line", "region"),
    [
        ("192.0.2.0|192.0.2.255|中国|0|北京|北京市|联通", "北京"),
        ("192.0.2.0|192.0.2.255|中国|0|内蒙古自治区|0|0", "内蒙古"),
        ("192.0.2.0|192.0.2.255|中国|0|新疆维吾尔自治区|喀什地区|0", "新疆 喀什地区"),
        ("192.0.2.0|192.0.2.255|中国|0|香港特别行政区|0|0", "香港"),
        ("192.0.2.0|192.0.2.255|中国|0|0|0|0", "中国"),
        ("192.0.2.0|192.0.2.255|中国|0|0|移动|CN", "中国"),
        ("192.0.2.0|192.0.2.255|中国|上海|上海市|电信", "上海"),
        ("192.0.2.0|192.0.2.255|Reserved|Reserved|Reserved|0|0", ""),
        ("192.0.2.0|192.0.2.255|美国|0|加利福尼亚|0|0", "美国"),
        ("192.0.2.0|192.0.2.255|0|0|0|0|0", ""),
        ("192.0.2.0|192.0.2.255|0|0|内网IP|内网IP|0", INTRANET),
        ("network,region\n192.0.2.0/24,沙市", "沙市"),
    ],
)
def test_a_region_has_one_short_name(tmp_path: Path, line: str, region: str) -> None:
    assert made(tmp_path, line).of("192.0.2.77") == region


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("192.0.2.0/24,广东\n192.0.2.128/25,北京", "192.0.2.128 is in two ranges"),
        ("192.0.2.0/24,广东\n192.0.2.0|x", "line 2"),
        ("192.0.2.0/24,广东\n192.0.2.9,192.0.2.1,北京", "line 2"),
        ("192.0.2.0/24,广东\n192.0.2.9,2001:db8::,北京", "line 2"),
        ("# nothing\n", "no ranges"),
    ],
)
def test_what_is_not_understood_is_refused_and_the_old_table_stays(
    tmp_path: Path, text: str, said: str
) -> None:
    regions = made(tmp_path, "198.51.100.0/24,四川 成都")
    source = tmp_path / "bad.txt"
    source.write_text(text, "utf-8")

    with pytest.raises(BadLine, match=said):
        import_file(source, tmp_path / "regions.table")

    assert regions.of("198.51.100.1") == "四川 成都"


def test_inner_networks_are_known_without_a_table(tmp_path: Path) -> None:
    regions = Regions(tmp_path / "nothing")

    inner = ("10.0.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "100.127.255.255")
    assert {regions.of(each) for each in (*inner, "::1", "fd00::1", "::ffff:10.0.0.1")} == {
        INTRANET
    }
    outer = ("9.255.255.255", "11.0.0.0", "172.32.0.0", "100.128.0.0", "203.0.113.7", "2001:db8::")
    assert {regions.of(each) for each in (*outer, "", "unix:")} == {""}


def test_a_new_table_is_read_without_a_restart(tmp_path: Path) -> None:
    regions = made(tmp_path, "198.51.100.0/24,四川 成都")
    assert regions.of("198.51.100.1") == "四川 成都"

    made(tmp_path, "198.51.100.0/24,北京")

    assert regions.of("198.51.100.1") == "北京"


@pytest.mark.parametrize("cut", [3, 20, -1])
def test_a_file_cut_short_is_no_table_and_nobody_s_region(tmp_path: Path, cut: int) -> None:
    regions = made(tmp_path, "198.51.100.0/24,四川 成都")
    path = tmp_path / "regions.table"
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(BadTable):
        Table(path)
    assert regions.of("198.51.100.1") == ""
    assert "regions.table" in regions.problem()


def test_neighbours_of_one_region_are_one_range(tmp_path: Path) -> None:
    table = made(tmp_path, "198.51.100.0/25,北京\n198.51.100.128/25,北京").table()

    assert table is not None
    assert table.counts == (3, 0)
    assert (table.source, table.regions) == ("source.txt", ["", "北京"])


def test_a_line_says_its_region_whatever_stands_in_its_other_columns() -> None:
    (found,) = importing.read(["192.0.2.0|192.0.2.255|中国|0|广东省|深圳市|移动"])
    assert found.region == "广东 深圳"
