"""Memberships whose entries were removed: kept for a while, so that the home can come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import CONF_COOP, CONF_MEMBER, DOMAIN
from .key_store import async_remove_keys
from .membership import async_erase_files
from .protocol.durations import DAY

KEPT: Final = 90 * DAY

_STORE_VERSION: Final = 1
_MEMORIES: Final = ("trading", "trial", "charging")


@dataclass(frozen=True, slots=True)
class LeftMembership:
    """What an entry was, with its devices."""

    title: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    devices: tuple[Mapping[str, Any], ...]
    left_at: int

    @property
    def coop(self) -> str:
        """The co-op."""
        return str(self.data[CONF_COOP])

    @property
    def member(self) -> str:
        """Who the home was there."""
        return str(self.data[CONF_MEMBER])

    def to_json(self) -> dict[str, Any]:
        """Return what is written to disk."""
        return {
            "title": self.title,
            "data": dict(self.data),
            "options": dict(self.options),
            "devices": [dict(device) for device in self.devices],
            "left_at": self.left_at,
        }

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Self:
        """Take up what was written."""
        return cls(
            written["title"],
            written["data"],
            written["options"],
            tuple(written["devices"]),
            written["left_at"],
        )


async def async_left(hass: HomeAssistant) -> list[LeftMembership]:
    """Return the memberships that can be taken up again."""
    written = await _store(hass).async_load()
    return [] if written is None else [LeftMembership.of(one) for one in written["left"]]


async def async_keep(hass: HomeAssistant, entry: ConfigEntry, now: int) -> None:
    """Keep what an entry was; its key and outbox stay where they are."""
    left = LeftMembership(
        entry.title,
        entry.data,
        entry.options,
        tuple(
            {
                "data": dict(each.data),
                "subentry_type": each.subentry_type,
                "title": each.title,
                "unique_id": each.unique_id,
            }
            for each in entry.subentries.values()
        ),
        now,
    )
    others = [one for one in await async_left(hass) if one.member != left.member]
    await _async_save(hass, [*others, left])


async def async_returned(hass: HomeAssistant, member: str) -> None:
    """Keep a membership no longer that is taken up again."""
    left = await async_left(hass)
    others = [one for one in left if one.member != member]
    if others != left:
        await _async_save(hass, others)


async def async_forget(hass: HomeAssistant, member: str) -> None:
    """Erase for good what is here of a membership: nobody can speak for it any more."""
    await async_remove_keys(hass, member)
    await async_erase_files(hass, member)
    for name in _MEMORIES:
        memory: Store[Any] = Store(hass, _STORE_VERSION, f"{DOMAIN}.{name}.{member}")
        await memory.async_remove()
    await async_returned(hass, member)


async def async_forget_old(hass: HomeAssistant, now: int) -> None:
    """Erase what was kept long enough."""
    there = {entry.data[CONF_MEMBER] for entry in hass.config_entries.async_entries(DOMAIN)}
    for one in await async_left(hass):
        if one.left_at + KEPT <= now and one.member not in there:
            await async_forget(hass, one.member)


async def _async_save(hass: HomeAssistant, left: list[LeftMembership]) -> None:
    if left:
        await _store(hass).async_save({"left": [one.to_json() for one in left]})
    else:
        await _store(hass).async_remove()


def _store(hass: HomeAssistant) -> Store[dict[str, Any]]:
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.left", private=True, atomic_writes=True)
