"""The flow from a pasted invite to a membership."""

import asyncio
import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)

from custom_components.depin import config_flow
from custom_components.depin.const import DOMAIN
from custom_components.depin.key_store import StoredKeys, async_save_keys
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.invite import Invite, parse_invite
from custom_components.depin.protocol.keys import fingerprint


async def _paste(hass: HomeAssistant, text: str) -> ConfigFlowResult:
    """Open the flow and paste a text."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"
    assert not form["errors"]
    return await hass.config_entries.flow.async_configure(form["flow_id"], {"invite": text})


async def _confirm(hass: HomeAssistant, form: ConfigFlowResult) -> ConfigFlowResult:
    """Join what the form shows."""
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "confirm_untold"
    return await hass.config_entries.flow.async_configure(form["flow_id"], {"name": "Haus 7"})


async def test_an_invite_becomes_a_membership(
    hass: HomeAssistant, invite: Invite, hass_storage: dict[str, Any]
) -> None:
    """The entry holds what the invite says, and the key is stored apart from it."""
    form = await _paste(hass, f"Welcome!\n{invite}\nSee you soon")
    assert form["description_placeholders"] == {
        "name": "127.0.0.1",
        "host": "127.0.0.1",
        "coop": invite.coop,
        "fingerprint": fingerprint(invite.node_key),
    }
    assert not [name for name in hass_storage if name.startswith("depin.")]
    result = await _confirm(hass, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == f"127.0.0.1 {invite.coop[:6]}"
    member = entry.data["member"]
    assert entry.unique_id == f"{invite.coop}_{member}"
    assert entry.data == {
        "coop": invite.coop,
        "member": member,
        "address": invite.address,
        "node_key": to_text(invite.node_key),
        "invite_code": to_text(invite.code),
        "name": "Haus 7",
        "on_paper": False,
        "pseudonym_salt": entry.data["pseudonym_salt"],
    }
    key = entry.runtime_data.key
    assert member == member_id(invite.coop, key.public)
    assert hass_storage[f"depin.key.{member}"]["data"] == {"seeds": [to_text(key.seed)]}
    assert to_text(key.seed) not in str(entry.as_dict())


def _altered(invite: Invite) -> str:
    """Change one character inside the invite."""
    text = str(invite)
    return text[:60] + ("A" if text[60] != "A" else "B") + text[61:]


def _leading_to(invite: Invite, address: bytes) -> str:
    """Write an invite that is whole but leads nowhere, as a foreign program might."""
    text = str(invite).removeprefix("depin1.")
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[4:]
    content = content.removesuffix(invite.address.encode()) + address
    return f"depin1.{to_text(_check(content) + content)}"


def _check(content: bytes) -> bytes:
    return sha256(b"depin invite v1\x00" + content).digest()[:4]


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda _: "hello", "no_invite"),
        (lambda invite: str(invite)[:-8], "invite_damaged"),
        (_altered, "invite_damaged"),
        (lambda invite: _leading_to(invite, b"ftp://node.example"), "invite_unusable"),
        (lambda invite: _leading_to(invite, b"https://node.example:99999"), "invite_unusable"),
    ],
)
async def test_a_bad_invite_is_told_apart_and_can_be_corrected(
    hass: HomeAssistant, invite: Invite, write: Callable[[Invite], str], error: str
) -> None:
    """The form stays open with what was pasted, and takes a good invite afterwards."""
    text = write(invite)
    form = await _paste(hass, text)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {"invite": error}
    assert form["data_schema"] is not None
    assert get_schema_suggested_value(form["data_schema"].schema, "invite") == text
    assert not hass.config_entries.async_entries(DOMAIN)

    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"invite": str(invite)}
    )
    result = await _confirm(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_home_joins_a_co_op_once(
    hass: HomeAssistant, entry: MockConfigEntry, invite: Invite, hass_storage: dict[str, Any]
) -> None:
    """A second invite of the same co-op changes nothing, and makes no key."""
    stored = set(hass_storage)
    second = Invite(invite.address, invite.node_key, invite.coop, bytes(16))
    result = await _paste(hass, str(second))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
    assert set(hass_storage) == stored


class _SlowStore:
    """Saves keys like the real one, once it is told to go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def save(self, hass: HomeAssistant, member: str, stored: StoredKeys) -> None:
        self.reached.set()
        await self.may_go_on.wait()
        await async_save_keys(hass, member, stored)


