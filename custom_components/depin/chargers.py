"""The chargers of a home whose cars are charged by the market, looked at each minute."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HassJob, HomeAssistant
from homeassistant.util import dt as dt_util

from .books import Books
from .car_charging import USUAL_POWER, CarCharging
from .charging import Wish
from .charging_memory import ChargingMemory
from .const import CONF_RATED_POWER
from .delivery import now
from .devices.points import Role, SilentError
from .sensed_device import SensedDevice
from .senses import Senses
from .trading import Trading

if TYPE_CHECKING:
    from .sources.modbus_source import ModbusSource

_LOGGER: Final = logging.getLogger(__name__)
_EVERY_S: Final = 60.0
_COUNTER: Final = (Role.CHARGER, "import_wh")


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger that counts what it gives, and the car at it."""

    device: SensedDevice
    car: CarCharging

    async def drive(self) -> None:
        """Let as little current flow as the charger takes while the car is not to be charged.

        The owner's own limit comes back afterwards; one that was set meanwhile stays.
        """
        if not self.device.takes_limit:
            return
        source = cast("ModbusSource", self.device.source)
        limit = source.profile.current_limit
        if limit is None:
            return
        waits, before = self.car.charges is False, self.car.charge.unlimited
        if waits and before is None:
            holds = await source.limit(limit)
            await self.car.async_lowered(limit.highest if holds is None else holds)
            await source.set_limit(limit, limit.lowest)
        elif not waits and before is not None:
            if await source.limit(limit) == limit.lowest:
                await source.set_limit(limit, before)
            await self.car.async_lowered(None)


class Chargers:
    """The chargers of one membership, by their subentries."""

    def __init__(self, senses: Senses, memory: ChargingMemory, books: Books) -> None:
        """Take up each as it was left."""
        self.all = dict(_chargers(senses, memory))
        self._books = books
        self._trading: Trading | None = None

    def trade_by(self, trading: Trading) -> None:
        """Have what the cars need ordered."""
        self._trading = trading
        trading.cars = tuple(charger.car for charger in self.all.values())

    async def async_wish(self, charger: Charger, wish: Wish) -> None:
        """Take what the owner wants for a car, and act on it."""
        await charger.car.async_wish(wish, now(), dt_util.get_default_time_zone())
        if self._trading is not None:
            self._trading.wake()
        await self._look(charger)

    async def run(self) -> None:
        """Look at all chargers for ever."""
        while self.all:
            for charger in self.all.values():
                await self._look(charger)
            await asyncio.sleep(_EVERY_S)

    async def release(self) -> None:
        """Leave each charger with its owner's limit, as when nobody looks at it any more."""
        for charger in self.all.values():
            charger.car.charges = None
            await _drive(charger)

    async def _look(self, charger: Charger) -> None:
        market = None if self._trading is None else self._trading.market
        await charger.car.look(self._books, market, now())
        await _drive(charger)


async def async_chargers(
    hass: HomeAssistant, entry: ConfigEntry, member: str, senses: Senses, books: Books
) -> Chargers:
    """Find the chargers among the devices that are read."""
    memory = ChargingMemory(hass, member)
    await memory.async_load()
    chargers = Chargers(senses, memory, books)

    # Before Home Assistant says that it stops, at which it closes connections to devices.
    entry.async_on_unload(
        hass.async_add_shutdown_job(HassJob(chargers.release, "release the chargers"))
    )
    return chargers


def _chargers(senses: Senses, memory: ChargingMemory) -> Iterator[tuple[str, Charger]]:
    for subentry_id, device in senses.devices.items():
        if _COUNTER in device.points:
            power: int = device.subentry.data.get(CONF_RATED_POWER, USUAL_POWER)
            car = CarCharging(
                memory.of(subentry_id),
                memory.charge(subentry_id),
                power,
                lambda device=device: device.shown(Role.CHARGER).import_wh,  # type: ignore[misc]
            )
            yield subentry_id, Charger(device, car)


async def _drive(charger: Charger) -> None:
    try:
        await charger.drive()
    except SilentError as error:
        title = charger.device.subentry.title
        _LOGGER.debug("The current of %s is not limited anew: %s", title, error)
