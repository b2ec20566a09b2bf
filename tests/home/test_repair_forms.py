"""Troubles that owners mend in a form, over the web as they do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.devices.points import Role
from custom_components.depin.issues import IssuesOfEntry
from custom_components.depin.node import Node, NodeRefusedError
from custom_components.depin.node_watch import CLOCKS_DIFFER_S, SILENT_S, NodeWatch
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.invite import Invite
from custom_components.depin.troubles import Trouble
from tests.home.pretender import IN_EUROS, pretending
from tests.home.test_entity_devices import COUNTER, POWER, add, the_device

pytestmark = pytest.mark.filterwarnings(
    # Home Assistant's own server, which repairs are answered over, does as it did.
    "ignore::aiohttp.web_exceptions.NotAppKeyWarning"
)

type Client = Callable[[], Awaitable[Any]]


class Mending:
    """The form of one repair."""

    def __init__(self, client: Any, issue: str) -> None:  # noqa: ANN401 - a client of tests has no type
        self._client = client
        self._issue = issue
        self._path = "/api/repairs/issues/fix"

    async def open(self) -> dict[str, Any]:
        """Open it, and return what it shows."""
        asked = {"handler": DOMAIN, "issue_id": self._issue}
        shown: dict[str, Any] = await (await self._client.post(self._path, json=asked)).json()
        self._path += f"/{shown['flow_id']}"
        assert shown["step_id"] == "mend", shown
        return shown

    async def give(self, **given: object) -> dict[str, Any]:
        """Fill it in, and return what is wrong; nothing once it is mended."""
        answer: dict[str, Any] = await (await self._client.post(self._path, json=given)).json()
        assert answer["type"] in {"form", "create_entry"}, answer
        return dict(answer.get("errors") or {})


async def mending(hass: HomeAssistant, hass_client: Client, issue: str) -> Mending:
    """Return the form of an issue."""
    assert await async_setup_component(hass, REPAIRS, {})
    return Mending(await hass_client(), issue)


def issues(hass: HomeAssistant) -> set[str]:
    """Return what the owner is told."""
    return {str(issue.translation_key) for issue in ir.async_get(hass).issues.values()}


class Told:
    """An owner who remembers what is so."""

    def __init__(self) -> None:
        self.troubles: set[Trouble] = set()

    def tell(self, trouble: Trouble) -> None:
        self.troubles.add(trouble)

    def withdraw(self, trouble: Trouble) -> None:
        self.troubles.discard(trouble)


class Asking:
    """Who asks the node."""

    is_reachable: bool | None = None


async def test_a_node_that_is_silent_for_a_day_is_told(hass: HomeAssistant) -> None:
    """Not before, and not from when it answers again; the home's own clock is not asked."""
    owner, asking, now = Told(), Asking(), [0.0]
    node = Node(async_get_clientsession(hass), "http://127.0.0.1:1", "A" * 22)
    watch = NodeWatch(node, asking, owner, lambda: now[0])
    for at, answers, told in (
        (SILENT_S - 1, False, False),
        (SILENT_S, False, True),
        (SILENT_S + 1, True, False),
        (2 * SILENT_S, False, False),
        (2 * SILENT_S + 1, None, True),
    ):
        now[0], asking.is_reachable = at, answers
        watch.look()
        assert (Trouble.NODE_SILENT in owner.troubles) == told


async def test_clocks_that_differ_are_told(hass: HomeAssistant) -> None:
    """By the time that each answer of the node's bears; one without it tells nothing."""
    owner = Told()
    async with pretending() as node:
        asked = Node(async_get_clientsession(hass), node.address, "A" * 22)
        node.refuse(f"/{asked.coop}", "coop-unknown")
        watch = NodeWatch(asked, Asking(), owner, time.monotonic)
        for off, told in ((0.0, False), (-2 * CLOCKS_DIFFER_S, True), (None, True), (0.0, False)):
            at = None if off is None else formatdate(time.time() + off, usegmt=True)
            node.headers = {"Date": "some day" if at is None else at}
            with pytest.raises(NodeRefusedError):
                await asked.describe()
            watch.look()
            assert (Trouble.CLOCK_WRONG in owner.troubles) == told


async def test_a_node_that_moved_is_found_again(
    hass: HomeAssistant, loaded: MockConfigEntry, invite: Invite, hass_client: Client
) -> None:
    """At the address that the owner enters, if it is the same node."""
    IssuesOfEntry(hass, loaded).tell(Trouble.NODE_SILENT)
    form = await mending(hass, hass_client, f"node_silent_{loaded.entry_id}")
    shown = await form.open()
    assert shown["description_placeholders"] == {"coop": loaded.title}
    assert shown["data_schema"][0]["description"] == {"suggested_value": invite.address}
    described: dict[str, Any] = {"name": "Hof", "node_key": to_text(bytes(32)), **IN_EUROS}
    async with pretending(**{invite.coop: described}) as node:
        for address, problem in (
            ("street", "no_address"),
            ("http://127.0.0.1:1", "node_away"),
            (node.address, "node_key_differs"),
        ):
            assert await form.give(address=address) == {"address": problem}
        node.answers = {f"/{invite.coop}": (200, {})}
        assert await form.give(address=node.address) == {"address": "no_node"}
        node.refuse(f"/{invite.coop}", "coop-unknown", 404)
        assert await form.give(address=node.address) == {"address": "coop_unknown"}
        node.answers = {
            f"/{invite.coop}": (200, {**described, "node_key": to_text(invite.node_key)})
        }
        assert await form.give(address=f" {node.address}/ ") == {}
        await hass.async_block_till_done()
        assert loaded.data["address"] == node.address
        assert issues(hass) == set()
        await hass.config_entries.async_unload(loaded.entry_id)


