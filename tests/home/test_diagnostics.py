"""What an owner can hand on to have a problem found, and what never leaves the home by it."""

import json
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant

from custom_components.depin.diagnostics import async_get_config_entry_diagnostics
from custom_components.depin.protocol.durations import HOUR
from custom_components.depin.protocol.rules.market_rules import MarketRules
from custom_components.depin.protocol.statements.measuring import Readings
from tests.home.members import street


async def test_a_member_s_statements_and_receipts_are_told_without_its_names(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """With a real node, whose receipts bear its name."""
    with street(tmp_path, MarketRules(interval=HOUR)) as coop:
        entry = await coop.join(hass)
        membership = entry.runtime_data
        body = Readings("A" * 22, (1_700_000_000_000,), {"import": (1,)})
        await membership.attestation.async_record(body)
        assert membership.delivery is not None
        await membership.delivery.deliver()
        assert membership.verification is not None
        await membership.verification.verify()
        assert membership.coordinator is not None
        await membership.coordinator.keeping.catch_up()
        await membership.coordinator.async_refresh()
        told = await async_get_config_entry_diagnostics(hass, entry)
        key = membership.key
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert told["verification"]["verified"] is True
    assert told["verification"]["log_size"] > 0
    assert told["books"]["currency"] == "EUR"
    assert told["trading"]["choices"]["strategy"] == "off"
    metering = told["statements"]["metering"]
    assert metering["waiting"] == 0
    *_, said = metering["last"]
    assert metering["heads"] == [{name: said[name] for name in ("chain", "seq", "hash")}]
    assert said["kind"] == "readings"
    assert said["receipt"]["statement"] == said["hash"]
    written = json.dumps(told, default=str)
    for name in ("coop", "member", "address", "name", "invite_code", "pseudonym_salt", "origin"):
        assert entry.data[name] not in written, name
    assert entry.title not in written
    assert "127.0.0.1" not in written
    assert key.seed.hex() not in written
    assert str(hass.config.latitude) not in written


@pytest.mark.usefixtures("loaded")
async def test_a_home_that_has_not_joined_tells_what_there_is(hass: HomeAssistant) -> None:
    """Its statements wait."""
    (entry,) = hass.config_entries.async_loaded_entries("depin")
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["state"] == "invited"
    assert told["statements"]["trading"] == {
        "heads": [],
        "waiting": 0,
        "held": False,
        "last": [],
    }
    assert "trading" not in told
