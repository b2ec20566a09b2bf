"""A home whose entry was removed can come back, and can be forgotten for good."""

from datetime import timedelta
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin import async_setup
from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey
from custom_components.depin.left_memberships import async_left
from custom_components.depin.membership import books_file, rooms
from custom_components.depin.protocol.invite import Invite
from tests.home.told_market import ToldMarket, told_market

from .test_entity_devices import COUNTER, add
from .test_market_entities import member_of


async def _left(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, node: ToldMarket
) -> None:
    """Be a member for a while, and remove the entry."""
    async with member_of(hass, entry, key, node):
        pass
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.config_entries.async_entries(DOMAIN) == []


async def _begin(hass: HomeAssistant) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def _go(hass: HomeAssistant, form: ConfigFlowResult, **said: object) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_configure(form["flow_id"], said)
    await hass.async_block_till_done()
    return result


async def _close(hass: HomeAssistant) -> None:
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_home_comes_back_where_it_stopped(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """With the same key, outbox and devices."""
    async with told_market() as node:
        await _left(hass, entry, key, node)
        (left,) = await async_left(hass)
        assert (left.title, left.member) == (entry.title, entry.data["member"])
        outbox = rooms(hass, left.member).outbox
        assert outbox.exists()
        menu = await _begin(hass)
        assert menu["type"] is FlowResultType.MENU
        assert menu["menu_options"] == ["invite", "resume", "forget"]
        form = await _go(hass, menu, next_step_id="resume")
        back: Any = await _go(hass, form, member=left.member)
        assert back["type"] is FlowResultType.CREATE_ENTRY
        found = back["result"]
        assert (found.title, found.data, found.unique_id) == (
            entry.title,
            entry.data,
            entry.unique_id,
        )
        assert found.runtime_data.key == key
        assert not found.runtime_data.attestation.is_restored
        assert await async_left(hass) == []
        await _close(hass)


async def test_an_invite_into_a_co_op_that_was_left_offers_to_come_back(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, invite: Invite
) -> None:
    """At the node's new place, if it moved; or one joins anew, as another member."""
    async with told_market() as node:
        await _left(hass, entry, key, node)
        for step in ("confirm", "resume"):
            menu = await _go(hass, await _begin(hass), next_step_id="invite")
            menu = await _go(hass, menu, invite=str(invite))
            assert menu["menu_options"] == ["resume", "confirm"]
            form = await _go(hass, menu, next_step_id=step)
            if step == "confirm":
                assert form["step_id"] == "confirm_untold"
        back: Any = await _go(hass, form, member=entry.data["member"])
        assert back["result"].data == {**entry.data, "address": invite.address}
        await _close(hass)


async def test_devices_come_back_too(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    async with told_market() as node:
        async with member_of(hass, entry, key, node):
            registry = er.async_get(hass)
            roof = registry.async_get_or_create("sensor", "other", "roof").entity_id
            hass.states.async_set(roof, "1234.5", COUNTER)
            await add(hass, entry, "production", production_wh=roof)
            before = {
                (each.title, each.subentry_type, str(each.data))
                for each in entry.subentries.values()
            }
            assert len(before) == 1
        await hass.config_entries.async_remove(entry.entry_id)
        form = await _go(hass, await _begin(hass), next_step_id="resume")
        back: Any = await _go(hass, form, member=entry.data["member"])
        assert "next_flow" not in back
        devices = back["result"].subentries.values()
        assert {(one.title, one.subentry_type, str(one.data)) for one in devices} == before
        await _close(hass)


async def test_what_is_forgotten_cannot_come_back(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    hass_storage: dict[str, Any],
) -> None:
    """The key and all that the home said are erased; there is nothing left to forget then."""
    member = entry.data["member"]
    async with told_market() as node:
        await _left(hass, entry, key, node)
    forms = [await _go(hass, await _begin(hass), next_step_id="forget") for _ in range(2)]
    late = await _begin(hass)
    result = await _go(hass, forms[0], member=member)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "forgotten")
    assert not [name for name in hass_storage if member in name]
    assert not rooms(hass, member).outbox.exists()
    assert not books_file(hass, member).exists()
    assert await async_left(hass) == []
    # Forms that were open meanwhile find nothing left to do.
    assert (await _go(hass, late, next_step_id="resume"))["reason"] == "forgotten"
    assert (await _go(hass, forms[1], member=member))["reason"] == "forgotten"
    form = await _begin(hass)
    assert form["step_id"] == "user"


@pytest.mark.parametrize(("days", "is_kept"), [(89, True), (91, False)])
async def test_after_ninety_days_it_is_forgotten(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    hass_storage: dict[str, Any],
    days: int,
    *,
    is_kept: bool,
) -> None:
    member = entry.data["member"]
    async with told_market() as node:
        await _left(hass, entry, key, node)
    ago = dt_util.utcnow() - timedelta(days=days)
    hass_storage["depin.left"]["data"]["left"][0]["left_at"] = int(ago.timestamp() * 1000)
    assert await async_setup(hass, {})
    assert bool(await async_left(hass)) is is_kept
    assert (f"depin.key.{member}" in hass_storage) is is_kept
    assert rooms(hass, member).outbox.exists() is is_kept
