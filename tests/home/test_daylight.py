"""When panels have to be awake."""

from datetime import timedelta

import pytest
from homeassistant.const import SUN_EVENT_SUNRISE, SUN_EVENT_SUNSET
from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import get_astral_event_next
from homeassistant.util import dt as dt_util

from custom_components.depin.daylight import is_daylight

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("event", "minutes", "expected"),
    [
        (SUN_EVENT_SUNRISE, -5, False),
        (SUN_EVENT_SUNRISE, 55, False),
        (SUN_EVENT_SUNRISE, 65, True),
        (SUN_EVENT_SUNSET, -65, True),
        (SUN_EVENT_SUNSET, -55, False),
        (SUN_EVENT_SUNSET, 5, False),
    ],
)
async def test_panels_may_sleep_an_hour_around_sunrise_and_sunset(
    hass: HomeAssistant,
    event: str,
    minutes: int,
    expected: bool,  # noqa: FBT001
) -> None:
    moment = get_astral_event_next(hass, event, dt_util.utcnow()) + minutes * MINUTE
    assert is_daylight(hass, moment) is expected


async def test_now_is_meant_where_nothing_else_is_said(hass: HomeAssistant) -> None:
    now = dt_util.utcnow()
    assert is_daylight(hass) in {is_daylight(hass, now), is_daylight(hass, now + MINUTE)}
