"""A QR code is what the standard says: known vectors, and read back by its own rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.web import qr


def test_the_check_bytes_are_those_of_the_textbook() -> None:
    """ "HELLO WORLD" at 1-M."""
    data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17]

    assert qr.check_of(data, 10) == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]


@pytest.mark.parametrize(("length", "version"), [(1, 1), (14, 1), (15, 2), (106, 6), (213, 10)])
def test_it_is_no_larger_than_it_must_be(length: int, version: int) -> None:
    assert len(qr.draw("x" * length)) == 17 + 4 * version


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(qr.TooLong):
        qr.draw("x" * 214)


def test_finders_and_timing_are_where_readers_look_for_them() -> None:
    grid = qr.draw("https://licence.test/scan/1")
    finder = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"]
    for x, y in ((0, 0), (len(grid) - 7, 0), (0, len(grid) - 7)):
        seen = ["".join(".#"[bool(on)] for on in row[x : x + 7]) for row in grid[y : y + 7]]
        assert seen == finder
    assert [bool(on) for on in grid[6][8:-8]] == [n % 2 == 0 for n in range(8, len(grid) - 8)]


def test_the_version_is_written_with_its_check() -> None:
    """Version 7 (table D.1): 000111110010010100."""
    grid = qr.draw("x" * 120)
    side = len(grid)
    bits = [grid[n // 3][side - 11 + n % 3] for n in range(17, -1, -1)]

    assert side == 45
    assert "".join("01"[bool(bit)] for bit in bits) == "000111110010010100"


@given(st.text(min_size=1).filter(lambda text: len(text.encode()) <= 213))
def test_what_was_drawn_reads_back(text: str) -> None:
    assert read(qr.draw(text)) == text


def read(grid: qr.Grid) -> str:
    """As a reader goes about it, from the picture alone."""
    version = (len(grid) - 17) // 4
    shape = qr._SHAPES[version]
    free = qr._places(qr._frame(version, shape))
    bits = "".join("01"[bool(grid[y][x]) != ((x + y) % 2 == 0)] for x, y in free)
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    blocks: list[list[int]] = [[] for _ in shape.blocks]
    rest = iter(words)
    for n in range(max(shape.blocks)):
        for block, size in zip(blocks, shape.blocks, strict=True):
            if n < size:
                block.append(next(rest))
    checks: list[list[int]] = [[] for _ in shape.blocks]
    for _ in range(shape.check):
        for check in checks:
            check.append(next(rest))
    assert checks == [qr.check_of(block, shape.check) for block in blocks]
    text = "".join(f"{word:08b}" for block in blocks for word in block)
    width = 16 if version >= 10 else 8
    assert text[:4] == "0100"
    length, start = int(text[4 : 4 + width], 2), 4 + width
    said = [int(text[at : at + 8], 2) for at in range(start, start + 8 * length, 8)]
    return bytes(said).decode()