@pytest.fixture
def slow_store(monkeypatch: pytest.MonkeyPatch) -> _SlowStore:
    store = _SlowStore()
    monkeypatch.setattr(config_flow, "async_save_keys", store.save)
    return store


def _stored_keys(hass_storage: dict[str, Any]) -> list[str]:
    return [name for name in hass_storage if name.startswith("depin.key.")]


async def test_of_flows_at_once_one_joins(
    hass: HomeAssistant, invite: Invite, hass_storage: dict[str, Any], slow_store: _SlowStore
) -> None:
    """While the key of one is written, there is no entry yet, and the others end at that."""
    forms = [await _paste(hass, str(invite)) for _ in range(4)]
    flows = [asyncio.create_task(_confirm(hass, form)) for form in forms]
    await slow_store.reached.wait()
    assert not hass.config_entries.async_entries(DOMAIN)
    slow_store.may_go_on.set()
    results = await asyncio.gather(*flows)
    await hass.async_block_till_done()
    assert sorted(result.get("reason", "joined") for result in results) == [
        "already_in_progress",
        "already_in_progress",
        "already_in_progress",
        "joined",
    ]
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert _stored_keys(hass_storage) == [f"depin.key.{entry.data['member']}"]
    assert (await _paste(hass, str(invite))).get("reason") == "already_configured"


async def test_a_form_that_is_sent_twice_joins_once(
    hass: HomeAssistant, invite: Invite, hass_storage: dict[str, Any], slow_store: _SlowStore
) -> None:
    """Two clicks make one entry and one key."""
    form = await _paste(hass, str(invite))
    clicks = [asyncio.create_task(_confirm(hass, form)) for _ in range(2)]
    await slow_store.reached.wait()
    slow_store.may_go_on.set()
    # Which of the two is answered, and how, is up to when Home Assistant forgets the flow.
    await asyncio.gather(*clicks, return_exceptions=True)
    await hass.async_block_till_done()
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1
    assert len(_stored_keys(hass_storage)) == 1


async def test_an_entry_that_came_first_wins(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    invite: Invite,
    hass_storage: dict[str, Any],
    slow_store: _SlowStore,
) -> None:
    """The flow ends, and the key that it had made is erased."""
    await hass.config_entries.async_remove(entry.entry_id)
    form = await _paste(hass, str(invite))
    flow = asyncio.create_task(_confirm(hass, form))
    await slow_store.reached.wait()
    entry.add_to_hass(hass)
    slow_store.may_go_on.set()
    assert (await flow).get("reason") == "already_configured"
    await hass.async_block_till_done()
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
    assert _stored_keys(hass_storage) == []


async def test_a_flow_that_is_closed_leaves_no_key(
    hass: HomeAssistant, invite: Invite, hass_storage: dict[str, Any], slow_store: _SlowStore
) -> None:
    """Even when it is closed while the key is written."""
    form = await _paste(hass, str(invite))
    flow = asyncio.create_task(_confirm(hass, form))
    await slow_store.reached.wait()
    hass.config_entries.flow.async_abort(form["flow_id"])
    slow_store.may_go_on.set()
    with pytest.raises(UnknownFlow):
        await flow
    await hass.async_block_till_done()
    assert not hass.config_entries.async_entries(DOMAIN)
    assert _stored_keys(hass_storage) == []


async def test_a_home_can_be_in_several_co_ops(
    hass: HomeAssistant, entry: MockConfigEntry, invite: Invite
) -> None:
    """Another co-op gets another key, so that nobody can tell it is the same home."""
    other = Invite(invite.address, invite.node_key, to_text(bytes(16)), invite.code)
    assert parse_invite(str(other)) == other
    result = await _confirm(hass, await _paste(hass, str(other)))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].data["member"] != entry.data["member"]
