"""Shapes of homes out of SimBench: a year of German households, roofs and cars in quarter-hours.

The data of the package simbench are under the ODbL 1.0, so they are read where they are installed,
or out of the package's wheel, and are no part of this project.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, TextIO
from zipfile import BadZipFile, ZipFile
from zipfile import Path as PlaceInZip

import numpy as np

from settlement_node.simulation.generated import Chance, Curve
from settlement_node.simulation.shapes import QUARTER, Energy, Shape, ShapesError, Span, whole

PACKAGE: Final = "simbench"

_NETWORK: Final = "networks/1-complete_data-mixed-all-0-sw"
_HOUSEHOLDS: Final = ("H0-A", "H0-B", "H0-C", "H0-G", "H0-L")
_WALLBOXES: Final = (("HLS_A_3.7", 3_700), ("HLS_B_3.7", 3_700), ("HLS_A_11.0", 11_000))
_ROOFS: Final = tuple(f"PV{number}" for number in range(1, 9))
_YEAR: Final = 366 * 96
"""Quarter-hours of 2016, from which the data are."""

_WITH_ROOF: Final = 0.5
_WITH_CAR: Final = 0.3


class Folder(Protocol):
    """Where the package's files lie."""

    def joinpath(self, *names: str) -> "Folder":
        """Name what lies in it."""
        ...

    def is_file(self) -> bool:
        """Tell whether this is a file."""
        ...

    def open(self, *, encoding: str) -> TextIO:
        """Open the file."""
        ...


def from_simbench(place: Path | None, homes: int, span: Span, chance: Chance) -> list[Shape]:
    """Draw homes from the installed package, or from its wheel."""
    with _package(place) as folder:
        loads = [f"{name}_pload" for name in (*_HOUSEHOLDS, *(name for name, _ in _WALLBOXES))]
        load = _columns(folder, "LoadProfile.csv", loads)
        roof = _columns(folder, "RESProfile.csv", _ROOFS)
    start = datetime.fromtimestamp(span.start / 1000, UTC)
    first = (start.replace(year=2016) - datetime(2016, 1, 1, tzinfo=UTC)).days * 96
    at = (first + span.start % (96 * QUARTER) // QUARTER + np.arange(span.quarters)) % _YEAR
    return [_home(load, roof, at, chance) for _ in range(homes)]


def _home(load: dict[str, Curve], roof: dict[str, Curve], at: Energy, chance: Chance) -> Shape:
    """Draw a home: whose habits it has, a little earlier or later, and how much it uses a year."""
    name = _HOUSEHOLDS[int(chance.integers(len(_HOUSEHOLDS)))]
    used = load[f"{name}_pload"]
    # Homes of one shape would else all cook in the same minute: some live a week or an hour apart.
    moved = (at + 672 * chance.integers(-2, 3) + chance.integers(-4, 5)) % _YEAR
    yearly = chance.uniform(1_800_000, 5_500_000)
    nothing = np.zeros(at.size)
    produced, charged = nothing, nothing
    if chance.random() < _WITH_ROOF:
        sun = roof[_ROOFS[int(chance.integers(len(_ROOFS)))]]
        produced = sun[at] * chance.uniform(3_000, 12_000) / 4
    if chance.random() < _WITH_CAR:
        wallbox, power = _WALLBOXES[int(chance.integers(len(_WALLBOXES)))]
        charged = load[f"{wallbox}_pload"][moved] * power / 4
    return Shape(whole(used[moved] / used.sum() * yearly), whole(produced), whole(charged))


@contextmanager
def _package(place: Path | None) -> Iterator[Folder]:
    if place is not None:
        try:
            with ZipFile(place) as wheel:
                yield PlaceInZip(wheel, f"{PACKAGE}/")
        except (OSError, BadZipFile) as error:
            raise ShapesError(f"{place} is no wheel of {PACKAGE}: {error}") from None
        return
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ShapesError(
            f"the package {PACKAGE} is not installed: run `pip install --no-deps {PACKAGE}`,"
            " or give its wheel as --profiles"
        )
    yield Path(spec.submodule_search_locations[0])


def _columns(folder: Folder, name: str, wanted: Sequence[str]) -> dict[str, Curve]:
    file = folder.joinpath(_NETWORK, name)
    if not file.is_file():
        raise ShapesError(f"the package {PACKAGE} has no {_NETWORK}/{name}: take version 1.6.3")
    with file.open(encoding="utf-8") as lines:
        head = lines.readline().strip().split(";")
        if missing := set(wanted) - set(head):
            raise ShapesError(f"{name} has no column {min(missing)}: take {PACKAGE} 1.6.3")
        columns = [head.index(column) for column in wanted]
        values = np.loadtxt(lines, delimiter=";", usecols=columns, max_rows=_YEAR, ndmin=2)
    if len(values) != _YEAR:
        raise ShapesError(f"{name} has {len(values)} rows, not {_YEAR}: take {PACKAGE} 1.6.3")
    return dict(zip(wanted, values.T, strict=True))
