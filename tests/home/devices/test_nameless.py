"""What captures leave out of messages: all that names a meter, a device or a home."""

import json

import pytest

from custom_components.depin.devices.capture import parse_capture, replay
from custom_components.depin.devices.payload_names import nameless
from custom_components.depin.devices.points import Points
from custom_components.depin.devices.profiles import load
from custom_components.depin.devices.telegrams import nameless as nameless_telegrams
from custom_components.depin.sources.mqtt_source import MessageSource

from .test_message_device import METERED, TELEGRAM, sealed

EQUIPMENT = "4B384547303034303436333935353037"
GAS = "4730303139333430323231313938343135"
NAMED = sealed(
    TELEGRAM.rpartition("!")[0]
    + f"0-0:96.1.1({EQUIPMENT})\r\n0-0:96.13.0(4D722E)\r\n0-1:96.1.0({GAS})\r\n!"
)
JSON = (
    '{"power": 5.50, "energy":2, "id":0, "at": 1700000000, "device":{"ieeeAddr":"0x00158d0001a2b3"'
    ',"friendlyName":"plug \\"kitchen"}, "Meter_Number":"0a01454d48", "serial":123456789, "mac":""}'
)


def _source(profile: str, topic: str, *payloads: str, **parameters: str) -> MessageSource:
    source = MessageSource(load(profile), parameters)
    for payload in payloads:
        source.hear(topic, payload, retained=False)
    return source


@pytest.mark.parametrize("is_wrapped", [True, False])
@pytest.mark.parametrize(
    "pieces",
    [
        [NAMED],
        [NAMED[:100], NAMED[100:120], NAMED[120:]],
        list(NAMED.partition(EQUIPMENT[5:])),
        [NAMED[:-4], NAMED[-4:]],
        [*NAMED.splitlines(keepends=True)[:6], "".join(NAMED.splitlines(keepends=True)[6:])],
        [NAMED.replace("\r\n", "\n")],
        [NAMED, NAMED],
    ],
)
async def test_a_telegram_without_its_meters_is_as_sound_as_it_was(
    pieces: list[str], *, is_wrapped: bool
) -> None:
    said = [json.dumps({"SerialReceived": piece}) if is_wrapped else piece for piece in pieces]
    source = _source("dsmr_reader_mqtt", "p1", *said, telegram="p1")
    capture = source.capture()
    text = json.dumps(capture)
    assert all(name not in text for name in (EQUIPMENT, EQUIPMENT[5:], GAS, "4D722E"))
    again = await replay(parse_capture(capture), load("dsmr_reader_mqtt"), {})
    assert again.flat == METERED


async def test_a_damaged_telegram_is_not_mended_by_a_capture() -> None:
    damaged = NAMED.replace("5779.835", "9779.835")
    capture = _source("dsmr_reader_mqtt", "p1", damaged, telegram="p1").capture()
    assert EQUIPMENT not in json.dumps(capture)
    again = await replay(parse_capture(capture), load("dsmr_reader_mqtt"), {})
    assert again.flat == Points()


def test_what_is_not_whole_yet_names_nobody_either() -> None:
    first, _, _ = NAMED.partition("!")
    assert EQUIPMENT not in "".join(nameless_telegrams([first[:150], first[150:]]))


def test_json_is_left_as_it_is_but_for_names() -> None:
    shown = nameless(JSON)
    assert shown.startswith('{"power": 5.50, "energy":2, "id":0, "at": 1700000000, "device"')
    hidden = "**REDACTED**"
    assert json.loads(shown) == json.loads(JSON) | {
        "device": {"ieeeAddr": hidden, "friendlyName": hidden},
        "Meter_Number": hidden,
        "serial": hidden,
        "mac": hidden,
    }


def test_a_plug_s_address_is_not_in_its_capture() -> None:
    source = _source("zigbee2mqtt_power", "z/plug", JSON, base="z", name="plug")
    text = json.dumps(source.capture())
    assert "0x00158d0001a2b3" not in text
    assert "kitchen" not in text
