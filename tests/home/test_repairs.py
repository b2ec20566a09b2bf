"""Troubles as the owner is told of them, and what comes of the answers."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.issues import IssuesOfEntry
from custom_components.depin.membership import rooms
from custom_components.depin.protocol.statements.measuring import Readings
from custom_components.depin.troubles import Trouble
from tests.home.test_reconfigure import let_it_be_a_member

pytestmark = pytest.mark.filterwarnings(
    # Home Assistant's own server, which repairs are answered over, does as it did.
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)


async def _record(entry: MockConfigEntry) -> None:
    body = Readings("A" * 22, (1_700_000_000_000,), {"import": (1,)})
    await entry.runtime_data.attestation.async_record(body)


def _issues(hass: HomeAssistant) -> set[str]:
    return {str(issue.translation_key) for issue in ir.async_get(hass).issues.values()}


async def _answer(
    hass: HomeAssistant, hass_client: Callable[[], Awaitable[Any]], entry: MockConfigEntry, of: str
) -> dict[str, Any]:
    """Open the flow of a repair, and confirm it."""
    assert await async_setup_component(hass, REPAIRS, {})
    client = await hass_client()
    path = "/api/repairs/issues/fix"
    opened = await client.post(path, json={"handler": DOMAIN, "issue_id": f"{of}_{entry.entry_id}"})
    form = await opened.json()
    assert form["step_id"] == "confirm", form
    answered = await client.post(f"{path}/{form['flow_id']}", json={})
    assert answered.status == 200, await answered.text()
    result: dict[str, Any] = await answered.json()
    return result


async def test_a_restored_home_says_so_until_the_owner_has_seen_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client: Callable[[], Awaitable[Any]],
) -> None:
    """A backup leaves out the cache, and the marker in it."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await _record(entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert _issues(hass) == set()
    assert await hass.config_entries.async_unload(entry.entry_id)
    rooms(hass, entry.data["member"]).marker.unlink()
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert _issues(hass) == {"restored"}
    await _record(entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert _issues(hass) == {"restored"}
    assert (await _answer(hass, hass_client, entry, "restored"))["type"] == "create_entry"
    assert _issues(hass) == set()


async def test_a_damaged_outbox_is_set_aside_and_told(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The home goes on; what could not be read stays for who can."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    for _ in range(2):
        await _record(entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    outbox = rooms(hass, entry.data["member"]).outbox
    file = next(outbox.glob("*.statements"))
    damaged = bytearray(file.read_bytes())
    damaged[400] ^= 1
    file.write_bytes(damaged)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert _issues(hass) == {"outbox_damaged", "restored"}
    await _record(entry)
    aside = outbox.with_name(f"{outbox.name}.damaged-1")
    assert (aside / file.name).read_bytes() == damaged
    await hass.config_entries.async_remove(entry.entry_id)
    assert _issues(hass) == set()


async def test_the_owner_s_word_on_a_clone_is_heard(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: Callable[[], Awaitable[Any]]
) -> None:
    """Once the co-op is set up: before that there is nobody to tell."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    IssuesOfEntry(hass, entry).tell(Trouble.CLONE)
    assert (await _answer(hass, hass_client, entry, "clone"))["reason"] == "not_loaded"
    let_it_be_a_member(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (await _answer(hass, hass_client, entry, "clone"))["type"] == "create_entry"
    assert _issues(hass) == set()


@pytest.mark.parametrize("trouble", Trouble)
async def test_every_trouble_has_its_texts(
    hass: HomeAssistant, entry: MockConfigEntry, trouble: Trouble
) -> None:
    """And goes when it is over."""
    issues = IssuesOfEntry(hass, entry)
    issues.tell(trouble)
    assert _issues(hass) == {trouble.value}
    issues.withdraw(trouble)
    assert _issues(hass) == set()


async def test_a_disk_that_fails_is_tried_again_later(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Neither outbox nor samples: the entry waits, and says why."""
    places = rooms(hass, entry.data["member"])
    for folder in (places.outbox, Path(str(places.outbox).replace("outbox", "samples"))):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("in the way")
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.error_reason_translation_key == "disk_fails"
        await hass.config_entries.async_unload(entry.entry_id)
        folder.unlink()
