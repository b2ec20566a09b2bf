"""The limit of a charger's current, for the chargers whose owner allows it to be set."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription
from homeassistant.components.number.const import NumberMode
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .devices.current_limit import CurrentLimit
from .devices.points import SilentError
from .entity import DeviceEntity
from .membership import DepinConfigEntry
from .sensed_device import SensedDevice

if TYPE_CHECKING:
    from .sources.modbus_source import ModbusSource

CURRENT_LIMIT: Final = NumberEntityDescription(
    key="current_limit",
    translation_key="current_limit",
    device_class=NumberDeviceClass.CURRENT,
    native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
    native_step=1,
    mode=NumberMode.BOX,
)


def current_limits(entry: DepinConfigEntry) -> Iterator[tuple[str, NumberEntity]]:
    """Give the limits of those chargers whose owner has switched it on, each by its subentry."""
    for subentry_id, device in entry.runtime_data.senses.devices.items():
        if device.takes_limit:
            source = cast("ModbusSource", device.source)
            if limit := source.profile.current_limit:
                yield subentry_id, CurrentLimitNumber(device, source, limit)


class CurrentLimitNumber(DeviceEntity, NumberEntity):
    """What a car may take at most from each phase; nothing is written until somebody sets it."""

    _attr_should_poll = True

    def __init__(self, device: SensedDevice, source: ModbusSource, limit: CurrentLimit) -> None:
        """Show the bounds that the profile gives."""
        super().__init__(device, CURRENT_LIMIT)
        self._source = source
        self._limit = limit
        self._attr_native_min_value = limit.lowest
        self._attr_native_max_value = limit.highest

    @override
    async def async_added_to_hass(self) -> None:
        """Ask at once, and be shown after each reading of the charger."""
        await super().async_added_to_hass()
        self.async_schedule_update_ha_state(force_refresh=True)

    async def async_update(self) -> None:
        """Ask the charger which limit holds."""
        try:
            self._attr_native_value = await self._source.limit(self._limit)
        except SilentError:
            self._attr_native_value = None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the limit, or say why it was not set."""
        try:
            await self._source.set_limit(self._limit, value)
        except SilentError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="limit_not_set",
                translation_placeholders={
                    "device": self.device.subentry.title,
                    "error": str(error),
                },
            ) from error
        self._attr_native_value = value
        self.async_write_ha_state()