async def test_a_home_goes_on_joining_with_a_new_invite(
    hass: HomeAssistant, loaded: MockConfigEntry, invite: Invite, hass_client: Client
) -> None:
    """Of the same co-op; its key and its devices stay."""
    IssuesOfEntry(hass, loaded).tell(Trouble.INVITE_REFUSED)
    form = await mending(hass, hass_client, f"invite_refused_{loaded.entry_id}")
    await form.open()
    another = replace(invite, coop=to_text(bytes(reversed(range(16)))))
    nowhere = replace(invite)
    object.__setattr__(nowhere, "address", "street")
    for text, problem in (
        ("please", "no_invite"),
        (str(nowhere), "invite_unusable"),
        (str(invite)[:-3], "invite_damaged"),
        (str(another), "another_coop"),
    ):
        assert await form.give(invite=text) == {"invite": problem}
    new = replace(invite, code=bytes(16))
    assert await form.give(invite=f"Here it is: {new}") == {}
    await hass.async_block_till_done()
    assert loaded.data["invite_code"] == to_text(new.code)
    assert loaded.data["member"]
    await hass.config_entries.async_unload(loaded.entry_id)


async def test_the_clock_is_looked_at_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the node's word against the machine's."""
    monkeypatch.setattr("custom_components.depin._JOIN_AGAIN", 0.1)
    coop = {"name": "Hof", "node_key": entry.data["node_key"], **IN_EUROS}
    async with pretending(**{entry.data["coop"]: coop}) as node:
        node.refuse("/members", "clock-wrong", 409)
        data = {**entry.data, "address": node.address}
        hass.config_entries.async_update_entry(entry, data=data)
        assert await hass.config_entries.async_setup(entry.entry_id)
        while not issues(hass):
            await asyncio.sleep(0.05)
        assert issues(hass) == {"clock_wrong"}
        await hass.config_entries.async_unload(entry.entry_id)
        form = await mending(hass, hass_client, f"clock_wrong_{entry.entry_id}")
        await form.open()
        node.answers = {}
        assert await form.give() == {"base": "node_away"}
        node.answers = {f"/{entry.data['coop']}": (200, coop)}
        node.headers = {"Date": formatdate(time.time() + 300, usegmt=True)}
        assert await form.give() == {"base": "clock_still_wrong"}
        node.headers = {}
        assert await form.give() == {}
    assert issues(hass) == set()


async def test_an_entity_that_is_gone_gets_a_successor(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    hass_client: Client,
) -> None:
    """Which fits as it did; the device is read on from it."""
    made = [
        entity_registry.async_get_or_create("sensor", "other", name).entity_id
        for name in ("old", "new", "export", "power")
    ]
    for entity_id, state in zip(made, (COUNTER, COUNTER, COUNTER, POWER), strict=True):
        hass.states.async_set(entity_id, "1234.5", state)
    old, new, export, power = made
    await add(hass, loaded, "grid", import_wh=old, export_wh=export)
    key = the_device(loaded).sampled.key
    entity_registry.async_remove(old)
    hass.states.async_remove(old)
    await hass.async_block_till_done()
    form = await mending(hass, hass_client, f"entity_unfit_{key}_import_wh")
    await form.open()
    for entity_id, problem in (
        ("sensor.plain", "not_registered"),
        (power, "wrong_unit"),
        (export, "same_entity"),
    ):
        assert await form.give(entity_id=entity_id) == {"entity_id": problem}
    assert await form.give(entity_id=new) == {}
    await hass.async_block_till_done()
    assert the_device(loaded).shown(Role.GRID).import_wh == 1_234_500
    assert issues(hass) == set()


@pytest.mark.usefixtures("loaded")
async def test_an_exchanged_meter_is_confirmed(hass: HomeAssistant, hass_client: Client) -> None:
    """As is a trouble of which the entry is gone meanwhile."""
    assert await async_setup_component(hass, REPAIRS, {})
    gone: dict[str, str | int | float | None] = {"trouble": "entity_unfit", "entry_id": "gone"}
    for trouble, data in (("counter_changed", None), ("entity_unfit", gone)):
        ir.async_create_issue(
            hass,
            DOMAIN,
            trouble,
            data=data,
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=trouble,
        )
        client, path = await hass_client(), "/api/repairs/issues/fix"
        asked = {"handler": DOMAIN, "issue_id": trouble}
        form = await (await client.post(path, json=asked)).json()
        assert form["step_id"] == "confirm"
        await client.post(f"{path}/{form['flow_id']}", json={})
        assert issues(hass) == set()
