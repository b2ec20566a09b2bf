"""Reads the line of a settled interval as anybody may have written it."""

from collections.abc import Mapping
from typing import Final

from ..bounds import MAX_AMOUNT, MAX_ENERGY
from ..metering import Quality
from ..settlement.metered import Source
from ..settlement.registers import SIGNS
from ..settlement.settled_member import FIGURES, SettledMember
from ..statements.fields import ID, MARKET, BodyError, Fields, array, integer, matching

MAX_METERS: Final = 16

_FEWEST_REGISTERS: Final = 4
_MAX_QUALITY: Final = max(Quality)
_MAX_SOURCE: Final = sum(Source)
_NO_PRICE: Final = frozenset({"prices.trade", "prices.pool"})
_MOST: Final = 2**90
"""The memo of the grid has no bound of its own."""


def read_line(line: Mapping[str, object]) -> SettledMember:
    """Read the line, or raise a BodyError that names what is wrong with it."""
    fields = Fields(dict(line), "line")
    fields.text("member", ID)
    fields.text("zone", MARKET)
    array(fields.take("meters"), "line.meters", MAX_METERS, _check_meter)
    figures = fields.take("figures")
    if not isinstance(figures, list) or len(figures) != len(FIGURES):
        msg = f"line.figures are not {len(FIGURES)}"
        raise BodyError(msg)
    for name, value in zip(FIGURES, figures, strict=True):
        _check_figure(name, value)
    if "told" in fields:
        array(fields.take("told"), "line.told", 2, _check_told, 2)
    if "preferred" in fields:
        array(fields.take("preferred"), "line.preferred", MAX_METERS, _check_preferred)
    try:
        return SettledMember.read(dict(line))
    except (ValueError, TypeError) as error:
        msg = f"the line is none of a settled interval: {error}"
        raise BodyError(msg) from None


def _check_figure(name: str, value: object) -> None:
    if value is None and name in _NO_PRICE:
        return
    most = _MOST
    if name == "metered.quality":
        most = _MAX_QUALITY
    elif name == "metered.source":
        most = _MAX_SOURCE
    least = 0 if most != _MOST else -_MOST
    integer(value, f"line.{name}", least, most)


def _check_meter(value: object, path: str) -> None:
    if not isinstance(value, list) or len(value) < _FEWEST_REGISTERS:
        msg = f"{path} is no meter"
        raise BodyError(msg)
    device, role, quality, *registers = value
    matching(device, path, ID)
    if role not in SIGNS or len(registers) != len(SIGNS[role]):
        msg = f"{path} has not the registers of its role"
        raise BodyError(msg)
    for wh in (*registers, quality):
        integer(wh, path, 0, MAX_ENERGY)
    integer(quality, path, 0, _MAX_QUALITY)


def _check_told(value: object, path: str) -> None:
    if value is not None:
        wh, quality = array(value, path, 2, lambda one, at: integer(one, at, 0, MAX_ENERGY), 2)
        integer(quality, path, 0, _MAX_QUALITY)
        integer(wh, path, 0, MAX_ENERGY)


def _check_preferred(value: object, path: str) -> None:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - a home and its Wh
        msg = f"{path} is no home and its Wh"
        raise BodyError(msg)
    matching(value[0], path, ID)
    integer(value[1], path, 0, MAX_AMOUNT)
