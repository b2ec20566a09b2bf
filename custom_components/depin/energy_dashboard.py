"""The home's series on the energy dashboard, and what counts the same energy beside them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.hass_dict import HassKey

from .const import CONF_CONNECTIONS_BESIDE, CONF_MEMBER, DOMAIN
from .hourly_sums import Flow, Pair, Series
from .protocol.encoding import from_text
from .protocol.identifiers import ID_LENGTH

if TYPE_CHECKING:
    from homeassistant.components.energy.data import EnergyManager, GridSourceType, SourceType

COUNTED_TWICE: Final = "counted_twice"

_ENERGY: Final = "energy"
_WATCHED: Final[HassKey[bool]] = HassKey(f"{DOMAIN}_energy_dashboard")


def statistic_id(entry: ConfigEntry, series: Series) -> str:
    """Name a series of a membership in the recorder; it takes small letters and digits alone."""
    member = from_text(entry.data[CONF_MEMBER], ID_LENGTH).hex()
    return f"{DOMAIN}:{member}_{series.pair}_{series.flow}"


async def async_texts(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return the names of an entry's series and pairs, in Home Assistant's language."""
    found = await async_get_translations(hass, hass.config.language, "common", [DOMAIN])
    prefix = f"component.{DOMAIN}.common."
    return {key.removeprefix(prefix): text.format(coop=entry.title) for key, text in found.items()}


async def async_watch(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell the owner while the energy dashboard counts the entry's energy twice."""
    if _ENERGY not in hass.config.components:
        return
    manager = await _async_manager(hass)
    _compare(hass, entry, manager)
    if hass.data.get(_WATCHED):
        return
    hass.data[_WATCHED] = True

    async def look() -> None:
        for loaded in hass.config_entries.async_loaded_entries(DOMAIN):
            _compare(hass, loaded, manager)

    # It can't be told to stop, so there is one for all entries.
    manager.async_listen_updates(look)


async def async_beside(hass: HomeAssistant) -> list[GridSourceType]:
    """Return the dashboard's grid connections that are no co-op's."""
    return _beside(_sources(await _async_manager(hass)))


async def async_replace(hass: HomeAssistant, entry: ConfigEntry, named: Sequence[str]) -> None:
    """Put an entry's three pairs in the place of other grid connections; what is left may stay."""
    manager = await _async_manager(hass)
    sources = _sources(manager)
    beside = _beside(sources)
    going = [one for one in beside if key_of(one) in named]
    left = [key_of(one) for one in beside if one not in going]
    options = {**entry.options, CONF_CONNECTIONS_BESIDE: left}
    hass.config_entries.async_update_entry(entry, options=options)
    ours = [one for one in _grid(sources) if _is_of(one, entry)]
    pairs = _pairs(entry, await async_texts(hass, entry), [*ours, *going])
    place = sources.index(going[0]) if going else len(sources)
    gone = [*ours, *going]
    kept_before = [one for one in sources[:place] if one not in gone]
    kept_after = [one for one in sources[place:] if one not in gone]
    preferences = manager.data or manager.default_preferences()
    changed = [*kept_before, *pairs, *kept_after]
    await manager.async_update({**preferences, "energy_sources": changed})


def key_of(source: GridSourceType) -> str:
    """Return what no other connection on the dashboard has."""
    return source["stat_energy_from"] or source["stat_energy_to"] or ""


@callback
def async_withdraw(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say no more of what is counted twice."""
    ir.async_delete_issue(hass, DOMAIN, _issue(entry))


@callback
def _compare(hass: HomeAssistant, entry: ConfigEntry, manager: EnergyManager) -> None:
    sources = _sources(manager)
    left = entry.options.get(CONF_CONNECTIONS_BESIDE, ())
    is_beside = any(key_of(one) not in left for one in _beside(sources))
    if not is_beside or not any(_is_of(one, entry) for one in _grid(sources)):
        async_withdraw(hass, entry)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue(entry),
        data={"entry_id": entry.entry_id, "trouble": COUNTED_TWICE},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="counted_twice",
        translation_placeholders={"coop": entry.title},
    )


async def _async_manager(hass: HomeAssistant) -> EnergyManager:
    from homeassistant.components.energy.data import (  # noqa: PLC0415 - not everybody has it
        async_get_manager,
    )

    return await async_get_manager(hass)


def _sources(manager: EnergyManager) -> list[SourceType]:
    return [] if manager.data is None else manager.data["energy_sources"]


def _grid(sources: Iterable[SourceType]) -> list[GridSourceType]:
    """Return the grid connections that count energy; some only measure power."""
    return [one for one in sources if one["type"] == "grid" and key_of(one)]


def _beside(sources: Iterable[SourceType]) -> list[GridSourceType]:
    return [one for one in _grid(sources) if not key_of(one).startswith(f"{DOMAIN}:")]


def _is_of(source: GridSourceType, entry: ConfigEntry) -> bool:
    return key_of(source) in {
        statistic_id(entry, Series(pair, flow)) for pair in Pair for flow in Flow
    }


def _pairs(
    entry: ConfigEntry, texts: dict[str, str], gone: Iterable[GridSourceType]
) -> list[GridSourceType]:
    """Make the three pairs; the grid's goes on with the power of the connection."""
    pairs = [_pair(entry, pair, texts[pair]) for pair in Pair]
    grid = pairs[-1]
    for source in gone:
        if "power_config" in source:
            grid["power_config"] = source["power_config"]
        elif "stat_rate" in source:
            grid["stat_rate"] = source["stat_rate"]
    return pairs


def _pair(entry: ConfigEntry, pair: Pair, name: str) -> GridSourceType:
    return {
        "type": "grid",
        "stat_energy_from": statistic_id(entry, Series(pair, Flow.IMPORT)),
        "stat_energy_to": statistic_id(entry, Series(pair, Flow.EXPORT)),
        "stat_cost": statistic_id(entry, Series(pair, Flow.COST)),
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": statistic_id(entry, Series(pair, Flow.COMPENSATION)),
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
        "name": name,
    }


def _issue(entry: ConfigEntry) -> str:
    return f"{COUNTED_TWICE}_{entry.entry_id}"
