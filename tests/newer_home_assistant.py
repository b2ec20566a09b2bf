"""Lets the test package, made for Home Assistant 2026.10, run on 2026.11 (`pytest -p`).

It has to be imported before any plugin imports httpx, for which Home Assistant has an alias.
"""

from homeassistant.components import logger
from homeassistant.components.logger import helpers

# Moved in 2026.11; the test package takes it from the old place.
logger._clear_logger_overwrites = helpers._clear_logger_overwrites  # type: ignore[attr-defined]  # noqa: SLF001
