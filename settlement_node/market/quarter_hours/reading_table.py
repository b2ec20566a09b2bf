"""Read a table of quarter hours: one line a value, columns found by their names."""

from collections.abc import Sequence
from typing import Final

from settlement_node.market.quarter_hours.figures import KWH, WH
from settlement_node.market.quarter_hours.gathering import Gathering
from settlement_node.market.quarter_hours.grids import Given

_START: Final = "start"
_POINT: Final = "metering_point"
_DIRECTION: Final = "direction"
_CODE: Final = "code"
_KWH: Final = "kwh"
_WH: Final = "wh"
_QUALITY: Final = "quality"
_NAME: Final = "name"

_NAMES: Final = {
    _START: {"start", "from", "von", "beginn", "zeitpunkt", "timestamp"},
    _POINT: {"metering_point", "meteringpoint", "meteringpointid", "zählpunkt", "zaehlpunkt"},
    _DIRECTION: {"direction", "energy direction", "energierichtung"},
    _CODE: {"code", "metercode"},
    _KWH: {"kwh", "energy_kwh", "wert (kwh)", "verbrauch (kwh)"},
    _WH: {"wh", "energy_wh"},
    _QUALITY: {"quality", "qov", "qualität", "datenqualität"},
    _NAME: {"name"},
}
_NEEDED: Final = (_START, _POINT, _DIRECTION, _CODE)


def read_table(rows: Sequence[Sequence[Given]], gathering: Gathering) -> None:
    """Read a table whose first row names its columns; other columns are left alone."""
    places = _places(rows[0], gathering)
    if places is None:
        return
    energy, per_unit = (_WH, WH) if _WH in places else (_KWH, KWH)
    for number, row in enumerate(rows[1:], 2):
        if not any(cell != "" for cell in row):
            continue
        cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
        named = (cells[_POINT], cells[_DIRECTION], cells[_CODE])
        channel = gathering.channel(named, number, _POINT)
        if channel is None:
            continue
        known = gathering.name(channel, cells.get(_NAME, ""))
        start = gathering.start(cells[_START], known, number, _START)
        if start is None:
            continue
        value = gathering.value(
            start, (cells[energy], per_unit), cells.get(_QUALITY, ""), number, energy
        )
        if value is not None:
            known[start] = value


def _places(header: Sequence[Given], gathering: Gathering) -> dict[str, int] | None:
    """Find the columns, or report which are missing or come twice."""
    told = [str(cell).strip().casefold() for cell in header]
    places: dict[str, int] = {}
    sound = True
    for name, names in _NAMES.items():
        found = [place for place, cell in enumerate(told) if cell in names]
        if len(found) > 1:
            gathering.report.add(1, name, f"{len(found)} columns are named so: leave one of them")
            sound = False
        elif found:
            places[name] = found[0]
        elif name in _NEEDED:
            words = f"there is no such column: name it {' or '.join(sorted(names))}"
            gathering.report.add(1, name, words)
            sound = False
    if (_KWH in places) is (_WH in places):
        gathering.report.add(1, _KWH, "there must be one column of energy: kwh or wh")
        sound = False
    return places if sound else None
