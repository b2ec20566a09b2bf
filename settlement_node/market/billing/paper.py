"""Paper for a statement of account: fonts, colours, and rows that know when to turn the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import zip_longest
from typing import Final, cast

import ttf_opensans
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos
from fpdf.fonts import TTFFont

_FONT: Final = "OpenSans"
_INK: Final = (31, 41, 51)
_PALE: Final = (123, 135, 148)
_ACCENT: Final = (14, 93, 84)
_RULE: Final = (217, 222, 227)
_BAND: Final = (240, 245, 244)

_LEFT: Final = 20
_RIGHT: Final = 20
_TOP: Final = 15
_BOTTOM: Final = 18
_LINE: Final = 4.4
_GUTTER: Final = 10
_CENTS: Final = 3
"""The point and two decimals."""
_FULL_INK: Final = 4
"""Three decimals, of kilowatt-hours say, are one figure; more of them are cents and the rest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A short line: words and a figure; one that is set in is a part of the one above."""

    label: str
    figure: str
    inset: bool = False


class Paper(FPDF):
    """A4 pages, each with its number and the statement's at its foot."""

    def __init__(self, title: str, author: str, foot: str, issued: date) -> None:
        super().__init__(format="A4")
        self._foot = foot
        # A file says when it was made; the same statement must give the same file.
        self.set_creation_date(datetime.combine(issued, time(0), UTC))
        self.set_title(title)
        self.set_author(author)
        self.set_lang("en-GB")
        for style, font in (
            ("", ttf_opensans.OPENSANS_REGULAR),
            ("B", ttf_opensans.OPENSANS_SEMIBOLD),
        ):
            self.add_font(_FONT, style, font.path)
        faces = [face for face in self.fonts.values() if isinstance(face, TTFFont)]
        self._printable = set(faces[0].cmap)
        self.set_margins(_LEFT, _TOP, _RIGHT)
        self.set_auto_page_break(auto=True, margin=_BOTTOM)
        self.add_page()

    def footer(self) -> None:
        """Print the foot of each page."""
        self.set_y(-13)
        self._pen(7, _PALE)
        self.cell(self.epw * 0.85, 4, self._shown(self._foot))
        self.cell(
            self.epw * 0.15,
            4,
            f"Page {self.page_no()} of {{nb}}",
            align=Align.R,
            new_x=XPos.LMARGIN,
        )

    def letterhead(self, sender: tuple[str, ...], receiver: tuple[str, ...], title: str) -> None:
        """Print who writes to whom, and what."""
        self._pen(13, _ACCENT, bold=True)
        self.cell(0, 7, self._fitted(sender[0], self.epw), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._pen(7.5, _PALE)
        self._paragraph(" · ".join(filter(None, sender[1:])), 4)
        self.ln(5)
        self._pen(9.5, _INK)
        for line in filter(None, receiver):
            self._paragraph(line, 4.8)
        self.ln(5)
        self._pen(17, _INK, bold=True)
        self.cell(0, 9, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Print short facts side by side, each below its name."""
        width = self.epw / len(facts)
        top = self.get_y() + 1
        for column, (name, fact) in enumerate(facts):
            self.set_xy(_LEFT + column * width, top)
            self._pen(7, _PALE)
            self.cell(width, 3.8, name, new_x=XPos.LEFT, new_y=YPos.NEXT)
            self._pen(8.5, _INK)
            self.cell(width, 4.6, self._fitted(fact, width))
        self.set_xy(_LEFT, top + 10)

    def section(self, title: str, unit: str = "") -> None:
        """Begin a part; its title never stands alone at the end of a page."""
        self._room_for(3 * _LINE)
        self.ln(3.2)
        self._pen(9, _ACCENT, bold=True)
        self.cell(self.epw * 0.7, 5.2, title)
        self._pen(7.5, _PALE)
        self.cell(self.epw * 0.3, 5.2, unit, align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._rule()

    def row(self, label: str, figure: str, *, inset: bool = False, strong: bool = False) -> None:
        """Print a line: words on the left, a figure on the right."""
        indent = 5 if inset else 0
        width = self.epw * 0.74 - indent
        self._pen(8.5, _PALE if inset else _INK, bold=strong)
        words = self._shown(label)
        height = _LINE * len(self._lines(words, width))
        self._room_for(height)
        top = self.get_y()
        self.set_x(_LEFT + indent)
        self.multi_cell(width, _LINE, words, new_x=XPos.RIGHT, new_y=YPos.TOP, align=Align.L)
        self._figure(figure, top, strong=strong)
        self.set_xy(_LEFT, top + height)

    def halves(self, left: Sequence[Entry], right: Sequence[Entry]) -> None:
        """Print short lines in two columns, side by side."""
        width = (self.epw - _GUTTER) / 2
        for pair in zip_longest(left, right):
            self._room_for(_LINE)
            top = self.get_y()
            for column, entry in enumerate(pair):
                if entry is not None:
                    indent = 4 if entry.inset else 0
                    self._pen(8.5, _PALE if entry.inset else _INK)
                    figure_width = self.get_string_width(entry.figure) + 2
                    self.set_xy(_LEFT + column * (width + _GUTTER) + indent, top)
                    room = width - indent - figure_width
                    self.cell(room, _LINE, self._fitted(entry.label, room))
                    self.cell(figure_width, _LINE, entry.figure, align=Align.R)
            self.set_xy(_LEFT, top + _LINE)

    def total(self, label: str, figure: str) -> None:
        """Print a line that stands out: a balance."""
        self._room_for(7)
        self.set_fill_color(*_BAND)
        self.rect(_LEFT - 2, self.get_y() + 0.6, self.epw + 4, 6, style="F")
        self.set_y(self.get_y() + 1.3)
        self.row(label, figure, strong=True)
        self.ln(1.4)

    def columns(self, cells: tuple[str, ...], *, heading: bool = False) -> None:
        """Print a line of a small table: words first, figures in equal columns after them."""
        self._room_for(_LINE)
        self._pen(8.5, _INK)
        first = self.epw * 0.30
        width = (self.epw - first) / (len(cells) - 1)
        self.cell(first, _LINE, self._fitted(cells[0], first))
        # Amounts of ten thousands, with all their decimals, fit side by side.
        self._pen(7.5, _PALE if heading else _INK)
        for cell in cells[1:-1]:
            self.cell(width, _LINE, cell, align=Align.R)
        self.cell(width, _LINE, cells[-1], align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def note(self, text: str) -> None:
        """Print a remark in small letters."""
        self._pen(7.5, _PALE)
        self._paragraph(text, 3.8)

    def _paragraph(self, text: str, height: float) -> None:
        self.multi_cell(
            0, height, self._shown(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def _lines(self, words: str, width: float) -> list[str]:
        """Break words into the lines that they will take."""
        lines = self.multi_cell(
            width, _LINE, words, dry_run=True, output=MethodReturnValue.LINES, align=Align.L
        )
        return cast("list[str]", lines)

    def _figure(self, figure: str, top: float, *, strong: bool) -> None:
        """Print an amount in full, and what is below a cent, beside more than that, in pale ink."""
        point = figure.find(".")
        ink, pale = figure, ""
        if 0 <= point < len(figure) - _FULL_INK:
            ink, pale = figure[: point + _CENTS], figure[point + _CENTS :]
        self._pen(8.5, _INK, bold=strong)
        start = _LEFT + self.epw - self.get_string_width(figure)
        self.set_xy(start - 2 * self.c_margin, top)
        self.cell(self.get_string_width(ink) + 2 * self.c_margin, _LINE, ink)
        if pale:
            self._pen(8.5, _PALE, bold=strong)
            self.set_x(self.get_x() - 2 * self.c_margin)
            self.cell(self.get_string_width(pale) + 2 * self.c_margin, _LINE, pale)

    def _fitted(self, text: str, width: float) -> str:
        """Cut a text to a width."""
        shown = self._shown(text)
        if self.get_string_width(shown) <= width - 2:
            return shown
        while shown and self.get_string_width(f"{shown}…") > width - 2:
            shown = shown[:-1]
        return f"{shown}…"

    def _shown(self, text: str) -> str:
        """Put a question mark for each letter that the font lacks."""
        return "".join(letter if ord(letter) in self._printable else "?" for letter in text)

    def _pen(self, size: float, ink: tuple[int, int, int], *, bold: bool = False) -> None:
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*ink)

    def _rule(self) -> None:
        self.set_draw_color(*_RULE)
        self.set_line_width(0.2)
        self.line(_LEFT, self.get_y(), _LEFT + self.epw, self.get_y())
        self.ln(1)

    def _room_for(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()
