"""The provinces, and the corps that is one in all but name: codes, names, how they are spelt."""

import tomllib
from pathlib import Path

_TABLE = tomllib.loads(
    (Path(__file__).parent.parent.parent / "config" / "regions.toml").read_text("utf-8")
)
NAMES: dict[str, str] = {**_TABLE["provinces"], **_TABLE["corps"]}
"""By the first two digits of GB/T 2260."""
PINYIN: dict[str, str] = _TABLE["pinyin"]


def name(code: str) -> str:
    """Of the province a region (six digits) belongs to; "" for what is none."""
    return NAMES.get(code[:2], "")


def pinyin(code: str) -> str:
    return PINYIN.get(code[:2], "")
