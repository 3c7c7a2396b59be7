"""A QR code (ISO/IEC 18004) for a short text: byte mode, level M, up to 213 bytes; pure."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

Grid = list[list[bool | None]]
"""By row; None where nothing is drawn yet."""


class _Shape(NamedTuple):
    """Of a version at level M (tables 9 and E.1): check bytes of a block, its blocks' data bytes,
    and the middles of its alignment patterns.
    """

    check: int
    blocks: tuple[int, ...]
    middles: tuple[int, ...] = ()


_SHAPES = {
    1: _Shape(10, (16,)),
    2: _Shape(16, (28,), (6, 18)),
    3: _Shape(26, (44,), (6, 22)),
    4: _Shape(18, (32,) * 2, (6, 26)),
    5: _Shape(24, (43,) * 2, (6, 30)),
    6: _Shape(16, (27,) * 4, (6, 34)),
    7: _Shape(18, (31,) * 4, (6, 22, 38)),
    8: _Shape(22, (38,) * 2 + (39,) * 2, (6, 24, 42)),
    9: _Shape(22, (36,) * 3 + (37,) * 2, (6, 26, 46)),
    10: _Shape(26, (43,) * 4 + (44,), (6, 28, 50)),
}
_LONG_COUNT, _WITH_VERSION = 10, 7
"""The versions from which the count has two bytes, and from which the version is drawn."""
_TIMING = 6


class TooLong(ValueError):
    """More than 213 bytes."""


def path(text: str) -> tuple[int, str]:
    """The side in modules, with the quiet zone, and an SVG path of the dark ones."""
    grid = draw(text)
    dark = (
        f"M{x + 4} {y + 4}h1v1h-1z" for y, row in enumerate(grid) for x, on in enumerate(row) if on
    )
    return len(grid) + 8, "".join(dark)


def draw(text: str) -> Grid:
    """Raises TooLong."""
    data = text.encode()
    version = next((v for v, s in _SHAPES.items() if _room(v, s) >= len(data)), 0)
    if not version:
        raise TooLong
    shape = _SHAPES[version]
    grid = _frame(version, shape)
    bits = _bits(_interleaved(_codewords(data, version, shape), shape))
    for x, y in _places(grid):
        grid[y][x] = next(bits, False) != ((x + y) % 2 == 0)
    _write_format(grid)
    return grid


def _room(version: int, shape: _Shape) -> int:
    return sum(shape.blocks) - (3 if version >= _LONG_COUNT else 2)


def _codewords(data: bytes, version: int, shape: _Shape) -> list[int]:
    """Mode, count, the text, and padding (§7.4)."""
    count = 16 if version >= _LONG_COUNT else 8
    bits = f"0100{len(data):0{count}b}" + "".join(f"{byte:08b}" for byte in data)
    size = sum(shape.blocks)
    bits += "0" * min(4, size * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    return words + [(0xEC, 0x11)[n % 2] for n in range(size - len(words))]


def _interleaved(words: list[int], shape: _Shape) -> list[int]:
    """A byte of each block in turn, then of their checks (§7.6)."""
    blocks, at = [], 0
    for size in shape.blocks:
        blocks.append(words[at : at + size])
        at += size
    checks = [check_of(block, shape.check) for block in blocks]
    longest = max(shape.blocks)
    found = [block[n] for n in range(longest) for block in blocks if n < len(block)]
    return found + [check[n] for n in range(shape.check) for check in checks]


def check_of(block: list[int], size: int) -> list[int]:
    """The Reed-Solomon check bytes of a block (§7.5)."""
    left = [0] * size
    for byte in block:
        factor = byte ^ left[0]
        left = [*left[1:], 0]
        left = [a ^ _times(b, factor) for a, b in zip(left, _generator(size), strict=True)]
    return left


@lru_cache
def _generator(size: int) -> tuple[int, ...]:
    """The polynomial whose roots are the first ``size`` powers of two, without its first term."""
    found, root = [1], 1
    for _ in range(size):
        shifted = [0, *(_times(each, root) for each in found)]
        found = [a ^ b for a, b in zip([*found, 0], shifted, strict=True)]
        root = _times(root, 2)
    return tuple(found[1:])


def _times(a: int, b: int) -> int:
    """In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ (0x11D if product & 0x80 else 0)
        product ^= a if b >> bit & 1 else 0
    return product


def _bits(words: list[int]) -> Iterator[bool]:
    return (bool(word >> bit & 1) for word in words for bit in range(7, -1, -1))


def _frame(version: int, shape: _Shape) -> Grid:
    """Everything but the text; where the format goes is kept free."""
    side = 17 + 4 * version
    grid: Grid = [[None] * side for _ in range(side)]
    for n in range(side):
        grid[_TIMING][n] = grid[n][_TIMING] = n % 2 == 0
    for x, y in ((3, 3), (side - 4, 3), (3, side - 4)):
        _square(grid, (x, y), 4, {2, 4})
    corners = {(6, 6), (6, side - 7), (side - 7, 6)}
    for middle in ((x, y) for x in shape.middles for y in shape.middles):
        if middle not in corners:
            _square(grid, middle, 2, {1})
    _write_format(grid)
    if version >= _WITH_VERSION:
        _write_version(grid, version)
    return grid


def _square(grid: Grid, middle: tuple[int, int], reach: int, light: set[int]) -> None:
    """Rings around ``middle``; those in ``light`` are."""
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            x, y = middle[0] + dx, middle[1] + dy
            if 0 <= x < len(grid) and 0 <= y < len(grid):
                grid[y][x] = max(abs(dx), abs(dy)) not in light


def _write_format(grid: Grid) -> None:
    """Level M and mask 0, which is all the check there is to it, twice (§7.9)."""
    side, bits = len(grid), [bool(0x5412 >> n & 1) for n in range(15)]
    around = (
        [(8, n) for n in range(6)] + [(8, 7), (8, 8), (7, 8)] + [(n, 8) for n in range(5, -1, -1)]
    )
    apart = [(side - 1 - n, 8) for n in range(8)] + [(8, side - 7 + n) for n in range(7)]
    for places in (around, apart):
        for (x, y), on in zip(places, bits, strict=True):
            grid[y][x] = on
    grid[side - 8][8] = True


def _write_version(grid: Grid, version: int) -> None:
    """Twice, with its check (§7.10)."""
    check = version
    for _ in range(12):
        check = (check << 1) ^ (0x1F25 if check >> 11 else 0)
    bits = version << 12 | check
    for n in range(18):
        far, near = len(grid) - 11 + n % 3, n // 3
        grid[near][far] = grid[far][near] = bool(bits >> n & 1)


def _places(grid: Grid) -> list[tuple[int, int]]:
    """What is free, up and down in pairs of columns from the right (§7.7.3)."""
    side = len(grid)
    rights = [*range(side - 1, _TIMING, -2), *range(_TIMING - 1, 0, -2)]
    pairs = (
        (x, side - 1 - n if (right + 1) & 2 == 0 else n)
        for right in rights
        for n in range(side)
        for x in (right, right - 1)
    )
    return [(x, y) for x, y in pairs if grid[y][x] is None]
