"""Devices that send messages, through mosquitto: added, heard, and a broker that goes away."""

import asyncio
import gc
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.depin import mqtt_flow
from custom_components.depin.devices.capture import parse_capture, replay
from custom_components.depin.devices.points import Role
from custom_components.depin.devices.profiles import load
from custom_components.depin.sensed_device import SensedDevice
from custom_components.depin.sources import mqtt_source
from tests.patience import PATIENCE

from .broker import RunningBroker
from .certificates import self_signed

TOPIC = "shelly/status/emdata:0"
SHELLY = {"profile": "shelly_pro_3em_mqtt", "broker": "own"}


def total(wh: float, given: float = 3.0) -> str:
    """Return what a Shelly sends of its counters."""
    return json.dumps({"id": 0, "total_act": wh, "total_act_ret": given})


@pytest.fixture
def broker(tmp_path: Path, request: pytest.FixtureRequest) -> RunningBroker:
    """Return a broker that does not run yet."""
    request.getfixturevalue("socket_enabled")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return RunningBroker(tmp_path, free.getsockname()[1])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for a second, and come back to a lost broker at once."""
    monkeypatch.setattr(mqtt_flow, "LISTENED_S", 1.0)
    monkeypatch.setattr(mqtt_source, "_LONGEST_PAUSE_S", 0.1)
    monkeypatch.setattr(mqtt_source, "_SHORTEST_PAUSE_S", 0.1)


async def start(hass: HomeAssistant, entry: MockConfigEntry, *answers: dict[str, Any]) -> Any:  # noqa: ANN401 - a step of any kind
    """Begin to add an MQTT device, and give answers."""
    flows = hass.config_entries.subentries
    form: Any = await flows.async_init((entry.entry_id, "mqtt"), context={"source": SOURCE_USER})
    for answer in answers:
        form = await flows.async_configure(form["flow_id"], answer)
    return form


async def continued(
    hass: HomeAssistant,
    form: Any,  # noqa: ANN401 - a step of any kind
    answer: dict[str, Any],
) -> Any:  # noqa: ANN401 - likewise
    """Answer a step."""
    return await hass.config_entries.subentries.async_configure(form["flow_id"], answer)


def the_device(entry: MockConfigEntry) -> SensedDevice:
    """Return the one device that there is."""
    (device,) = entry.runtime_data.senses.devices.values()
    assert isinstance(device, SensedDevice)
    return device


async def heard(device: SensedDevice, wh: int) -> None:
    """Wait until a device shows what was sent."""
    for _ in range(400):
        if device.shown(device.metered.parts[0].use.role).import_wh == wh:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"{wh} Wh was never heard")


@pytest.mark.mosquitto
async def test_a_device_behind_a_second_broker(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker
) -> None:
    """It is added when it is heard, and heard again after the broker was away."""
    door = {"host": "127.0.0.1", "port": broker.port, "tls": False}
    with broker.running():
        async with broker.client() as client:
            # That it is there is no word of what it reads.
            await client.publish("shelly/online", "true", retain=True)
        form = await start(hass, loaded, SHELLY, door)
        assert form["step_id"] == "topics"
        form = await hass.config_entries.subentries.async_configure(
            form["flow_id"], {"prefix": "shelly"}
        )
        assert form["errors"] == {"base": "nothing_heard"}

        async with broker.client() as client:

            async def speak() -> None:
                while True:
                    await client.publish(TOPIC, total(1000.4))
                    await asyncio.sleep(0.1)

            speaking = asyncio.create_task(speak())
            form = await continued(hass, form, {"prefix": "shelly", "unheard": False})
            assert form["step_id"] == "roles"
            assert "import_wh 1000" in form["description_placeholders"]["seen"]
            assert form["data_schema"]({})["grid"] == "grid"
            form = await hass.config_entries.subentries.async_configure(
                form["flow_id"], {"name": "Meter", "grid": "grid", "turned": False}
            )
            assert form["type"] == "create_entry"
            await hass.async_block_till_done()
            device = the_device(loaded)
            await heard(device, 1000)
            speaking.cancel()
    # The broker is restarted.
    await asyncio.sleep(0.2)
    with broker.running():
        async with broker.client() as client:
            async with asyncio.timeout(PATIENCE):
                while device.shown(Role.GRID).import_wh != 1004:
                    await client.publish(TOPIC, total(1004))
                    await asyncio.sleep(0.05)
            # What is no reading takes nothing away, and nothing is made up.
            for payload in (b"\xff\xfe{", b"", b"nan", b'{"total_act": null}', b"[" * 5000):
                await client.publish(TOPIC, payload)
            await client.publish(TOPIC, total(1005))
            await heard(device, 1005)
            await client.publish(TOPIC, total(0))
            await client.publish(TOPIC, total(1006))
            await heard(device, 1006)
    capture = device.source.capture()
    assert ["prefix/status/emdata:0", total(1006)] in [each[:2] for each in capture["messages"]]
    again = await replay(parse_capture(capture), load("shelly_pro_3em_mqtt"), {})
    assert again.parts[Role.GRID].import_wh == 1006


@pytest.mark.mosquitto
async def test_a_device_that_speaks_rarely_can_be_added_unheard(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker
) -> None:
    door = {"host": "127.0.0.1", "port": broker.port, "tls": False}
    with broker.running():
        form = await start(hass, loaded, SHELLY, door, {"prefix": "a"})
        flows = hass.config_entries.subentries
        form = await flows.async_configure(form["flow_id"], {"prefix": "a", "unheard": True})
        assert form["step_id"] == "roles"
        form = await flows.async_configure(
            form["flow_id"], {"name": "Meter", "grid": "grid", "turned": False}
        )
        assert form["type"] == "create_entry"
        await hass.async_block_till_done()
        again = await start(hass, loaded, SHELLY, door, {"prefix": "a"})
        again = await flows.async_configure(again["flow_id"], {"prefix": "a", "unheard": True})
        assert (again["type"], again["reason"]) == ("abort", "already_configured")


async def test_a_broker_that_is_not_there_is_said(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker
) -> None:
    door = {"host": "127.0.0.1", "port": broker.port, "tls": True}
    form = await start(hass, loaded, SHELLY, door, {"prefix": "shelly"})
    assert form["errors"] == {"base": "no_broker"}
    assert form["description_placeholders"]["error"]


# After a handshake that fails, paho leaves its socket to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.mosquitto
async def test_a_broker_with_a_certificate_of_its_own_is_checked_with_it(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker, tmp_path: Path
) -> None:
    """Or is not checked, where the owner wants that."""
    own = self_signed(tmp_path)
    certificate = own.read_text().partition("-----BEGIN PRIVATE")[0]
    plain = {"host": "127.0.0.1", "port": broker.port, "tls": True}
    prefix = {"prefix": "shelly"}
    other = tmp_path / "other"
    other.mkdir()
    strange = self_signed(other).read_text().partition("-----BEGIN PRIVATE")[0]
    encrypted = replace(broker, certificate=own)
    with encrypted.running():
        await encrypted.listening()
        for door in (plain, {**plain, "certificate": strange}):
            form = await start(hass, loaded, SHELLY, door, prefix)
            assert form["errors"] == {"base": "no_broker"}
            assert "CERTIFICATE_VERIFY_FAILED" in form["description_placeholders"]["error"]
        for known in ({"certificate": certificate}, {"verify_ssl": False}):
            form = await start(hass, loaded, SHELLY, {**plain, **known}, prefix)
            assert form["errors"] == {"base": "nothing_heard"}
        form = await start(hass, loaded, SHELLY, {**plain, "certificate": "what?"})
        assert form["errors"] == {"certificate": "no_certificate"}
    gc.collect()


async def test_a_name_that_no_broker_can_have_is_said(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker
) -> None:
    door = {"host": "", "port": broker.port, "tls": False}
    form = await start(hass, loaded, SHELLY, door, {"prefix": "shelly"})
    assert form["errors"] == {"base": "no_broker"}
    assert form["description_placeholders"]["error"]


@pytest.mark.parametrize("prefix", ["#", "a#b", "+", "a\0", "x" * 65_536])
async def test_a_name_that_no_topic_can_have_is_said(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker, prefix: str
) -> None:
    door = {"host": "127.0.0.1", "port": broker.port, "tls": False}
    form = await start(hass, loaded, SHELLY, door, {"prefix": prefix})
    assert form["errors"] == {"base": "wrong_topic"}
    assert len(form["description_placeholders"]["error"]) <= 80


async def test_home_assistants_own_mqtt_has_to_be_set_up(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    form = await start(hass, loaded, {**SHELLY, "broker": "home_assistant"}, {"prefix": "shelly"})
    assert form["errors"] == {"base": "no_broker"}
    assert form["description_placeholders"]["error"] == "Home Assistant's MQTT is not set up"


@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey")
async def test_a_device_behind_home_assistants_mqtt(
    hass: HomeAssistant,
    mqtt_mock: MqttMockHAClient,
    loaded: MockConfigEntry,
) -> None:
    """Its messages come, and those that were kept count only by their own time."""
    flows = hass.config_entries.subentries
    form = await start(hass, loaded, {**SHELLY, "broker": "home_assistant"}, {"prefix": "shelly"})
    form = await flows.async_configure(form["flow_id"], {"prefix": "shelly", "unheard": True})
    form = await flows.async_configure(
        form["flow_id"], {"name": "Meter", "grid": "grid", "turned": False}
    )
    assert form["type"] == "create_entry"
    await hass.async_block_till_done()
    await asyncio.sleep(0)
    async_fire_mqtt_message(hass, TOPIC, total(900), retain=True)
    async_fire_mqtt_message(hass, TOPIC, total(1000))
    await heard(the_device(loaded), 1000)
    async_fire_mqtt_message(hass, TOPIC, total(1100), retain=True)
    async_fire_mqtt_message(hass, "shelly/status/em:0", json.dumps({"total_act_power": -50}))
    await asyncio.sleep(0)
    shown = the_device(loaded).shown(Role.GRID)
    assert (shown.import_wh, shown.power_w) == (1000, -50)
    assert mqtt_mock.connected


@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey")
async def test_a_device_is_sent_what_keeps_it_talking(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, loaded: MockConfigEntry
) -> None:
    form = await start(
        hass,
        loaded,
        {"profile": "victron_gx_mqtt", "broker": "home_assistant"},
        {"portal": "c0ffee", "grid": "30", "charger": "40"},
    )
    assert form["errors"] == {"base": "nothing_heard"}
    assert "R/c0ffee/keepalive" in str(mqtt_mock.async_publish.mock_calls)


@pytest.mark.mosquitto
async def test_a_device_moves_to_another_broker(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker
) -> None:
    """Its role and its name in statements stay."""
    door = {"host": "127.0.0.1", "port": broker.port, "tls": False}
    with broker.running():
        flows = hass.config_entries.subentries
        form = await start(hass, loaded, SHELLY, door, {"prefix": "a"})
        form = await flows.async_configure(form["flow_id"], {"prefix": "a", "unheard": True})
        await flows.async_configure(
            form["flow_id"], {"name": "Meter", "grid": "grid", "turned": False}
        )
        await hass.async_block_till_done()
        before = the_device(loaded).subentry
        form = await flows.async_init(
            (loaded.entry_id, "mqtt"),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": before.subentry_id},
        )
        assert form["step_id"] == "reconfigure"
        for answer in (
            {"broker": "own"},
            {**door, "host": "localhost"},
            {"prefix": "b"},
            {"prefix": "b", "unheard": True},
            {"name": "Meter", "grid": "grid", "turned": True},
        ):
            form = await flows.async_configure(form["flow_id"], answer)
        assert (form["type"], form["reason"]) == ("abort", "reconfigure_successful")
        await hass.async_block_till_done()
        after = the_device(loaded).subentry
        assert after.data["uses"] == [{**before.data["uses"][0], "turned": True}]
        assert after.data["parameters"] == {"prefix": "b"}


@pytest.mark.mosquitto
async def test_parts_that_speak_rarely_can_be_used_and_stay_used(
    hass: HomeAssistant, loaded: MockConfigEntry, broker: RunningBroker
) -> None:
    """What is heard is suggested; the grid meter does not go when only the charger speaks."""
    door = {"host": "127.0.0.1", "port": broker.port, "tls": False}
    site = {
        "evcc/site/grid/power": "-1500",
        "evcc/site/grid/energy": "12341.678",
        "evcc/loadpoints/1/chargePower": "11000",
    }
    with broker.running():
        async with broker.client() as client:

            async def speak() -> None:
                while True:
                    for topic, payload in tuple(site.items()):
                        await client.publish(topic, payload)
                    await asyncio.sleep(0.1)

            speaking = asyncio.create_task(speak())
            evcc = {"profile": "evcc_mqtt", "broker": "own"}
            form = await start(hass, loaded, evcc, door, {"loadpoint": "1", "battery": "1"})
            suggested = form["data_schema"]({})
            # Export was not heard: whoever knows better can choose it all the same.
            assert suggested["grid"] == "unused"
            assert suggested["charger"] == "charger"
            assert suggested["production"] == suggested["battery"] == "unused"
            chosen = {**suggested, "grid": "grid", "production": "production"}
            form = await continued(hass, form, chosen)
            assert form["type"] == "create_entry"
            await hass.async_block_till_done()
            device = the_device(loaded)
            async with asyncio.timeout(PATIENCE):
                while not all(
                    (
                        device.shown(Role.GRID).power_w,
                        device.shown(Role.GRID).import_wh,
                        device.shown(Role.CHARGER).power_w,
                    )
                ):
                    await asyncio.sleep(0.05)
            capture = device.source.capture()
            for topic in [topic for topic in site if "site" in topic]:
                del site[topic]
            uses = device.subentry.data["uses"]
            assert [use["role"] for use in uses] == ["charger", "grid", "production"]
            flows = hass.config_entries.subentries
            form = await flows.async_init(
                (loaded.entry_id, "mqtt"),
                context={
                    "source": SOURCE_RECONFIGURE,
                    "subentry_id": device.subentry.subentry_id,
                },
            )
            for answer in ({"broker": "own"}, door, {"loadpoint": "1", "battery": "1"}):
                form = await continued(hass, form, answer)
            form = await continued(hass, form, form["data_schema"]({}))
            assert form["reason"] == "reconfigure_successful"
            await hass.async_block_till_done()
            assert the_device(loaded).subentry.data["uses"] == uses
            # Before the broker goes: a client that has just lost it ends less quietly.
            await hass.config_entries.async_unload(loaded.entry_id)
            speaking.cancel()
    again = await replay(parse_capture(capture), load("evcc_mqtt"), {})
    assert again.parts[Role.GRID].power_w == -1500
    assert again.parts[Role.CHARGER].power_w == 11_000


async def test_a_connection_that_is_given_up_while_it_is_made_leaves_nothing(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """A device can be removed at any moment; a broker need not answer."""
    reached, given_up = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        reached.set()
        await given_up.wait()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        door = {"host": "127.0.0.1", "port": port, "tls": False}
        source = mqtt_source.MessageSource(load("shelly_pro_3em_mqtt"), {"prefix": "a"})
        listening = asyncio.create_task(mqtt_source.async_listen(hass, source, door, lambda: None))
        await reached.wait()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        given_up.set()
    await hass.async_block_till_done()
    gc.collect()
    assert not [one for one in caplog.records if one.levelname == "ERROR"]
