"""What is held about a person as a PDF: the words of the page to print, in an embedded font."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

_FAMILY = "hutong"
_TITLE, _HEADING, _TEXT, _SMALL = 18, 13, 10, 8
"""Points."""
_GAP = 4
"""Millimetres."""
_LEADING = 0.55
"""Height of a line in millimetres for each point."""

# It names the letters a font lacks: those of a person's name.
logging.getLogger("fpdf").setLevel(logging.CRITICAL)
logging.getLogger("fontTools").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Section:
    """A heading and its lines; a line may begin with a time."""

    title: str
    lines: list[str]


@dataclass(frozen=True)
class Font:
    """A font file, and which face of a collection."""

    path: Path
    face: int


def made(title: str, lead: str, sections: list[Section], font: Font) -> bytes:
    """A4 pages, numbered. A letter the font lacks is written as its code point, never left out."""
    paper = _Paper(font)
    paper.set_title(title)
    paper.add_page()
    paper.write_block(title, _TITLE)
    paper.write_block(lead, _SMALL)
    for section in sections:
        paper.ln(_GAP)
        paper.write_block(section.title, _HEADING)
        for line in section.lines:
            paper.write_block(line, _TEXT)
    return bytes(paper.output())


class _Paper(FPDF):
    def __init__(self, font: Font):
        super().__init__(format="A4")
        self.add_font(_FAMILY, fname=font.path, collection_font_number=font.face)
        self.set_font(_FAMILY, size=_TEXT)
        self.set_lang("zh-CN")
        self.has = cast(TTFFont, self.fonts[_FAMILY]).cmap

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(_FAMILY, size=_SMALL)
        self.cell(0, 10, f"{self.page_no()}", align="C")

    def write_block(self, text: str, size: int) -> None:
        self.set_font(_FAMILY, size=size)
        height = size * _LEADING
        shown = "".join(each if ord(each) in self.has else f"[U+{ord(each):04X}]" for each in text)
        self.multi_cell(
            0, height, shown, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT, wrapmode=WrapMode.CHAR
        )
