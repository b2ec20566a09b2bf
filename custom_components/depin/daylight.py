"""When panels have to be awake: well after sunrise, and well before sunset."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import sun
from homeassistant.util import dt as dt_util

TWILIGHT: Final = timedelta(hours=1)
"""Low sun behind hills and roofs wakes no inverter, and by then it gives next to nothing."""


def is_daylight(hass: HomeAssistant, moment: datetime | None = None) -> bool:
    """Tell whether the sun has been up for long, and will be; now where no moment is given."""
    moment = moment or dt_util.utcnow()
    return sun.is_up(hass, moment - TWILIGHT) and sun.is_up(hass, moment + TWILIGHT)
