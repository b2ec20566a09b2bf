"""Values as they are read from a file: kept by channel, and given only if all of them are right."""

from typing import Final
from zoneinfo import ZoneInfo

from settlement_node.market.quarter_hours.days import (
    QUARTER,
    TimeError,
    instants,
    local,
    missing_in_days,
)
from settlement_node.market.quarter_hours.figures import FigureError, read_time, read_wh
from settlement_node.market.quarter_hours.grids import Given
from settlement_node.market.quarter_hours.problems import Report
from settlement_node.market.quarter_hours.values import (
    Channel,
    Code,
    Direction,
    Quality,
    QuarterHour,
    QuarterHourError,
    Series,
)
from settlement_node.market.text_cells import from_text

_YEARS: Final = range(1971, 9999)
"""Others have instants that nothing here can write."""


class Gathering:
    """What was read so far, and what is wrong with it."""

    def __init__(self, zone: ZoneInfo, report: Report, until: int) -> None:
        self.report = report
        self._zone = zone
        self._until = until
        self._values: dict[Channel, dict[int, QuarterHour]] = {}
        self._names: dict[Channel, str] = {}
        self._channels: dict[tuple[Given, Given, Given], Channel] = {}

    def channel(self, cells: tuple[Given, Given, Given], row: int, column: str) -> Channel | None:
        """Read a metering point, a direction and a code, with or without its OBIS number."""
        if cells in self._channels:
            return self._channels[cells]
        point, direction, code = (str(cell) for cell in cells)
        try:
            channel = Channel(
                point.upper(),
                Direction(direction.upper()),
                Code(code.rpartition(" ")[2].upper()),
            )
        except QuarterHourError as error:
            words = str(error)
        except ValueError:
            words = (
                f"{direction[:20]!r} with {code[:20]!r}: the direction is one of "
                f"{', '.join(Direction)}, the code one of {', '.join(Code)}"
            )
        else:
            self._channels[cells] = channel
            return channel
        self.report.add(row, column, words)
        return None

    def is_known(self, channel: Channel) -> bool:
        """Tell whether a channel has been named before."""
        return channel in self._values

    def name(self, channel: Channel, name: Given) -> dict[int, QuarterHour]:
        """Note a channel's name, and give what is known of its values."""
        self._names.setdefault(channel, from_text(str(name)))
        return self._values.setdefault(channel, {})

    def start(
        self, cell: Given, taken: set[int] | dict[int, QuarterHour], row: int, column: str
    ) -> int | None:
        """Find the quarter that a cell names; in an hour that comes twice, the first not taken."""
        try:
            told = read_time(cell)
            found = instants(told, self._zone) if told.year in _YEARS else (0,)
        except (FigureError, TimeError) as error:
            self.report.add(row, column, str(error))
            return None
        if found[0] <= 0 or found[0] + QUARTER > self._until:
            words = "nobody has measured this quarter of an hour: correct the time"
            self.report.add(row, column, words)
            return None
        free = [moment for moment in found if moment not in taken]
        if not free:
            self.report.add(row, column, "this quarter of an hour came before: leave one out")
            return None
        return free[0]

    def value(
        self, start: int, energy: tuple[Given, int], level: Given, row: int, column: str
    ) -> QuarterHour | None:
        """Read a value and its level; an empty cell is a missing value, not zero."""
        cell, per_unit = energy
        try:
            wh = None if cell == "" else read_wh(cell, per_unit)
            quality = Quality(str(level).upper()) if level != "" else Quality.L0
        except FigureError as error:
            words = str(error)
        except ValueError:
            words = f"{str(level)[:20]!r} is no level of quality: write one of {', '.join(Quality)}"
        else:
            return QuarterHour(start, wh, quality)
        self.report.add(row, column, words)
        return None

    def series(self) -> tuple[Series, ...]:
        """Give what was read, if all of it is right and every day is whole."""
        for channel, values in self._values.items():
            for day, missing in missing_in_days(values, self._zone).items():
                when = ", ".join(f"{local(moment, self._zone):%H:%M}" for moment in missing[:4])
                self.report.add(
                    0,
                    f"{channel.point} {channel.code}",
                    f"{day} lacks {len(missing)} quarters of an hour, at {when}"
                    f"{' and on' if len(missing) > 4 else ''}: "  # noqa: PLR2004 - as many are shown
                    "ask for the whole day, or leave it out",
                )
        self.report.refuse_if_any()
        return tuple(
            Series(
                channel,
                self._names[channel],
                tuple(values[start] for start in sorted(values)),
            )
            for channel, values in sorted(self._values.items())
            if values
        )
