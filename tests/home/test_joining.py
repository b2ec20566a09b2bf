"""A home in a real Home Assistant joins by an invite, and speaks to a real node."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.depin.const import DOMAIN
from custom_components.depin.membership import MembershipState
from custom_components.depin.protocol.encoding import to_text
from custom_components.depin.protocol.invite import Invite, parse_invite
from custom_components.depin.protocol.keys import public_key
from custom_components.depin.protocol.log.notes import SignatureType, VerifierKey
from custom_components.depin.protocol.statements.measuring import Readings
from tests.home.pretender import IN_EUROS, Pretender, pretending
from tests.system.node_process import command, new_coop, running

METER = "A" * 22


async def _paste(hass: HomeAssistant, invite: Invite) -> ConfigFlowResult:
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(form["flow_id"], {"invite": str(invite)})


async def _confirm(
    hass: HomeAssistant, form: ConfigFlowResult, name: str = "Haus 7"
) -> ConfigFlowResult:
    assert form["step_id"] in {"confirm", "confirm_untold"}, form
    return await hass.config_entries.flow.async_configure(form["flow_id"], {"name": name})


def _invite(folder: Path, port: int) -> Invite:
    invite = parse_invite(command("invite", "--data", folder))
    return replace(invite, address=f"http://127.0.0.1:{port}")


async def test_a_home_joins_and_what_it_says_is_verified(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """The flow shows the co-op's name; the entry is a member; the node's books follow."""
    new_coop(tmp_path)
    with running(tmp_path) as (port, _):
        invite = _invite(tmp_path, port)
        form = await _paste(hass, invite)
        assert form["description_placeholders"]
        assert form["description_placeholders"]["name"] == "Sonnenstraße"
        # The co-op's terms are told in its own numbers.
        assert form["step_id"] == "confirm"
        told = form["description_placeholders"]
        assert (told["currency"], told["minutes"], told["low"]) == ("EUR", "15", "0")
        assert (told["retail"], told["feed_in"], told["fees"]) == ("0.3", "0.08", "0")
        result = await _confirm(hass, form)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        assert entry.title == "Sonnenstraße"
        # It leads on to the home's first device.
        kind, flow_id = result["next_flow"]
        assert kind is FlowType.CONFIG_SUBENTRIES_FLOW
        assert hass.config_entries.subentries.async_get(flow_id)["step_id"] == "user"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        membership = entry.runtime_data
        assert membership.state is MembershipState.JOINED
        for number in range(3):
            body = Readings(METER, (1_700_000_000_000 + number,), {"import": (number,)})
            await membership.attestation.async_record(body)
        await membership.delivery.deliver()
        assert await membership.attestation.async_waiting("metering") == []
        assert not ir.async_get(hass).issues
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert "all follows" in command("verify", "--data", tmp_path)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_a_co_op_in_another_currency_is_not_joined(
    hass: HomeAssistant, invite: Invite, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the form nor later: the energy dashboard would count wrongly."""
    monkeypatch.setattr("custom_components.depin._JOIN_AGAIN", 0.1)
    other = Invite(invite.address, invite.node_key, to_text(bytes(16)), invite.code)
    described = {"name": "Ort", "node_key": to_text(invite.node_key), **IN_EUROS}
    async with pretending() as node:
        for coop in (invite.coop, other.coop):
            node.answers[f"/{coop}"] = 200, {**described, "currency": "CHF"}
        form = await _paste(hass, replace(other, address=node.address))
        assert form["errors"] == {"base": "currency_differs"}
        assert form["description_placeholders"] == {"currency": "CHF", "own_currency": "EUR"}

        data = {**entry.data, "address": node.address}
        hass.config_entries.async_update_entry(entry, data=data)
        assert await hass.config_entries.async_setup(entry.entry_id)
        issue = f"currency_differs_{entry.entry_id}"
        while not ir.async_get(hass).async_get_issue(DOMAIN, issue):
            await asyncio.sleep(0.05)
        assert not any(path.endswith("/members") for path in node.asked)
        await hass.config.async_update(currency="CHF")
        while ir.async_get(hass).async_get_issue(DOMAIN, issue):
            await asyncio.sleep(0.05)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_home_joins_when_its_node_is_back(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it records; the entry is taken up anew as a member's."""
    monkeypatch.setattr("custom_components.depin._JOIN_AGAIN", 0.1)
    new_coop(tmp_path)
    port = _free_port()
    result = await _confirm(hass, await _paste(hass, _invite(tmp_path, port)))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.runtime_data.state is MembershipState.INVITED
    body = Readings(METER, (1_700_000_000_000,), {"import": (1,)})
    await entry.runtime_data.attestation.async_record(body)
    with running(tmp_path, "--port", str(port)):
        while entry.runtime_data.state is not MembershipState.JOINED:
            await asyncio.sleep(0.05)
            await hass.async_block_till_done()
        await entry.runtime_data.delivery.deliver()
        assert await entry.runtime_data.attestation.async_waiting("metering") == []
        assert not ir.async_get(hass).issues
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_invite_that_is_refused_later_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner hears of it, and the home asks again: the co-op may mend it."""
    monkeypatch.setattr("custom_components.depin._JOIN_AGAIN", 0.1)
    async with pretending() as node:
        node.refuse("/members", "invite-used", 409)
        known = {"name": "Ort", "node_key": to_text(bytes(32)), **IN_EUROS}
        node.answers[f"/{entry.data['coop']}"] = 200, known
        hass.config_entries.async_update_entry(entry, data={**entry.data, "address": node.address})
        assert await hass.config_entries.async_setup(entry.entry_id)
        while len(node.asked) < 2:
            await asyncio.sleep(0.05)
    issues = ir.async_get(hass)
    assert issues.async_get_issue(DOMAIN, f"invite_refused_{entry.entry_id}")
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issues.async_get_issue(DOMAIN, f"invite_refused_{entry.entry_id}")


_JOINED = {"origin": "node.example/log", "log_key": "no-key", "node_key": ""}


@pytest.mark.parametrize(
    ("describe", "error"),
    [
        (lambda node: node.refuse("", "not-found", 404), "coop_unknown"),
        (lambda node: node.answers.update({"": (200, b"<html>")}), "no_node"),
        (lambda node: node.answers.update({"": (404, b"<html>")}), "no_node"),
        (lambda node: node.answers.update({"": (200, {"name": "Ort"})}), "no_node"),
        (
            lambda node: node.answers.update(
                {"": (200, {"name": "Ort", "node_key": to_text(bytes(32)), **IN_EUROS})}
            ),
            "node_key_differs",
        ),
    ],
)
async def test_a_node_that_is_not_the_invited_one_is_not_joined(
    hass: HomeAssistant, invite: Invite, describe: Callable[[Pretender], None], error: str
) -> None:
    """The form says why, and makes no key."""
    async with pretending() as node:
        describe(node)
        form = await _paste(hass, replace(invite, address=node.address))
    assert form["step_id"] == "user"
    assert form["errors"] == {"base": error}


@pytest.mark.parametrize(
    ("answered", "error"),
    [
        ((403, "invite-unknown"), "invite_unknown"),
        ((409, "invite-used"), "invite_used"),
        ((403, "invite-expired"), "invite_expired"),
        ((422, "clock-wrong"), "clock_wrong"),
        ((409, "left"), "left"),
        ((400, "request-invalid"), "join_refused"),
        ((201, {"node_key": to_text(bytes(32))}), "node_key_differs"),
        ((201, {}), "node_key_differs"),
        ((201, {"log_key": "log+00000000+AAAA"}), "node_key_differs"),
        ((201, {"origin": 5}), "no_node"),
    ],
)
async def test_a_home_that_may_not_join_is_told_why(
    hass: HomeAssistant,
    invite: Invite,
    hass_storage: dict[str, Any],
    answered: tuple[int, Any],
    error: str,
) -> None:
    """The form stays open; when it is closed, no key is left."""
    status, said = answered
    async with pretending() as node:
        if isinstance(said, str):
            node.refuse("/members", said, status)
        else:
            joined = {**_JOINED, "node_key": to_text(invite.node_key), **said}
            node.answers["/members"] = status, joined
        described = {"name": "Ort", "node_key": to_text(invite.node_key), **IN_EUROS}
        node.answers[f"/{invite.coop}"] = 200, described
        node.answers["/markets"] = 200, []
        form = await _paste(hass, replace(invite, address=node.address))
        for _ in range(2):
            form = await _confirm(hass, form)
            assert form["type"] is FlowResultType.FORM
            assert form["errors"] == {"base": error}
    hass.config_entries.flow.async_abort(form["flow_id"])
    await hass.async_block_till_done()
    assert not [name for name in hass_storage if name.startswith("depin.key.")]


async def test_a_log_key_must_be_that_of_the_log(hass: HomeAssistant, invite: Invite) -> None:
    """A key of another name would sign for another log."""
    key = VerifierKey(
        "elsewhere.example/log", SignatureType.ED25519, public_key(bytes(32))
    ).format()
    async with pretending() as node:
        joined = {**_JOINED, "node_key": to_text(invite.node_key), "log_key": key}
        node.answers["/members"] = 201, joined
        node.answers[f"/{invite.coop}"] = (
            200,
            {"name": "Ort", "node_key": joined["node_key"], **IN_EUROS},
        )
        form = await _confirm(hass, await _paste(hass, replace(invite, address=node.address)))
    assert form["errors"] == {"base": "node_key_differs"}


async def test_a_name_must_fit_on_one_line(hass: HomeAssistant, invite: Invite) -> None:
    """The form says so before the node is asked."""
    form = await _confirm(hass, await _paste(hass, invite), "Haus\n7")
    assert form["errors"] == {"base": "name_unfit"}
    result = await _confirm(hass, form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
