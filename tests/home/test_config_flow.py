"""The flow from a pasted invite to a membership."""

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_schema_suggested_value,
)

from custom_components.depin.const import DOMAIN
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.invite import Invite, parse_invite


async def _paste(hass: HomeAssistant, text: str) -> ConfigFlowResult:
    """Open the flow and paste a text."""
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "user"
    assert not form["errors"]
    return await hass.config_entries.flow.async_configure(form["flow_id"], {"invite": text})


async def test_an_invite_becomes_a_membership(
    hass: HomeAssistant, invite: Invite, hass_storage: dict[str, Any]
) -> None:
    """The entry holds what the invite says, and the key is stored apart from it."""
    result = await _paste(hass, f"Welcome!\n{invite}\nSee you soon")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == "node.example"
    member = entry.data["member"]
    assert entry.unique_id == f"{invite.coop}_{member}"
    assert entry.data == {
        "coop": invite.coop,
        "member": member,
        "address": invite.address,
        "node_key": to_text(invite.node_key),
        "invite_code": to_text(invite.code),
    }
    key = entry.runtime_data.key
    assert member == member_id(invite.coop, key.public)
    assert hass_storage[f"depin.key.{member}"]["data"] == {"seed": to_text(key.seed)}
    assert to_text(key.seed) not in str(entry.as_dict())


def _altered(invite: Invite) -> str:
    """Change one character inside the invite."""
    text = str(invite)
    return text[:60] + ("A" if text[60] != "A" else "B") + text[61:]


def _without_address(invite: Invite) -> str:
    """Write an invite that is whole but leads nowhere, as a foreign program might."""
    text = str(invite).removeprefix("depin1.")
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[4:]
    content = content.removesuffix(invite.address.encode()) + b"ftp://node.example"
    return f"depin1.{to_text(_check(content) + content)}"


def _check(content: bytes) -> bytes:
    return sha256(b"depin invite v1\x00" + content).digest()[:4]


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda _: "hello", "no_invite"),
        (lambda invite: str(invite)[:-8], "invite_damaged"),
        (_altered, "invite_damaged"),
        (_without_address, "invite_unusable"),
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


async def test_a_home_can_be_in_several_co_ops(
    hass: HomeAssistant, entry: MockConfigEntry, invite: Invite
) -> None:
    """Another co-op gets another key, so that nobody can tell it is the same home."""
    other = Invite(invite.address, invite.node_key, to_text(bytes(16)), invite.code)
    assert parse_invite(str(other)) == other
    result = await _paste(hass, str(other))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].data["member"] != entry.data["member"]
