"""What Home Assistant shows and asks where the co-op's books are verified."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey
from custom_components.depin.protocol.encoding import decode_json, to_text
from custom_components.depin.protocol.log.checkpoint import Checkpoint, sign_checkpoint
from custom_components.depin.protocol.log.merkle import TreeHead
from custom_components.depin.protocol.log.notes import SignatureType, VerifierKey
from tests.home.pretender import Pretender, pretending

pytestmark = pytest.mark.filterwarnings(
    # Home Assistant's own server, which repairs are answered over, does as it did.
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

ORIGIN = "node.example/log/street"


def checkpoint(key: HomeKey, size: int, root: int = 1) -> bytes:
    """Sign a tree as the log."""
    tree = TreeHead(size, bytes([root]) * 32)
    return sign_checkpoint(Checkpoint(ORIGIN, tree), key.seed).format()


@asynccontextmanager
async def member(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> AsyncIterator[Pretender]:
    """Let the home be a member of a co-op without a market."""
    coop, name = entry.data["coop"], entry.data["member"]
    async with pretending() as node:
        node.answers = {
            "/challenges": (201, {"challenge": "A" * 75, "expires": 1}),
            "/tokens": (201, {"token": "abc", "expires": 1}),
            "/head": (200, {"metering": [], "trading": []}),
            f"/{name}": (200, {"key": to_text(key.public), "orders_held": False}),
            f"/coops/{coop}": (200, {"name": "Street", "origin": ORIGIN}),
            f"/log/{coop}/checkpoint": (200, checkpoint(key, 7)),
            "/markets": (200, []),
        }
        log_key = VerifierKey(ORIGIN, SignatureType.ED25519, key.public).format()
        joined = {"origin": ORIGIN, "log_key": log_key, "address": node.address}
        hass.config_entries.async_update_entry(entry, data={**entry.data, **joined})
        assert await hass.config_entries.async_setup(entry.entry_id)
        try:
            yield node
        finally:
            assert await hass.config_entries.async_unload(entry.entry_id)


async def verify_now(hass: HomeAssistant) -> dict[str, Any]:
    """Call the action, and return what it says."""
    answer = await hass.services.async_call(
        DOMAIN, "verify_now", blocking=True, return_response=True
    )
    await hass.async_block_till_done()
    assert answer is not None
    return dict(answer)


def state(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> str:
    """Return the state of a membership's entity."""
    registry = er.async_get(hass)
    (found,) = [
        one
        for one in er.async_entries_for_config_entry(registry, entry.entry_id)
        if one.unique_id == f"{entry.data['coop']}_{entry.data['member']}_{key}"
    ]
    shown = hass.states.get(found.entity_id)
    assert shown is not None
    return shown.state


async def test_what_was_verified_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    async with member(hass, entry, key):
        answer = await verify_now(hass)
        assert answer == {
            "verified": True,
            "log_size": 7,
            "intervals": 0,
            "found": None,
            "evidence": None,
        }
        assert state(hass, entry, "books_verified") == "on"
        assert state(hass, entry, "log_size") == "7"


async def test_what_cannot_be_asked_is_said(
    hass: HomeAssistant, entry: MockConfigEntry, key: HomeKey
) -> None:
    """A log that succeeded the home's is another one, and no lie."""
    async with member(hass, entry, key) as node:
        coop = entry.data["coop"]
        node.answers[f"/coops/{coop}"] = 200, {"name": "Street", "origin": f"{ORIGIN}/2"}
        with pytest.raises(HomeAssistantError, match="another log"):
            await verify_now(hass)


async def test_who_has_not_joined_has_nothing_to_verify(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(ServiceValidationError, match="not joined"):
        await verify_now(hass)


async def test_books_that_do_not_hold_stop_trading_until_the_owner_answers(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    hass_client: Callable[[], Awaitable[Any]],
) -> None:
    async with member(hass, entry, key) as node:
        await verify_now(hass)
        path = f"/log/{entry.data['coop']}/checkpoint"
        node.answers[path] = 200, checkpoint(key, 7, root=2)
        answer = await verify_now(hass)
        assert answer["verified"] is False
        assert "two trees of 7 entries" in answer["found"]
        evidence = decode_json(Path(answer["evidence"]).read_bytes())
        assert evidence["check"] == "log"
        assert state(hass, entry, "books_verified") == "off"
        membership = entry.runtime_data
        assert membership.orders.stopped
        assert membership.trading.halted
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"books_wrong_{entry.entry_id}")
        assert issue is not None
        assert issue.translation_placeholders is not None
        assert issue.translation_placeholders["file"] == answer["evidence"]

        assert await hass.config_entries.async_reload(entry.entry_id)
        assert entry.runtime_data.trading.halted

        assert await async_setup_component(hass, REPAIRS, {})
        client = await hass_client()
        fix = "/api/repairs/issues/fix"
        opened = await client.post(fix, json={"handler": DOMAIN, "issue_id": issue.issue_id})
        form = await opened.json()
        assert form["step_id"] == "confirm", form
        answered = await client.post(f"{fix}/{form['flow_id']}", json={})
        assert (await answered.json())["type"] == "create_entry"
        assert not entry.runtime_data.orders.stopped
        assert not entry.runtime_data.trading.halted
        assert (await verify_now(hass))["verified"] is True


async def test_an_answer_while_the_co_op_is_not_set_up_waits(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    key: HomeKey,
    hass_client: Callable[[], Awaitable[Any]],
) -> None:
    async with member(hass, entry, key) as node:
        await verify_now(hass)
        path = f"/log/{entry.data['coop']}/checkpoint"
        node.answers[path] = 200, checkpoint(key, 7, root=2)
        await verify_now(hass)
    assert await async_setup_component(hass, REPAIRS, {})
    client = await hass_client()
    fix, issue = "/api/repairs/issues/fix", f"books_wrong_{entry.entry_id}"
    form = await (await client.post(fix, json={"handler": DOMAIN, "issue_id": issue})).json()
    answered = await (await client.post(f"{fix}/{form['flow_id']}", json={})).json()
    assert (answered["type"], answered["reason"]) == ("abort", "not_loaded")
