"""A picture of a simulation: the mean day of the street, and what each home gains."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from settlement_node.simulation.results import Bill, Results
from settlement_node.simulation.shapes import Energy

_WIDTH: Final = 960
_HEIGHT: Final = 400
_TOP: Final = 84
_BOTTOM: Final = 344
_DAY_PANEL: Final = (64, 500)
_GAIN_PANEL: Final = (596, 936)

_INK: Final = "#1f2933"
_PALE: Final = "#d9dee4"
_CONSUMED: Final = "#5b7083"
_PRODUCED: Final = "#e0a100"
_SHARED: Final = "#1a936f"
_LOST: Final = "#c0392b"
_LINES: Final = 4
"""Grid lines of a panel, at least."""

_NANO: Final = 10**9


def picture(results: Results, title: str, currency: str) -> str:
    """Draw it as SVG."""
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    letters = f'font-family="system-ui, sans-serif" font-size="12" fill="{_INK}"'
    parts = [
        f"<svg {frame} {letters}>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(24, 30, title, size=16),
        *_day(results),
        *_gains(results.bills, currency),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _day(results: Results) -> Iterator[str]:
    """Draw the mean day: what is consumed and produced, and what is shared of it."""
    days = results.days
    left, right = _DAY_PANEL
    energy = results.balance
    together, alone = energy.sufficiency(energy.shared), energy.sufficiency(0)
    told = f"The mean day, kW: {together:.0%} self-sufficient, {alone:.0%} without neighbours"
    yield _text(left - 40, 56, told, size=13)
    scale = _Scale.over([0, int(days.produced.max()), int(days.consumed.max())])
    for value in scale.marks:
        yield _mark(scale, value, (left, right), _number(value / 1000))
    for hour in range(0, 25, 6):
        x = left + (right - left) * hour / 24
        yield _text(x, _BOTTOM + 18, f"{hour:02}:00", anchor="middle")

    def points(watts: Energy) -> str:
        places = (
            (left + (right - left) * (at + 0.5) / watts.size, scale.y(int(value)))
            for at, value in enumerate(watts)
        )
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)

    area = f"{left},{_BOTTOM} {points(days.shared)} {right},{_BOTTOM}"
    yield f'<polygon points="{area}" fill="{_SHARED}" fill-opacity="0.35"/>'
    for watts, colour in (
        (days.shared, _SHARED),
        (days.consumed, _CONSUMED),
        (days.produced, _PRODUCED),
    ):
        yield (
            f'<polyline points="{points(watts)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
    names = (("produced", _PRODUCED), ("consumed", _CONSUMED), ("shared", _SHARED))
    for at, (name, colour) in enumerate(names):
        x = left + at * 96
        yield f'<rect x="{x}" y="{_BOTTOM + 32}" width="14" height="4" fill="{colour}"/>'
        yield _text(x + 20, _BOTTOM + 38, name)


def _gains(bills: Sequence[Bill], currency: str) -> Iterator[str]:
    """Draw one bar a home, the least gain first."""
    left, right = _GAIN_PANEL
    yield _text(left - 40, 56, f"What each home gains against the grid alone, {currency}", size=13)
    ordered = sorted(bill.gain for bill in bills)
    scale = _Scale.over([0, *ordered])
    for value in scale.marks:
        yield _mark(scale, value, (left, right), _number(value / _NANO))
    step = (right - left) / len(ordered)
    zero = scale.y(0)
    for at, gain in enumerate(ordered):
        y = scale.y(gain)
        top, height = min(y, zero), abs(zero - y)
        colour = _LOST if gain < 0 else _SHARED
        yield (
            f'<rect x="{left + at * step:.2f}" y="{top:.1f}" width="{step * 0.85:.2f}" '
            f'height="{height:.1f}" fill="{colour}"/>'
        )
    yield f'<line x1="{left}" y1="{zero:.1f}" x2="{right}" y2="{zero:.1f}" stroke="{_INK}"/>'
    yield _text(left, _BOTTOM + 18, "the homes, least gain first")


class _Scale:
    """Values from the bottom of a panel to its top, with round marks."""

    def __init__(self, low: int, high: int) -> None:
        step = _round_step(high - low)
        self.low = low // step * step
        self.high = -(-high // step) * step
        self.marks = range(self.low, self.high + 1, step)

    @classmethod
    def over(cls, values: Sequence[int]) -> "_Scale":
        low, high = min(values), max(values)
        return cls(low, high if high > low else low + 1)

    def y(self, value: int) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - self.low) / (self.high - self.low)


def _round_step(length: int) -> int:
    """Return 1, 2 or 5 times a power of ten, so that some lines cross the panel."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * _LINES * 2 >= length:
                return step * factor
        step *= 10


def _mark(scale: _Scale, value: int, panel: tuple[int, int], label: str) -> str:
    left, right = panel
    y = scale.y(value)
    line = f'<line x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="{_PALE}"/>'
    return line + _text(left - 8, y + 4, label, anchor="end")


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
        f"{escape(words)}</text>"
    )
