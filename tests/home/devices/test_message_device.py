"""Messages: retained ones, last wills, pieces of telegrams, silence, and garbage."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.depin.devices import payloads
from custom_components.depin.devices.message_device import MessageDevice, instant
from custom_components.depin.devices.parameters import parameters_in
from custom_components.depin.devices.points import Points, Role, Status
from custom_components.depin.devices.profiles import ProfileError, load
from custom_components.depin.devices.telegrams import Telegram

HOUR = 3_600_000
PLUG = {"base": "zigbee2mqtt", "name": "plug"}

_LINES = (
    "/KFM5KAIFA-METER\r\n\r\n1-3:0.2.8(42)\r\n1-0:1.8.1(005779.835*kWh)\r\n"
    "1-0:1.8.2(005583.617*kWh)\r\n1-0:2.8.1(000000.000*kWh)\r\n1-0:2.8.2(000001.500*kWh)\r\n"
    "1-0:1.7.0(00.227*kW)\r\n1-0:2.7.0(00.000*kW)\r\n0-1:24.2.1(191023210000S)(03247.118*m3)\r\n!"
)


def _crc(text: str) -> int:
    """Return the CRC16 of the P1 companion standard: x16 + x15 + x2 + 1, least bit first."""
    register = 0
    for bit in (byte >> at & 1 for byte in text.encode() for at in range(8)):
        register = register >> 1 ^ (0xA001 if (register ^ bit) & 1 else 0)
    return register


def sealed(lines: str) -> str:
    """Return a telegram with its checksum."""
    return f"{lines}{_crc(lines):04X}\r\n"


TELEGRAM = sealed(_LINES)
METERED = Points(power_w=227, import_wh=11_363_452, export_wh=1500)


def plug() -> MessageDevice:
    return MessageDevice(load("zigbee2mqtt_power"), PLUG)


def sent(**values: object) -> str:
    return json.dumps(values)


def test_the_last_value_counts_and_others_stay() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5, energy=1), 1)
    device.hear("zigbee2mqtt/plug", sent(power=7), 2)
    assert device.reading(3).flat == Points(power_w=7, import_wh=1000)
    assert device.heard_at == 2


def test_each_number_keeps_its_own_time() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5, energy=1), 1)
    device.hear("zigbee2mqtt/plug", sent(power=7), 2)
    assert device.times() == {Role.SUB: {"power_w": 2, "import_wh": 1}}


def test_a_sum_is_as_old_as_its_oldest_part() -> None:
    device = MessageDevice(load("dsmr_reader_mqtt"), {})
    device.hear("dsmr/reading/electricity_delivered_1", "1", 1)
    device.hear("dsmr/reading/electricity_delivered_2", "2", 2)
    assert device.times()[Role.GRID] == {"import_wh": 1}


def test_a_telegram_with_totals_alone_counts() -> None:
    """So they are in Sweden, Austria and Luxembourg: one tariff, no registers 1 and 2."""
    lines = (
        "/ELL5\\253833635_A\r\n\r\n0-0:1.0.0(231023210000S)\r\n1-0:1.8.0(00006678.394*kWh)\r\n"
        "1-0:2.8.0(00000012.500*kWh)\r\n1-0:3.8.0(00000021.988*kvarh)\r\n"
        "1-0:1.7.0(0001.727*kW)\r\n1-0:2.7.0(0000.000*kW)\r\n!"
    )
    device = MessageDevice(load("dsmr_reader_mqtt"), {"telegram": "p1/telegram"})
    device.hear("p1/telegram", f"{lines}{_crc(lines):04X}\r\n", 1)
    said = Points(power_w=1727, import_wh=6_678_394, export_wh=12_500)
    assert device.reading(2).parts[Role.GRID] == said
    assert device.times()[Role.GRID] == dict.fromkeys(("power_w", "import_wh", "export_wh"), 1)


def test_it_subscribes_to_what_it_reads() -> None:
    assert plug().topics == {"zigbee2mqtt/plug", "zigbee2mqtt/plug/availability"}


def test_a_retained_message_of_unknown_age_says_nothing() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5), 1, retained=True)
    assert device.reading(1).flat == Points()
    assert device.heard_at is None


@pytest.mark.parametrize("seen", ["2026-01-01T00:00:00+00:00", 1_767_225_600_000, 1_767_225_600])
def test_a_retained_message_counts_by_its_own_time(seen: object) -> None:
    at = 1_767_225_600_000
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5, last_seen=seen), at + 60_000, retained=True)
    assert device.heard_at == at
    assert device.reading(at + 60_000).flat.power_w == 5
    assert device.reading(at + HOUR).flat == Points(status=Status.UNAVAILABLE)


def test_a_retained_message_is_no_news_of_what_was_heard_later() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=6), 5_000)
    device.hear("zigbee2mqtt/plug", sent(power=5, energy=1, last_seen=4), 6_000, retained=True)
    assert device.reading(6_000).flat == Points(power_w=6, import_wh=1000)


def test_what_is_heard_now_counts_though_the_clock_was_put_back() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=6), 10**9)
    device.hear("zigbee2mqtt/plug", sent(power=5), 1000)
    assert device.reading(2000).flat == Points(power_w=5)
    assert device.reading(HOUR).flat == Points(status=Status.UNAVAILABLE)


def test_a_retained_message_from_the_future_says_nothing() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5, last_seen=2), 1000, retained=True)
    assert device.reading(1000).flat == Points()


def test_a_silent_device_is_unavailable() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5), 1)
    reading = device.reading(HOUR)
    assert reading.flat == Points(status=Status.UNAVAILABLE)
    assert reading.parts == {Role.SUB: Points()}
    assert "silent" in reading.said[0]


@pytest.mark.parametrize(
    ("gone", "back"),
    [("offline", "online"), (sent(state="offline"), sent(state="online")), ('"Offline"', "ONLINE")],
)
def test_a_last_will_ends_all_values(gone: str, back: str) -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5), 1)
    device.hear("zigbee2mqtt/plug/availability", gone, 2, retained=True)
    assert device.reading(2).flat == Points(status=Status.UNAVAILABLE)
    device.hear("zigbee2mqtt/plug/availability", back, 3)
    assert device.reading(3).flat == Points()
    device.hear("zigbee2mqtt/plug", sent(power=6), 4)
    assert device.reading(4).flat == Points(power_w=6)


@pytest.mark.parametrize("payload", ["", "null", "nan", "unknown", "unavailable", "text", '""'])
def test_what_is_no_number_ends_a_value(payload: str) -> None:
    device = MessageDevice(load("evcc_mqtt"), {})
    device.hear("evcc/site/pvPower", "500", 1)
    device.hear("evcc/site/pvPower", payload, 2)
    assert device.reading(2).parts[Role.PRODUCTION].power_w is None


def test_an_empty_payload_ends_all_values_of_its_topic() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5, energy=1), 1)
    device.hear("zigbee2mqtt/plug", "", 2)
    assert device.reading(2).flat == Points()


@pytest.mark.parametrize("garbage", ["{", "[]", "7", '{"power": [1, "x"]}', "{" * 5000])
def test_garbage_makes_no_value(garbage: str) -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", garbage, 1)
    assert device.reading(1).flat == Points()


def test_a_retained_message_of_a_device_without_a_clock_says_nothing() -> None:
    device = MessageDevice(load("evcc_mqtt"), {})
    device.hear("evcc/site/pvPower", "500", 1, retained=True)
    assert device.heard_at is None


def test_a_payload_without_bounds_is_not_read() -> None:
    device = plug()
    device.hear("zigbee2mqtt/plug", sent(power=5, rest="x" * 200_000), 1)
    assert device.reading(1).flat == Points()


@pytest.mark.parametrize(
    ("plugged", "charging", "status"),
    [
        ("true", "false", Status.PLUGGED),
        ("false", "false", Status.UNPLUGGED),
        ("true", "true", Status.CHARGING),
        ("", "true", Status.CHARGING),
        ("", "false", None),
        ("true", "", Status.PLUGGED),
        ("perhaps", "perhaps", None),
    ],
)
def test_two_flags_make_a_status(plugged: str, charging: str, status: Status | None) -> None:
    device = MessageDevice(load("evcc_mqtt"), {"loadpoint": "1"})
    device.hear("evcc/loadpoints/1/connected", plugged, 1)
    device.hear("evcc/loadpoints/1/charging", charging, 1)
    assert device.reading(1).parts[Role.CHARGER].status is status


def test_half_a_character_is_no_text() -> None:
    device = MessageDevice(load("goe_v3_mqtt"), {"base": "go-e", "serial": "1"})
    device.hear("go-e/1/sse", '"\ud800"', 1)
    device.hear("go-e/1/car", "1", 1)
    assert (device.reading(1).flat.serial, device.reading(1).flat.status) == (
        None,
        Status.UNPLUGGED,
    )


def test_a_topic_of_others_is_not_heard() -> None:
    device = plug()
    device.hear("zigbee2mqtt/other", sent(power=5), 1)
    assert device.reading(1).flat == Points()


def test_only_profiles_with_messages_are_heard() -> None:
    with pytest.raises(ProfileError, match="by modbus"):
        MessageDevice(load("solis_hybrid"), {})


@pytest.mark.parametrize(
    "pieces",
    [
        [TELEGRAM],
        [TELEGRAM[:100], TELEGRAM[100:200], TELEGRAM[200:]],
        [TELEGRAM[:-4], TELEGRAM[-4:]],
        TELEGRAM.splitlines(keepends=True),
        TELEGRAM.replace("\r\n", "\n").splitlines(keepends=True),
        TELEGRAM.replace("\r\n", "\r\n\0").replace("\n\0", "").split("\r"),
        TELEGRAM.split("\n"),
        ["1-0:1.7.0(99.999*kW)\r\n", TELEGRAM],
        [TELEGRAM[:100], TELEGRAM],
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_telegram_is_put_together(pieces: list[str], wrapped: bool) -> None:  # noqa: FBT001
    heard = [
        ("p1/RESULT", json.dumps({"SerialReceived": piece}) if wrapped else piece)
        for piece in pieces
    ]
    profile = load("dsmr_reader_mqtt")
    device = MessageDevice(profile, parameters_in(profile, heard, {}))
    for topic, payload in heard:
        device.hear(topic, payload, 1)
    assert device.reading(1).flat == METERED


@pytest.mark.parametrize(
    "pieces",
    [
        [TELEGRAM.replace("5779.835", "9779.835")],
        [TELEGRAM[:100], TELEGRAM[150:]],
        [TELEGRAM[100:]],
        [TELEGRAM[:-8]],
        [TELEGRAM[:100], *["x" * 100] * 200, TELEGRAM[100:]],
        ["/", *["x"] * 600, "!0000"],
    ],
)
def test_a_telegram_that_is_not_sound_says_nothing(pieces: list[str]) -> None:
    device = MessageDevice(load("dsmr_reader_mqtt"), {"telegram": "p1"})
    for piece in pieces:
        device.hear("p1", piece, 1)
    assert device.reading(1).flat == Points()


def test_a_telegram_after_a_broken_one_is_read() -> None:
    telegram = Telegram()
    assert telegram.take(TELEGRAM[:50]) is None
    assert telegram.take("!0000") is None
    assert telegram.take(TELEGRAM) is not None


def test_parameters_are_those_under_which_most_is_said() -> None:
    heard = [
        ("other/plug", sent(power=1)),
        ("z/a", sent(power=1, energy=1)),
        ("z/a", sent(power=2, energy=2)),
        ("z/bridge/info", sent(version=1)),
    ]
    assert parameters_in(load("zigbee2mqtt_power"), heard, {}) == {"base": "z", "name": "a"}
    chosen = parameters_in(load("zigbee2mqtt_power"), heard, {"base": "other"})
    assert chosen == {"base": "other", "name": "plug"}


@pytest.mark.parametrize("written", ["2026-01-01T00:00:00", "yesterday", None, True, [], {}])
def test_a_time_without_a_zone_is_none(written: object) -> None:
    assert instant(written) is None


@given(st.text(max_size=200))
def test_no_payload_raises(payload: str) -> None:
    payloads.scalar(payload)
    payloads.on_path(payloads.document(payload), ("a", 0, "b"))
    Telegram().take("/" + payload + "!ABCD")
