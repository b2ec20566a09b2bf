"""A sensor that Home Assistant already has, as one that observes something for the co-op."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback

from .followed_entities import FollowedEntities
from .observable import OBSERVABLES, observation_problem

_GONE: Final = "gone"


class SensorSource:
    """A pushed source of one quantity."""

    def __init__(self, hass: HomeAssistant, quantity: str, registry_id: str) -> None:
        """Take the registry id of the sensor."""
        self._quantity = quantity
        self._followed = FollowedEntities(
            hass, {quantity: registry_id}, self._async_hear, self._async_gone
        )
        self._tell: Callable[[int | None, int], None]
        self._warn: Callable[[str, str | None], None]
        self._heard: list[Any] | None = None

    @callback
    def async_start(
        self, tell: Callable[[int | None, int], None], warn: Callable[[str, str | None], None]
    ) -> CALLBACK_TYPE:
        """Follow the sensor; say what it observed and when, and what is wrong with it."""
        self._tell = tell
        self._warn = warn
        return self._followed.async_start()

    def capture(self) -> dict[str, Any]:
        """Return the last state, its unit and its time, without the sensor's name."""
        return {"entities": {} if self._heard is None else {self._quantity: self._heard}}

    @callback
    def _async_gone(self, quantity: str) -> None:
        self._warn(quantity, _GONE)

    @callback
    def _async_hear(self, quantity: str, state: State) -> None:
        at = int(state.last_reported_timestamp * 1000)
        self._heard = [state.state, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), at]
        problem = observation_problem(quantity, state)
        self._warn(quantity, problem)
        self._tell(None if problem else OBSERVABLES[quantity].counted(state), at)
