"""Fixtures of the home's tests."""

import logging
from collections.abc import AsyncIterator
from secrets import token_bytes

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

# The test package has a custom_components of its own, which would be found instead of ours.
import custom_components  # noqa: F401
from custom_components.depin.const import DOMAIN
from custom_components.depin.home_key import HomeKey, make_key
from custom_components.depin.key_store import StoredKeys, async_save_keys
from custom_components.depin.protocol import keys
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.identifiers import member_id
from custom_components.depin.protocol.invite import Invite
from custom_components.depin.sources import modbus_source


@pytest.fixture(autouse=True)
def ours_is_found(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration and ask nodes here, in the tests that have one."""
    # It has to be there before Home Assistant is.
    if "recorder_mock" in request.fixturenames:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
        request.getfixturevalue("recorder_mock")
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
        request.getfixturevalue("socket_enabled")


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Let each Home Assistant keep its files in a folder of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def invite() -> Invite:
    """Return an invite of a co-op."""
    return Invite(
        address="http://127.0.0.1:1",
        node_key=keys.public_key(bytes(range(32))),
        coop=to_text(bytes(range(16))),
        code=token_bytes(16),
    )


@pytest.fixture
def key() -> HomeKey:
    """Return the home's key."""
    return make_key()


@pytest.fixture
async def entry(hass: HomeAssistant, invite: Invite, key: HomeKey) -> MockConfigEntry:
    """Return the entry of a home that took the invite, its key stored."""
    member = member_id(invite.coop, key.public)
    await async_save_keys(hass, member, StoredKeys((key,)))
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="node.example AAECAw",
        unique_id=f"{invite.coop}_{member}",
        data={
            "coop": invite.coop,
            "member": member,
            "address": invite.address,
            "node_key": to_text(invite.node_key),
            "invite_code": to_text(invite.code),
            "name": "Haus 7",
            "pseudonym_salt": to_text(bytes(16)),
        },
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncIterator[MockConfigEntry]:
    """Return a membership that is set up, and unload it in the end."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for registers no longer than this busy machine may take."""
    monkeypatch.setattr(modbus_source, "ANSWER_S", 3.0)
