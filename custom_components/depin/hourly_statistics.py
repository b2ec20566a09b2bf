"""What the books add up to each hour as statistics of Home Assistant's recorder.

Only who has a recorder may import this.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    get_last_statistics,
    statistics_during_period,
)
from homeassistant.components.recorder.tasks import SynchronizeTask
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter
from sqlalchemy.exc import SQLAlchemyError

from .bookkeeping import Bookkeeping
from .books import BooksError
from .const import DOMAIN
from .energy_dashboard import async_texts, statistic_id
from .hourly_sums import SERIES, HourlySums, Series
from .market_answers import Purse
from .membership import DepinConfigEntry
from .protocol.durations import HOUR

_LOGGER: Final = logging.getLogger(__name__)
_KWH: Final = 1000
_ALIKE: Final = 1e-9
"""Sums that differ by less are the same; databases keep them as floats."""


class Statistics:
    """Tells the recorder of a membership's sums, from the first hour on that has changed.

    A sum goes on from hour to hour, so what was corrected moves all later ones.
    """

    def __init__(self, hass: HomeAssistant, entry: DepinConfigEntry, keeping: Bookkeeping) -> None:
        """Tell of the books of an entry."""
        self._hass = hass
        self._entry = entry
        self._keeping = keeping
        self._ids = {series: statistic_id(entry, series) for series in SERIES}

    async def run(self) -> None:
        """Tell for ever, after each change of the books."""
        await get_instance(self._hass).async_recorder_ready.wait()
        changed = asyncio.Event()
        changed.set()
        forget = self._keeping.listen(lambda _: changed.set())
        is_compared = False
        try:
            while True:
                await changed.wait()
                changed.clear()
                try:
                    if not is_compared:
                        await self._compare()
                        is_compared = True
                    await self._tell()
                except (BooksError, SQLAlchemyError) as error:
                    # What is not told stays noted in the books.
                    _LOGGER.warning("Statistics of %s come later: %s", self._entry.title, error)
        finally:
            forget()

    async def _compare(self) -> None:
        """Have all told again, unless the recorder's last hour says what the books say."""
        purse, books = self._keeping.purse, self._keeping.books
        for series, name in self._ids.items():
            last = await get_instance(self._hass).async_add_executor_job(
                partial(get_last_statistics, convert_units=False, types={"sum"}),
                *(self._hass, 1, name),
            )
            if purse is None or not last:
                await books.tell_all()
                return
            ((hour, told),) = _told(last[name]).items()
            due = (await books.hourly_sums(hour + HOUR)).before[series]
            if abs(_shown(series, due, purse) - told) > _ALIKE:
                await books.tell_all()
                return

    async def _tell(self) -> None:
        """Tell what differs from what the recorder has, and wait until it is on disk."""
        purse, books = self._keeping.purse, self._keeping.books
        if purse is None:
            return
        start = await books.begin_telling()
        if start is None:
            return
        sums = await books.hourly_sums(start)
        recorder = get_instance(self._hass)
        found = await recorder.async_add_executor_job(
            statistics_during_period,
            *(self._hass, _moment(start), None, set(self._ids.values()), "hour", None, {"sum"}),
        )
        texts = await async_texts(self._hass, self._entry)
        for series, name in self._ids.items():
            told = _told(found.get(name, ()))
            rows = [row for row in _rows(series, sums, purse) if not _is_told(row, told)]
            if rows:
                text = texts[f"{series.pair}_{series.flow}"]
                async_add_external_statistics(self._hass, describe(series, name, text, purse), rows)
        await async_written(recorder)
        await books.end_telling()


async def async_written(recorder: Recorder) -> None:
    """Wait until all that the recorder was given so far is on disk."""
    # Its own way to wait looks at its queue alone, and not at what it has taken from there.
    written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    recorder.queue_task(SynchronizeTask(written))
    await written


def describe(series: Series, name: str, text: str, purse: Purse) -> StatisticMetaData:
    """Describe a series to the recorder."""
    is_money = series.flow.is_money
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=text,
        source=DOMAIN,
        statistic_id=name,
        unit_class=None if is_money else EnergyConverter.UNIT_CLASS,
        unit_of_measurement=purse.asset if is_money else UnitOfEnergy.KILO_WATT_HOUR,
    )


def _rows(series: Series, sums: HourlySums, purse: Purse) -> Iterator[StatisticData]:
    """Let the sums of hours go on from each other; exact until they are shown."""
    total = sums.before[series]
    for start, hour in sums.hours.items():
        total += hour[series]
        yield StatisticData(
            start=_moment(start),
            state=_shown(series, hour[series], purse),
            sum=_shown(series, total, purse),
        )


def _shown(series: Series, amount: int, purse: Purse) -> float:
    return amount / (10**purse.decimals if series.flow.is_money else _KWH)


def _told(rows: Iterable[Any]) -> dict[int, float]:
    """Return the recorder's sums by the hours they end."""
    return {round(row["start"] * 1000): row["sum"] for row in rows}


def _is_told(row: StatisticData, told: Mapping[int, float]) -> bool:
    sum_then = told.get(round(row["start"].timestamp() * 1000))
    return sum_then is not None and abs(sum_then - (row["sum"] or 0.0)) <= _ALIKE


def _moment(instant: int) -> datetime:
    """Return an instant in UTC: the recorder's hours are those of no other zone."""
    return dt_util.utc_from_timestamp(instant / 1000)
